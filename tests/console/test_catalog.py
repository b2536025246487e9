import gzip
import os
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from clients.errors import Fatal
from clients.packs import shipped_files
from console.catalog import sampling
from console.catalog.as_json import catalog_json
from console.catalog.estimating import Estimate, estimate, records_of
from console.catalog.fields import ANSWERS, ASKS, TEXT, Sides, is_id_name, one_sided
from console.catalog.listing import KEPT_CANDIDATES, Folder, Listed, folder_of, rolled_up
from console.catalog.look import FolderSeen, Seen, look_at, policy_of
from console.catalog.sampling import Sampled, sample
from console.catalog.view import rounded, show, shown
from console.local.stack import Stack
from producers.limits import limits_of
from streams.rules.fields import BadPack
from streams.settings import Settings
from streams.steps.convert import convert
from tests.console.catalog_drops import (
    CANARY,
    answers,
    chats,
    jsonl,
    put,
    questions,
    tar_gz,
    unfit,
    untidy,
    zipped,
)
from tests.promises.pipeline import pipeline

SETTINGS = Settings()  # type: ignore[call-arg]
LIMITS = limits_of(SETTINGS)


def text_of(seen: Seen) -> str:
    console = Console(width=120, record=True, file=StringIO())
    show(seen, console)
    return console.export_text()


async def look(folder: Path, samples: int = 5) -> Seen:
    return await look_at(SETTINGS, str(folder), samples)


def folder(seen: Seen, name: str) -> FolderSeen:
    return next(one for one in seen.folders if one.folder.name == name)


def sampled(path: Path) -> Sampled:
    into = Sampled(path.name, path.stat().st_size)
    with path.open("rb") as stored:
        sample(stored, into, LIMITS, 64)
        into.estimate = records_of(into, stored)
    return into


async def test_an_untidy_folder_is_told_by_folder_container_shape_and_true_counts(tmp_path: Path) -> None:
    put(tmp_path, untidy())
    seen = await look(tmp_path)
    assert {one.folder.name: one.estimate.records for one in seen.folders} == {
        "": 5,
        "chats/": 70,
        "odd/": 16,
        "qa/": 60,
    }
    assert seen.estimate.is_exact
    assert seen.objects == len(untidy())
    text = text_of(seen)
    for word in ("jsonl in gzip", "chat", "bad_json", "unknown_container", "refused: empty", "151"):
        assert word in text
    assert "~" not in text


async def test_no_text_of_a_record_is_shown_in_tables_or_json(tmp_path: Path) -> None:
    put(tmp_path, untidy())
    seen = await look(tmp_path)
    assert CANARY not in text_of(seen)
    assert CANARY not in str(catalog_json(seen))
    assert CANARY not in repr(seen)


async def test_records_that_fit_no_shape_are_grouped_by_field_names_with_a_place_as_example(
    tmp_path: Path,
) -> None:
    put(
        tmp_path,
        {
            "x/one.jsonl": jsonl(chats(4)) + jsonl(unfit(6)),
            "y/two.jsonl": jsonl(unfit(3)),
            "y/three.jsonl": b'{"alpha": 1, "beta": 2}\n',
        },
    )
    seen = await look(tmp_path)
    first, second = seen.unfit
    assert first.fields[1:] == ("loudness", "voice")
    assert first.fields[0].startswith("#")
    assert (first.records, first.objects, first.example) == (9, 2, f"{tmp_path}/x/one.jsonl record 4")
    assert (second.fields, second.records) == (("alpha", "beta"), 1)
    text = text_of(seen)
    assert "streams/shapes/order.py" in text
    assert "loudness" in text


async def test_a_file_with_one_side_names_the_file_that_probably_holds_the_other(tmp_path: Path) -> None:
    put(tmp_path, {**untidy(), "qa/more.jsonl": jsonl(chats(9))})
    seen = await look(tmp_path)
    found = {one.key: (one.side, one.other, one.joined_by) for one in seen.one_sided}
    assert found == {
        "qa/questions.jsonl": (ASKS, "qa/answers.jsonl", "question_id"),
        "qa/answers.jsonl": (ANSWERS, "qa/questions.jsonl", "question_id"),
    }
    text = " ".join(text_of(seen).split())
    assert "probably the other side of qa/answers.jsonl, joined by question_id" in text
    assert "Forebay does not join files" in text


def sides(rows: list[dict[str, Any]]) -> Sides:
    found = Sides()
    for line in jsonl(rows).splitlines():
        found.add(convert(line, 64), line)
    return found


def posts(numbers: range) -> list[dict[str, Any]]:
    return [{"id": n, "text": f"{CANARY} the garden in week {n}"} for n in numbers]


def test_a_neighbour_with_the_same_ids_is_preferred_to_one_with_the_same_name_alone() -> None:
    asking = sides(questions(20))
    far = [{"question_id": n + 900, "answer": f"{CANARY} {n}"} for n in range(20)]
    found = one_sided(
        [("a/q.jsonl", asking), ("a/far.jsonl", sides(far)), ("b/near.jsonl", sides(answers(40)))]
    )
    assert next(one for one in found if one.key == "a/q.jsonl").other == "b/near.jsonl"
    lone = one_sided([("a/q.jsonl", asking), ("a/far.jsonl", sides(far))])
    assert lone[0].other == "a/far.jsonl"


def test_a_side_without_an_id_in_common_is_told_without_a_partner() -> None:
    found = one_sided(
        [
            ("q.jsonl", sides(questions(9))),
            ("a.jsonl", sides([{"answer": f"{CANARY} {n}"} for n in range(9)])),
        ]
    )
    assert [(one.key, one.other) for one in found] == [("q.jsonl", None), ("a.jsonl", None)]


def test_bare_texts_are_two_sides_only_with_the_same_ids_and_not_as_parts_of_one_series() -> None:
    first, again = sides(posts(range(20))), sides(posts(range(20)))
    assert first.side == TEXT
    assert one_sided([("part-1.jsonl", first), ("part-2.jsonl", again)]) == []
    assert [one.other for one in one_sided([("asked.jsonl", first), ("told.jsonl", again)])] == [
        "told.jsonl",
        "asked.jsonl",
    ]
    assert one_sided([("asked.jsonl", first), ("told.jsonl", sides(posts(range(50, 70))))]) == []


def test_whole_dialogues_and_too_few_records_have_no_side() -> None:
    assert sides(chats(9)).side == ""
    assert sides(questions(2)).side == ""
    assert sides(questions(4) + chats(5)).side == ""


@pytest.mark.parametrize("name", ["id", "ID", "question_id", "questionId", "questionID", "thread.id", "uuid"])
def test_names_of_ids_are_known(name: str) -> None:
    assert is_id_name(name)


@pytest.mark.parametrize("name", ["said", "paid", "text", f"{CANARY} id", "", "identity", "idea"])
def test_other_names_are_no_ids(name: str) -> None:
    assert not is_id_name(name)


@pytest.mark.parametrize("kind", ["jsonl", "gzip", "csv", "json_array", "zip", "tar", "parquet"])
def test_a_large_object_is_read_in_part_and_estimated_within_a_tenth(tmp_path: Path, kind: str) -> None:
    rows = chats(9000)
    for number, row in enumerate(rows):
        # text that does not press to nothing
        row["messages"][0]["content"] += os.urandom(90).hex() * (1 + number % 2)
    lines = jsonl(rows)
    path = tmp_path / "object"
    if kind == "parquet":
        table = pa.table(
            {
                "prompt": [row["messages"][0]["content"] for row in rows],
                "response": [row["messages"][1]["content"] for row in rows],
            }
        )
        pq.write_table(table, path, row_group_size=1000)
    else:
        split = lines.splitlines(keepends=True)
        parts = {f"{n}.jsonl": b"".join(split[n * 1000 : n * 1000 + 1000]) for n in range(9)}
        bodies = {
            "jsonl": lambda: lines,
            "gzip": lambda: gzip.compress(lines, 1),
            "csv": lambda: (
                b"prompt,response\n"
                + b"".join(
                    f'"{row["messages"][0]["content"]}","{row["messages"][1]["content"]}"\n'.encode()
                    for row in rows
                )
            ),
            "json_array": lambda: b"[" + b",\n".join(split) + b"]",
            "zip": lambda: zipped(parts),
            "tar": lambda: tar_gz(parts),
        }
        path.write_bytes(bodies[kind]())
    found = sampled(path)
    assert found.state == "reading"
    assert sampling.SAMPLE_RECORDS <= found.records < 9000 / 2
    assert found.estimate == pytest.approx(9000, rel=0.1)
    assert found.shapes.total() <= sampling.SAMPLE_RECORDS + 50


def test_no_more_than_a_mebibyte_is_read_of_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(jsonl({"text": f"{CANARY} " + "x " * 40_000} for _ in range(60)))
    found = sampled(path)
    assert found.state == "reading"
    assert found.fed_bytes == sampling.SAMPLE_BYTES
    assert found.estimate == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize("kind", ["noise", "cut gzip", "cut zip", "bomb"])
def test_bytes_that_are_no_drop_give_a_reason_and_never_a_crash(tmp_path: Path, kind: str) -> None:
    bodies = {
        "noise": os.urandom(4000),
        "cut gzip": gzip.compress(jsonl(chats(200)))[:-40],
        "cut zip": zipped({"a.jsonl": jsonl(chats(200))})[:-60],
        "bomb": gzip.compress(b"\n" * (80 << 20), 9),
    }
    path = tmp_path / "object"
    path.write_bytes(bodies[kind])
    found = sampled(path)
    assert found.state in ("refused", "damaged")
    assert found.reason
    assert found.reason != "reader_error"


def test_a_fault_of_the_file_is_no_damage_of_the_object() -> None:
    class Failing:
        def read(self, size: int) -> bytes:
            raise PermissionError(13, "")

        def seek(self, *_: int) -> int:
            return 0

        def tell(self) -> int:
            return 0

    with pytest.raises(PermissionError):
        sample(cast(BinaryIO, Failing()), Sampled("k", 10), LIMITS, 64)


async def test_a_file_that_may_not_be_read_is_named_as_denied_and_says_nothing_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, {"a.jsonl": jsonl(chats(8)), "b.jsonl": jsonl(chats(8))})
    real = Path.open

    def refuse(self: Path, *arguments: Any, **more: Any) -> Any:
        if self.name == "b.jsonl":
            raise PermissionError(13, "no")
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    seen = await look(tmp_path)
    assert "denied PermissionError" in text_of(seen)
    assert not seen.estimate.is_exact
    assert seen.estimate.records == pytest.approx(16, abs=1)


def test_samples_are_spread_over_sizes_and_are_the_same_each_time() -> None:
    def filled() -> Folder:
        made = Folder("x/")
        for number in range(5000):
            made.add(Listed(f"x/{number}", number + 1))
        return made

    first, again = filled().chosen(5), filled().chosen(5)
    assert first == again
    sizes = [item.size_bytes for item in first]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1, 5000)
    assert 1500 < sizes[2] < 3500
    assert len(filled().candidates) <= 2 * KEPT_CANDIDATES


def test_empty_and_archived_objects_are_counted_and_never_chosen() -> None:
    made = Folder("")
    made.add(Listed("empty", 0))
    made.add(Listed("cold", 70), is_archived=True)
    made.add(Listed("warm", 7))
    assert (made.objects, made.empty, made.archived, made.size_bytes) == (3, 1, 1, 77)
    assert [item.key for item in made.chosen(5)] == ["warm"]


def test_deep_folders_are_counted_to_the_one_around_them_when_they_are_many() -> None:
    folders = []
    for day in range(300):
        made = Folder(folder_of(f"logs/{day // 30}/{day}/x.jsonl"))
        made.add(Listed(f"{made.name}x.jsonl", 5))
        folders.append(made)
    found = rolled_up(folders)
    assert [one.name for one in found] == sorted(f"logs/{month}/" for month in range(10))
    assert sum(one.objects for one in found) == 300
    assert rolled_up(found) == found


def test_an_estimate_takes_the_ledgers_numbers_and_the_samples_for_the_rest() -> None:
    made = Folder("")
    for key, size, known in (("a", 100, 11), ("b", 100, None), ("c", 200, None)):
        made.add(Listed(key, size, known))
    seen = Sampled("b", 100, records=10, value_bytes=400, estimate=10.0, state="complete")
    assert estimate(made, [seen]) == Estimate(11 + 10 + 20, False, 41 * 40)
    denied = Sampled("c", 200, state="found", reason="denied")
    assert estimate(made, [seen, denied]).records == 41
    rest = Sampled("c", 200, records=3, value_bytes=3, estimate=3.0, state="complete")
    assert estimate(made, [seen, rest]).is_exact
    assert estimate(made, [seen, rest]).records == 24


def test_an_estimate_has_three_figures_and_no_more() -> None:
    assert [rounded(n) for n in (0, 7, 999, 1234, 47_512_345)] == [0, 7, 999, 1230, 47_500_000]


def test_a_name_cannot_move_the_cursor_or_break_the_json(tmp_path: Path) -> None:
    assert shown("a\x1b[31m\nb") == "a\ufffd[31m\ufffdb"


async def test_a_file_whose_name_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    name = os.fsdecode(b"x\xff[bold].jsonl")
    put(tmp_path, {name: b"{broken}\n{broken}\n\xff\xfe\x00"})
    seen = await look(tmp_path)
    assert seen.objects == 1
    text_of(seen).encode()
    assert catalog_json(seen)["folders"][0]["samples"][0]["key"] == "x?[bold].jsonl"


async def test_a_place_that_is_not_there_or_holds_nothing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="no such file or folder"):
        await look(tmp_path / "nowhere")
    with pytest.raises(Fatal, match="there is no object"):
        await look(tmp_path)


async def test_a_folder_that_looks_like_markup_is_shown_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, {"[red]place/[/bold]/a.jsonl": jsonl(chats(4))})
    text = text_of(await look(tmp_path / "[red]place"))
    assert "[red]place" in text
    assert "[/bold]/" in text


async def test_one_file_can_be_looked_at(tmp_path: Path) -> None:
    put(tmp_path, untidy())
    seen = await look(tmp_path / "chats" / "a.json")
    assert (seen.objects, seen.estimate.records) == (1, 40)


def test_the_policy_is_read_without_the_rules_and_a_pack_without_one_is_refused() -> None:
    assert policy_of(shipped_files()).json_depth == 64
    with pytest.raises(BadPack):
        policy_of({"a.yaml": b"kind: guards\n"})


async def test_a_bucket_is_looked_at_by_few_requests_and_its_own_output_passed_over(
    stack: Stack, tmp_path: Path
) -> None:
    with pipeline(stack, tmp_path) as flow:
        flow.put({f"drops/{key}": body for key, body in untidy().items()})
        flow.put(
            {"out/kept/x.jsonl": jsonl(chats(3)), "drops/big.zip": zipped({"a.jsonl": jsonl(chats(900))})}
        )
        bucket = flow.bucket
        seen = await look_at(flow.settings, f"s3://{bucket}/", 5)
        assert {one.folder.name: one.estimate.records for one in seen.folders} == {
            "drops/": pytest.approx(905, rel=0.02),
            "drops/chats/": 70,
            "drops/odd/": 16,
            "drops/qa/": 60,
        }
        assert seen.asked.own_output == 1
        assert seen.asked.list_calls == 1
        text = text_of(seen)
        assert f"s3://{bucket}/drops/odd/unfit.jsonl record 0" in " ".join(text.split())
        assert CANARY not in text
        with pytest.raises(Fatal, match="NoSuchBucket"):
            await look_at(flow.settings, f"s3://{uuid4().hex}/", 5)
        with pytest.raises(Fatal, match="there is no object"):
            await look_at(flow.settings, f"s3://{bucket}/nothing/", 5)
