"""Claims: who may write which range of a partition, and with which files. The write-ahead log of the sink.

1. Claims of a partition are numbered 1, 2, 3 … and each begins where the one before it ends.
2. A claim is written only where none is (`If-None-Match: *`) and never changed.
3. Its files are written after it, by whoever gets there: their names and content follow from its range.
4. Claim n + 1 is written only by one who has seen all files of claim n: so only the last claim of a
   partition can be incomplete, and whoever owns the partition next finishes it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import orjson

from agents.files import BuiltFile
from agents.patient_bucket import Bucket
from clients.errors import Fatal
from streams.names import Layout
from streams.runs import Run


@dataclass(frozen=True, slots=True)
class ClaimedFile:
    """A file as its claim names it: `key` is relative to the run's folder, `sha256` is of its content.

    `bytes` is the compressed size at the claim's writer: see `agents/files.py`.
    """

    key: str
    dataset: str
    split: str
    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A committed range of a partition: offsets of `decided` and of `raw`, each from first to below next.

    `raw_seen` is above `raw_next` while a chunk is missing: the end of what came and was skipped.
    """

    partition: int
    number: int
    first: int
    next: int
    raw_first: int
    raw_next: int
    raw_seen: int
    files: tuple[ClaimedFile, ...]
    counts: dict[str, int]
    writer: str
    run: str
    cluster_id: str
    epoch: int

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    def same_range(self, other: "Claim") -> bool:
        """True when both end at the same message."""
        return (self.first, self.next) == (other.first, other.next)

    def agrees(self, other: "Claim") -> bool:
        """True when both say the same of the same range: all but the writer and compressed sizes."""
        return self._promise() == other._promise()

    def _promise(self) -> tuple[object, ...]:
        files = tuple((f.key, f.dataset, f.split, f.records, f.sha256) for f in self.files)
        place = (self.partition, self.number, self.first, self.next, self.raw_first, self.raw_next)
        return (*place, files, self.counts, self.run, self.cluster_id, self.epoch)


def read_claim(data: bytes, run: Run, partition: int, number: int) -> Claim:
    """The claim in a document. Raises Fatal where it is none, stands at another place or of another log."""
    where = f"claim {number} of partition {partition}"
    try:
        fields = orjson.loads(data)
        files = tuple(ClaimedFile(**file) for file in fields.pop("files"))
        claim = Claim(files=files, **fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Fatal(
            f"{where} cannot be read ({type(error).__name__}): it was not written by Forebay"
        ) from None
    if (claim.partition, claim.number) != (partition, number):
        raise Fatal(f"{where} says that it is claim {claim.number} of partition {claim.partition}")
    if not (claim.first < claim.next and claim.raw_first <= claim.raw_next <= claim.raw_seen):
        raise Fatal(f"{where} has a range that no claim can have")
    found = (claim.run, claim.cluster_id, claim.epoch)
    if found != (run.run, run.cluster_id, run.epoch):
        raise Fatal(
            f"{where} belongs to run {claim.run}, Kafka cluster {claim.cluster_id}, epoch {claim.epoch}; "
            f"this is run {run.run}, cluster {run.cluster_id}, epoch {run.epoch}: its offsets mean nothing here"
        )
    return claim


def claimed_files(
    layout: Layout, run: Run, partition: int, number: int, files: Iterable[BuiltFile]
) -> tuple[ClaimedFile, ...]:
    """How a claim names these files."""
    folder = layout.run(run.run)
    return tuple(
        ClaimedFile(
            layout.file(run.run, file.dataset, file.split, partition, number).removeprefix(folder),
            file.dataset,
            file.split,
            file.records,
            file.size_bytes,
            file.sha256,
        )
        for file in files
    )


def counts(files: Iterable[ClaimedFile]) -> dict[str, int]:
    """Records by dataset, sorted by its name."""
    found: Counter[str] = Counter()
    for file in files:
        found[file.dataset] += file.records
    return dict(sorted(found.items()))


async def last_claim(bucket: Bucket, layout: Layout, run: Run, partition: int, hint: int = 0) -> Claim | None:
    """The partition's last claim, or None; found with about 2 log2(n) requests, without listing.

    `hint` is a number that was there before (0: none). One who claims meanwhile makes the answer old, not
    wrong: the next claim then meets that one.
    """

    async def is_there(number: int) -> bool:
        return await bucket.exists(layout.claim(run.run, partition, number))

    there = hint if hint and await is_there(hint) else 0
    step = 1
    while await is_there(there + step):
        there += step
        step *= 2
    missing = there + step
    while missing - there > 1:
        middle = (there + missing) // 2
        if await is_there(middle):
            there = middle
        else:
            missing = middle
    return await get_claim(bucket, layout, run, partition, there) if there else None


async def get_claim(bucket: Bucket, layout: Layout, run: Run, partition: int, number: int) -> Claim:
    """A claim that is known to be there. Raises Fatal when it is gone: someone deletes below the output."""
    data = await bucket.get(layout.claim(run.run, partition, number))
    if data is None:
        raise Fatal(f"claim {number} of partition {partition} has vanished: claims are never deleted")
    return read_claim(data, run, partition, number)


async def is_complete(bucket: Bucket, layout: Layout, claim: Claim) -> bool:
    """True when every file that the claim names is there."""
    folder = layout.run(claim.run)
    return all(await asyncio.gather(*(bucket.exists(folder + file.key) for file in claim.files)))
