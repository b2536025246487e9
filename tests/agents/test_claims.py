"""How claims are written, read and found."""

import math
from dataclasses import replace

import orjson
import pytest

from agents.claims import Claim, ClaimedFile, is_complete, last_claim, read_claim
from clients.errors import Fatal
from tests.agents.buckets import MemoryBucket
from tests.agents.sink_world import LAYOUT, a_run

RUN = a_run(4)
FILES = (
    ClaimedFile("kept/split=train/p002-00000005.jsonl.gz", "kept", "train", 3, 120, "ab" * 32),
    ClaimedFile("outcomes/p002-00000005.jsonl.gz", "outcomes", "", 3, 80, "cd" * 32),
)
CLAIM = Claim(2, 5, 40, 50, 100, 110, 110, FILES, {"kept": 3, "outcomes": 3}, "w1", "r1", "cluster-a", 0)


class CountingBucket(MemoryBucket):
    """Counts the questions it is asked."""

    questions = 0

    async def exists(self, key: str) -> bool:
        self.questions += 1
        return await super().exists(key)


async def filled(claims: int) -> CountingBucket:
    bucket = CountingBucket()
    for number in range(1, claims + 1):
        await bucket.put(LAYOUT.claim("r1", 2, number), replace(CLAIM, number=number).to_json())
    return bucket


def test_a_claim_reads_back_as_it_was_written() -> None:
    assert read_claim(CLAIM.to_json(), RUN, 2, 5) == CLAIM


def test_two_claims_agree_when_only_the_writer_and_compressed_sizes_differ() -> None:
    resized = tuple(replace(file, bytes=file.bytes + 1) for file in FILES)
    assert CLAIM.agrees(replace(CLAIM, writer="w2", files=resized))


@pytest.mark.parametrize(
    "other",
    [
        {"next": 51},
        {"raw_next": 111},
        {"files": FILES[:1]},
        {"files": (replace(FILES[0], sha256="00" * 32), FILES[1])},
        {"files": (replace(FILES[0], records=4), FILES[1])},
        {"counts": {"kept": 3}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_two_claims_of_other_content_do_not_agree(other: dict[str, object]) -> None:
    assert not CLAIM.agrees(replace(CLAIM, **other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"run": "r2"}, "run r2"),
        ({"cluster_id": "cluster-b"}, "cluster cluster-b"),
        ({"epoch": 1}, "epoch 1"),
        ({"number": 6}, "claim 6"),
        ({"partition": 3}, "partition 3"),
        ({"next": 40}, "range"),
        ({"raw_next": 99}, "range"),
        ({"surprise": 1}, "cannot be read"),
    ],
    ids=lambda part: str(part),
)
def test_a_claim_of_another_place_or_log_is_fatal_and_named(change: dict[str, object], named: str) -> None:
    body = orjson.dumps(orjson.loads(CLAIM.to_json()) | change)
    with pytest.raises(Fatal, match=named):
        read_claim(body, RUN, 2, 5)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"files": 3}', b'{"files": [1]}'])
def test_a_document_that_is_no_claim_is_fatal(body: bytes) -> None:
    with pytest.raises(Fatal, match="claim 5 of partition 2 cannot be read"):
        read_claim(body, RUN, 2, 5)


@pytest.mark.parametrize("hint", [0, 1, 7, 1000])
@pytest.mark.parametrize("claims", [0, 1, 2, 3, 4, 7, 8, 9, 100, 1023])
async def test_the_last_claim_is_found_with_few_questions_whatever_the_hint(claims: int, hint: int) -> None:
    bucket = await filled(claims)
    found = await last_claim(bucket, LAYOUT, RUN, 2, hint)
    assert (found.number if found else 0) == claims
    assert bucket.questions <= 2 * math.log2(claims + 2) + 3


async def test_a_good_hint_saves_the_search() -> None:
    bucket = await filled(5000)
    found = await last_claim(bucket, LAYOUT, RUN, 2, hint=5000)
    assert found is not None
    assert found.number == 5000
    assert bucket.questions == 2


async def test_a_claim_is_complete_when_all_its_files_are_there() -> None:
    bucket = MemoryBucket()
    for file in FILES:
        assert not await is_complete(bucket, LAYOUT, CLAIM)
        await bucket.put(LAYOUT.run("r1") + file.key, b"")
    assert await is_complete(bucket, LAYOUT, CLAIM)
    assert await is_complete(bucket, LAYOUT, replace(CLAIM, files=()))
