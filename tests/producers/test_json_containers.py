"""JSON in every form that files have it in: arrays, objects, wrappers, values one after another."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producers.containers.container import Container, Sample
from producers.containers.json_outline import may_be_json, outline
from producers.containers.order import container_of
from producers.cutter import Cutter
from producers.limits import Limits
from producers.states import ObjectReason, State
from streams.outcomes import Reason
from tests.producers.cutting import SMALL, USUAL, cut, ending, ranges, records

CASES = Path(__file__).parent.parent / "cases" / "containers" / "json.jsonl"
LIMITS = Limits(chunk_bytes=1024, chunk_records=4, record_bytes=200, csv_field_bytes=140)
ROOMY = Limits(chunk_bytes=500, chunk_records=4, record_bytes=5000, csv_field_bytes=5000)


def _cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text().splitlines()]


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["name"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_trap(case: dict[str, Any], size: int) -> None:
    data = case["data"].encode("latin-1")
    pieces = cut(data, [size] * (len(data) // size), LIMITS)
    end = ending(pieces)
    assert (end.state, end.reason, end.at_byte) == (case["state"], case["reason"], case["at_byte"])
    expected = [one["reason"] if isinstance(one, dict) else one.encode("latin-1") for one in case["records"]]
    assert [line for _, line in records(pieces)] == expected
    assert ranges(pieces) == [tuple(one["bytes"]) for one in case["records"] if isinstance(one, dict)]
    assert sum(piece.repaired for piece in pieces) == case.get("repaired", 0)
    if case["container"]:
        assert {piece.after.container for piece in pieces if piece.after} == {case["container"]}


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["name"])
def test_trap_read_on_after_every_record(case: dict[str, Any]) -> None:
    data = case["data"].encode("latin-1")
    limits = Limits(chunk_bytes=1, chunk_records=1, record_bytes=200, csv_field_bytes=140)
    pieces = cut(data, [3] * len(data), limits)
    for done, piece in enumerate(pieces[:-1], start=1):
        rest = cut(data, [2] * len(data), limits, position=piece.after)
        assert records(pieces[:done]) + records(rest) == records(pieces)
        assert ending(rest) == ending(pieces)


ROW = b'{"transcript_id":1,"speaker":"client","text":"so"}'
NODE = b'{"message_id":"a","parent_id":null,"role":"prompter","text":"so"}'


@pytest.mark.parametrize("data", [b"[%s,%s]", b'{"data":[%s,%s]}', b'{"conversations": [\n%s,\n%s\n]}'])
@pytest.mark.parametrize("row", [ROW, NODE], ids=["utterances", "tree"])
def test_rows_that_say_their_dialogue_are_rows_and_no_turns_of_one_record(data: bytes, row: bytes) -> None:
    sample = data % (row, row)
    found = container_of(Sample(sample, is_whole=True))
    assert found is not None
    container, how = found
    assert isinstance(container, Container)
    assert container.open(LIMITS, how.skip, how.carry).feed(sample[how.skip :]).lines == [row, row]


sizes = st.lists(st.integers(1, 90), max_size=40)
word = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["]}", '"', "\\", '\\"', "{[", "\n", "data", "[1, 2]", "é海"]
)
value = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | word,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=3),
    max_leaves=8,
)
document = st.dictionaries(word.map(lambda name: "x" + name), value, max_size=4)


def _written(one: Any, indent: int | None, is_ascii: bool) -> str:
    return json.dumps(one, indent=indent, ensure_ascii=is_ascii)


@given(
    documents=st.lists(document, min_size=1, max_size=15),
    form=st.sampled_from(["array", "wrapped", "two", "nested", "joined", "lines", "pretty lines"]),
    indent=st.sampled_from([None, 0, 2]),
    is_ascii=st.booleans(),
    split=sizes,
)
@settings(max_examples=300, deadline=None)
def test_documents_come_back_from_every_form_in_which_they_are_written(
    documents: list[dict[str, Any]], form: str, indent: int | None, is_ascii: bool, split: list[int]
) -> None:
    half = len(documents) // 2
    match form:
        case "array":
            data = _written(documents, indent, is_ascii)
        case "wrapped":
            data = _written({"name": "a [b", "conversations": documents, "n": [1, "]"]}, indent, is_ascii)
        case "two":
            data = _written(
                {"train": documents[:half], "m": {"data": 1}, "valid": documents[half:]}, indent, is_ascii
            )
        case "nested":
            data = _written({"data": {"train": documents[:half], "test": documents[half:]}}, indent, is_ascii)
        case "joined":
            data = "".join(_written(one, indent, is_ascii) for one in documents)
        case "lines":
            data = "\n".join(_written(one, None, is_ascii) for one in documents)
        case _:
            data = "\n".join(_written(one, 1, is_ascii) for one in documents)
    pieces = cut(data.encode(), split, ROOMY)
    assert ending(pieces).state is State.COMPLETE
    found = [line if isinstance(line, Reason) else json.loads(line) for _, line in records(pieces)]
    assert found == documents


part = st.sampled_from(
    [
        b"[", b"]", b"{", b"}", b'{"a": 1}', b'{"t": "]}{["}', b'"data": [', b'"train": {', b'"x": {"y": [1]}', b'"x":',
        b'"', b"\\", b'\\"', b"\\\\", b",", b":", b"null", b"-1.5", b"nul", b"\n", b" ", b"\xef\xbb\xbf", b"\xef\xbb",
        b"caf\xe9", b'{"t": "\x81"}', b'{"a":\n1}', b'{"a": "\n"}', b"x" * 119, b"x" * 130, b'"' + b"y" * 130 + b'"',
        b" " * 130, b"[" * 130, b"]" * 130, b'{"data": [{"a": 1}]}', b'{"role": "user", "content": "hi"}', b"\0",
    ]
)  # fmt: skip
start = st.sampled_from(
    [b"", b"[", b"[{},", b'{"data": [{}', b'{"train": [{}], ', b'{"a": 1}{"b": 2}', b'{"a": [\n']
)
soup = st.tuples(start, st.lists(part, max_size=30)).map(lambda both: both[0] + b"".join(both[1]))


@given(data=soup, split=sizes)
@settings(max_examples=600, deadline=None)
@example(data=b'[{},\\"[]', split=[5, 1])
@example(data=b"[{}," + b"x" * 130 + b'\\"', split=[135, 1])
def test_any_split_gives_the_same_records_and_the_same_ending(data: bytes, split: list[int]) -> None:
    whole, parted = cut(data), cut(data, split)
    assert records(parted) == records(whole)
    assert ranges(parted) == ranges(whole)
    assert ending(parted) == ending(whole)


@given(data=soup, split=sizes)
@settings(max_examples=300, deadline=None)
def test_reading_on_after_any_piece_gives_just_the_rest(data: bytes, split: list[int]) -> None:
    pieces = cut(data)
    for done, piece in enumerate(pieces[:-1], start=1):
        rest = cut(data, split, position=piece.after)
        assert records(pieces[:done]) + records(rest) == records(pieces)
        assert ending(rest) == ending(pieces)


@given(data=soup, split=sizes)
@settings(max_examples=200, deadline=None)
def test_every_record_keeps_to_its_limit_and_is_one_line(data: bytes, split: list[int]) -> None:
    for _, line in records(cut(data, split)):
        if isinstance(line, bytes):
            assert 0 < len(line) <= SMALL.record_bytes
            line.decode()


DOCUMENTS = [
    {"id": number, "messages": [{"role": "user", "content": f"a [day] {number}"}]} for number in range(12)
]
FORMS = {
    "array": orjson.dumps(DOCUMENTS),
    "pretty": orjson.dumps(DOCUMENTS, option=orjson.OPT_INDENT_2),
    "wrapped": orjson.dumps(
        {"meta": {"a": [1]}, "train": DOCUMENTS[:7], "note": "x", "valid": DOCUMENTS[7:]}
    ),
    "joined": b"".join(map(orjson.dumps, DOCUMENTS)),
}


def _prefixes(data: bytes) -> Iterator[bytes]:
    yield from (data[:size] for size in range(1, len(data)))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_at_any_byte_keeps_what_was_whole(form: str) -> None:
    whole = records(cut(FORMS[form], (), ROOMY))
    assert len(whole) == len(DOCUMENTS)
    for prefix in _prefixes(FORMS[form]):
        pieces = cut(prefix, (), ROOMY)
        found = [line for _, line in records(pieces)]
        kept = [line for line in found if not isinstance(line, Reason)]
        if ending(pieces).state is State.COMPLETE:
            # only values one after another can be cut where nothing tells that more was to come
            assert form == "joined"
            assert len(kept) == len(found)
        elif len(kept) != len(found):
            assert found[-1] is Reason.BAD_JSON
            assert found[:-1] == kept
        if len(prefix) > 120:  # what is shorter does not show yet what it is
            assert kept == [line for _, line in whole[: len(kept)]]
            assert kept


@given(
    form=st.sampled_from(sorted(FORMS)),
    flips=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), max_size=4),
    split=sizes,
)
@settings(max_examples=300, deadline=None)
def test_flipped_bits_end_in_a_counted_reason(
    form: str, flips: list[tuple[int, int]], split: list[int]
) -> None:
    data = bytearray(FORMS[form])
    for at, bits in flips:
        data[at % len(data)] ^= bits
    end = ending(cut(bytes(data), split, ROOMY))
    assert (end.state is State.COMPLETE) == (end.reason == "")


@pytest.mark.parametrize(
    ("begin", "filler", "end"),
    [
        (b'"', b"y" * (1 << 18), b'"'),
        (b'"', b'\\"' * (1 << 17), b'"'),
        (b'["', b'","' * (1 << 16), b'"]'),
        (b"[", b"[]," * (1 << 16), b"]"),
    ],
    ids=["text", "escapes", "quotes", "brackets"],
)
def test_a_record_of_20_mb_is_passed_over_in_bounded_memory(begin: bytes, filler: bytes, end: bytes) -> None:
    cutter = Cutter(USUAL)
    pieces = list(cutter.feed(b'[{"a": 1}, {"zanzibar-canary-7f3": ' + begin))
    tracemalloc.start()
    try:
        for _ in range(80):
            pieces += cutter.feed(filler)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pieces += cutter.feed(end + b'}, {"b": 2}]')
    pieces += cutter.finish()
    assert [line for _, line in records(pieces)] == [b'{"a": 1}', Reason.TOO_LARGE, b'{"b": 2}']
    assert ending(pieces).state is State.COMPLETE
    assert most < 32 << 20


def test_white_space_and_metadata_of_20_mb_are_passed_over_in_bounded_memory() -> None:
    cutter = Cutter(USUAL)
    pieces = list(cutter.feed(b'{"data": [{"a": 1}' + b" " * (1 << 16)))
    tracemalloc.start()
    try:
        for _ in range(80):
            pieces += cutter.feed(b" " * (1 << 18))
        pieces += cutter.feed(b'], "meta": "')
        for _ in range(80):
            pieces += cutter.feed(b"z" * (1 << 18))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pieces += cutter.feed(b'", "test": [{"b": 2}]}')
    pieces += cutter.finish()
    assert [line for _, line in records(pieces)] == [b'{"a": 1}', b'{"b": 2}']
    assert most < 8 << 20


def test_a_first_line_longer_than_the_sample_is_told_by_what_begins_it() -> None:
    long = "z" * 70_000
    row = orjson.dumps({"messages": [{"role": "user", "content": long}]})
    for data, container, count in (
        (row + b"\n" + row, "jsonl", 2),
        (b'{"data":[' + row + b"," + row + b"]}", "json_object", 2),
        (b"[" + row + b"," + row + b"]", "json_array", 2),
        (b'{"conversations":[{"from":"human","value":"' + long.encode() + b'"}]}\n{"a":1}', "jsonl", 2),
        (b'[{"role":"user","content":"' + long.encode() + b'"}]', "json_array", 1),
        (b'{"a":1}{"b":"' + long.encode() + b'"}', "json_object", 2),
    ):
        pieces = cut(data, (), USUAL)
        assert ending(pieces).state is State.COMPLETE
        assert {piece.after.container for piece in pieces if piece.after} == {container}
        assert len(records(pieces)) == count


def test_brackets_that_nest_a_million_deep_neither_crash_nor_hang() -> None:
    pieces = cut(b"[" * 1_000_000, (), USUAL)
    assert ending(pieces).reason == ObjectReason.TRUNCATED
    pieces = cut(b'[{"a":1},' + b"[" * 400_000 + b"]" * 400_000 + b"]", (), USUAL)
    assert len(records(pieces)) == 2
    assert ending(pieces).state is State.COMPLETE


@given(data=soup)
@settings(max_examples=200, deadline=None)
def test_an_outline_never_fails_and_says_where_the_value_ends(data: bytes) -> None:
    shown = outline(data)
    assert 0 <= shown.end <= len(data)
    may_be_json(data)


@given(one=document)
@settings(max_examples=200, deadline=None)
def test_an_outline_has_the_names_of_a_whole_document(one: dict[str, Any]) -> None:
    shown = outline(json.dumps(one, ensure_ascii=False).encode() + b" {}")
    assert shown.is_closed
    assert len(shown.value) == len({json.dumps(name) for name in one})
