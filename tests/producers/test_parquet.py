"""Parquet rows become JSON documents; reading goes on at any row; damage and bombs end in a counted reason."""

import datetime
import decimal
import gzip
import io
import random
import subprocess
import sys
import uuid
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from producers.containers import parquet_batches
from producers.containers.parquet import PARQUET
from producers.containers.parquet_footer import Pages, groups_of
from producers.limits import Limits
from producers.pieces import Piece
from producers.states import ObjectReason, Position, State
from streams.outcomes import Reason
from tests.producers.cutting import SMALL, USUAL, cut, ending, ranges, records

CANARY = "zanzibar-canary-7f3"


def stored(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def rows_of(data: bytes, limits: Limits = USUAL) -> list[Any]:
    pieces = cut(data, limits=limits)
    assert ending(pieces).state is State.COMPLETE
    return [line if isinstance(line, Reason) else orjson.loads(line) for _, line in records(pieces)]


def column(values: list[Any], kind: pa.DataType | None = None) -> list[Any]:
    return [row["a"] for row in rows_of(stored(pa.table({"a": pa.array(values, kind)})))]


def not_checked(values: list[bytes]) -> pa.Array:
    """A string column whose writer did not look whether it is UTF-8."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values).buffers())


CHAT = pa.list_(pa.struct([("from", pa.string()), ("value", pa.string())]))


def test_dialogues_come_as_they_were_written() -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": "a",
            "conversations": [{"from": "human", "value": "Grüß Gott\n海"}, {"from": "gpt", "value": ""}],
        },
        {"id": None, "conversations": None},
        {"id": "c", "conversations": []},
        {"id": "d", "conversations": [None, {"from": None, "value": "so"}]},
    ]
    table = pa.table(
        {"id": [r["id"] for r in rows], "conversations": pa.array([r["conversations"] for r in rows], CHAT)}
    )
    assert rows_of(stored(table)) == rows


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("pages", ["1.0", "2.0"])
def test_every_codec_and_page_version_is_read(codec: str, pages: str) -> None:
    table = pa.table({"prompt": [f"how {n}" for n in range(40)], "response": [None, "so"] * 20})
    data = stored(table, compression=codec, data_page_version=pages, row_group_size=7)
    assert rows_of(data) == table.to_pylist()


noon = datetime.datetime(2024, 2, 29, 12, 0, 1, 250_000)
KINDS: list[tuple[Any, ...]] = [
    ("int", [1, None, -(2**63)], pa.int64(), [1, None, -(2**63)]),
    ("unsigned", [2**64 - 1], pa.uint64(), [2**64 - 1]),
    ("float", [0.5, None, float("nan"), float("inf")], pa.float64(), [0.5, None, None, None]),
    ("half", [0.5], pa.float16(), [0.5]),
    ("bool", [True, None, False], pa.bool_(), [True, None, False]),
    ("null", [None, None], pa.null(), [None, None]),
    ("large text", ["é", None], pa.large_string(), ["é", None]),
    ("text view", ["é", None], pa.string_view(), ["é", None]),
    ("bytes of text", [b"caf\xc3\xa9", None], pa.binary(), ["café", None]),
    ("fixed bytes", [b"abcd"], pa.binary(4), ["abcd"]),
    ("local time", [noon, None], pa.timestamp("ms"), ["2024-02-29 12:00:01.250", None]),
    ("utc", [noon], pa.timestamp("us", "UTC"), ["2024-02-29 12:00:01.250000Z"]),
    ("zone", [noon], pa.timestamp("ms", "+02:00"), ["2024-02-29 12:00:01.250Z"]),
    ("date", [noon.date(), None], pa.date32(), ["2024-02-29", None]),
    ("time", [noon.time()], pa.time64("us"), ["12:00:01.250000"]),
    ("duration", [datetime.timedelta(seconds=3)], pa.duration("s"), [3]),
    ("decimal", [decimal.Decimal("1.20"), None], pa.decimal128(9, 2), ["1.20", None]),
    ("dictionary", ["x", None, "y", "x"], pa.dictionary(pa.int8(), pa.string()), ["x", None, "y", "x"]),
    ("list", [["a", None], None, []], pa.list_(pa.string()), [["a", None], None, []]),
    ("large list", [[1], [2, 3]], pa.large_list(pa.int32()), [[1], [2, 3]]),
    ("fixed list", [[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2), [[1, 2], None, [3, 4]]),
    ("lists of lists", [[["a"], []], [None]], pa.list_(pa.list_(pa.string())), [[["a"], []], [None]]),
    ("struct", [{"b": 1, "c": None}, None], pa.struct([("b", pa.int8()), ("c", pa.string())]), [{"b": 1, "c": None}, None]),
    ("wide struct", [{"b": 1, "c": 2, "d": 3}], pa.struct([(x, pa.int8()) for x in "bcd"]), [{"b": 1, "c": 2, "d": 3}]),
    ("map", [[("k", 1), ("l", None)], None, []], pa.map_(pa.string(), pa.int8()), [{"k": 1, "l": None}, None, {}]),
    ("map with a key twice", [[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int8()), [[["k", 1], ["k", 2]]]),
    ("map of numbers", [[(1, "x")]], pa.map_(pa.int8(), pa.string()), [[[1, "x"]]]),
    ("nested dictionary", [["x", "x"], ["y"]], pa.list_(pa.dictionary(pa.int8(), pa.string())), [["x", "x"], ["y"]]),
    ("times within", [[noon.date()]], pa.list_(pa.date32()), [["2024-02-29"]]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind", "expected"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS]
)
def test_every_kind_of_column_becomes_json(values: list[Any], kind: pa.DataType, expected: list[Any]) -> None:
    assert column(values, kind) == expected
    # a batch begins anywhere: once more behind other rows
    twice = [row["a"] for row in rows_of(stored(pa.table({"a": pa.array(values * 30, kind)})))]
    assert twice == expected * 30


def test_a_uuid_is_text() -> None:
    one = uuid.UUID(int=77)
    assert column([one.bytes, None], pa.uuid()) == [str(one), None]


def test_columns_of_one_name_are_told_apart() -> None:
    table = pa.table({"a": ["x"], "b": ["y"], "c": ["z"]}).rename_columns(["text", "text", "text_2"])
    assert rows_of(stored(table)) == [{"text": "x", "text_2": "y", "text_2_2": "z"}]


def test_bytes_that_are_no_text_cost_only_their_cell() -> None:
    # a picture beside a dialogue, and a text in a column of bytes
    table = pa.table({"a": ["one", "two", "three"], "b": [b"so", b"\xff\xd8\xff\x00\x10", b"don\x92t know"]})
    assert rows_of(stored(table)) == [
        {"a": "one", "b": "so"}, {"a": "two", "b": None}, {"a": "three", "b": "don\u2019t know"},
    ]  # fmt: skip
    nested = pa.table({"a": ["one"], "image": [{"bytes": b"\x89PNG\r\n\x1a\n\x00", "path": "x.png"}]})
    assert rows_of(stored(nested)) == [{"a": "one", "image": {"bytes": None, "path": "x.png"}}]


def test_text_that_is_windows_1252_is_repaired_and_counted() -> None:
    table = pa.table({"a": not_checked([b"caf\xe9", b"\x81", "é".encode()]), "b": ["x", "y", "z"]})
    pieces = cut(stored(table), limits=USUAL)
    found = [line if isinstance(line, Reason) else orjson.loads(line) for _, line in records(pieces)]
    assert found == [{"a": "café", "b": "x"}, Reason.BAD_ENCODING, {"a": "é", "b": "z"}]
    assert pieces[0].repaired == 1


def test_a_row_that_is_too_large_is_a_stub_and_those_around_it_stay() -> None:
    long = "x" * 3000
    pieces = cut(stored(pa.table({"a": ["one", long, "three", long * 900]})))
    assert [line for _, line in records(pieces)] == [
        b'{"a":"one"}',
        Reason.TOO_LARGE,
        b'{"a":"three"}',
        Reason.TOO_LARGE,
    ]
    assert ranges(pieces) == [(0, 0), (0, 0)]


def test_rows_at_the_limit_are_kept_and_one_byte_more_is_not() -> None:
    fits = SMALL.record_bytes - len('{"a":""}')
    found = records(cut(stored(pa.table({"a": ["x" * fits, "x" * (fits + 1)]}))))
    assert [isinstance(line, bytes) for _, line in found] == [True, False]


def a_file(rows: int = 90, group: int = 20, **options: Any) -> bytes:
    words = random.Random(rows)
    table = pa.table(
        {
            "id": list(range(rows)),
            "text": [f"{n} " + "sea " * words.randint(0, 60) for n in range(rows)],
            "turns": pa.array(
                [[{"from": "human", "value": f"day {n}"}] * (n % 4) for n in range(rows)], CHAT
            ),
        }
    )
    return stored(table, row_group_size=group, **options)


ROOMY = Limits(chunk_bytes=900, chunk_records=6, record_bytes=200, csv_field_bytes=90)


@pytest.mark.parametrize("group", [1, 7, 20, 1000])
def test_reading_on_after_any_piece_gives_just_the_rest(group: int) -> None:
    data = a_file(group=group, data_page_size=300)
    pieces = cut(data, limits=ROOMY)
    whole = records(pieces)
    assert [number for number, _ in whole] == list(range(90))
    assert {type(line) for _, line in whole} == {bytes, Reason}
    assert ending(pieces).state is State.COMPLETE
    for done, piece in enumerate(pieces[:-1], start=1):
        assert piece.after is not None
        assert piece.after.byte == (piece.after.record - 1) // group
        rest = cut(data, limits=ROOMY, position=Position(*orjson.loads(orjson.dumps(piece.after.row()))))
        assert records(pieces[:done]) + records(rest) == whole
        assert ending(rest) == ending(pieces)


def test_rows_behind_the_position_are_not_read_from_other_row_groups() -> None:
    data = a_file(rows=4000, group=1000, compression="none")
    pieces = cut(data, limits=USUAL)
    middle = next(piece.after for piece in pieces if piece.after is not None and piece.after.record >= 3000)
    read: list[tuple[int, int]] = []

    class Noted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            start = self.tell()
            found = super().read(size)
            read.append((start, len(found)))
            return found

    list(PARQUET.read(Noted(data), USUAL, middle, 0))
    third = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(3).column(0).data_page_offset
    assert min(start for start, _ in read if start + 8 < len(data)) > third // 2
    assert len(read) <= 4


def test_a_file_within_gzip_is_read_alike() -> None:
    data = a_file()
    pieces = cut(gzip.compress(data), [100] * 30, limits=ROOMY)
    assert records(pieces) == records(cut(data, limits=ROOMY))
    assert ending(pieces).state is State.COMPLETE
    at = pieces[2].after
    assert at is not None
    assert (at.compression, at.container) == ("gzip", "parquet")
    assert records(pieces[:3]) + records(cut(gzip.compress(data), limits=ROOMY, position=at)) == records(
        pieces
    )


def test_utterances_in_rows_are_gathered_and_read_on_anywhere() -> None:
    rows = [
        {"transcript_id": n // 3, "utterance_id": n % 3, "interlocutor": "client" if n % 2 else "therapist", "utterance_text": f"word {n}"}
        for n in range(60)
    ]  # fmt: skip
    data = stored(pa.Table.from_pylist(rows), row_group_size=7)
    pieces = cut(data, limits=ROOMY)
    whole = records(pieces)
    assert [number for number, _ in whole] == list(range(0, 60, 3))
    assert ending(pieces).state is State.COMPLETE
    for done, piece in enumerate(pieces[:-1], start=1):
        rest = cut(data, limits=ROOMY, position=piece.after)
        assert records(pieces[:done]) + records(rest) == whole


def test_a_table_without_rows_or_columns_is_empty() -> None:
    for table in (pa.table({"a": pa.array([], pa.string())}), pa.table({})):
        found = ending(cut(stored(table)))
        assert (found.state, found.reason) == (State.REFUSED, ObjectReason.EMPTY)


@pytest.mark.parametrize("keep", [4, 11, 12, 400, -1, -8])
def test_without_its_footer_a_file_is_truncated_and_gives_nothing(keep: int) -> None:
    pieces = cut(a_file()[:keep])
    assert records(pieces) == []
    assert (ending(pieces).state, ending(pieces).reason) == (State.DAMAGED, ObjectReason.TRUNCATED)


def test_an_encrypted_file_is_refused() -> None:
    data = b"PAR1" + b"\1" * 500 + (400).to_bytes(4, "little") + b"PARE"
    found = ending(cut(data))
    assert (found.state, found.reason) == (State.REFUSED, ObjectReason.ENCRYPTED)


def test_what_stands_before_a_broken_page_is_read_to_the_row() -> None:
    # every page of a column is written alike: rows that the first pages hold are whole
    table = pa.table({"text": [f"{n:04d} {CANARY} " + "sea " * 20 for n in range(300)]})
    data = bytearray(
        stored(
            table,
            compression="none",
            use_dictionary=False,
            data_page_size=1000,
            write_batch_size=10,
            row_group_size=150,
        )
    )
    broken = data.index(b"0217 ")  # in the second row group
    data[broken - 4 : broken] = (2**31 - 1).to_bytes(4, "little")  # the length of the text: beyond its page
    pieces = cut(bytes(data), limits=USUAL)
    found = ending(pieces)
    assert (found.state, found.reason) == (State.DAMAGED, ObjectReason.CORRUPT)
    lines = [line for _, line in records(pieces)]
    assert lines == [orjson.dumps(row) for row in table.to_pylist()[: len(lines)]]
    assert 150 < len(lines) <= 217
    assert found.at_byte == len(lines)
    assert CANARY not in repr(found)
    for piece in cut(bytes(data), limits=ROOMY)[:-1]:
        rest = cut(bytes(data), limits=USUAL, position=piece.after)
        assert piece.after is not None
        assert [line for _, line in records(rest)] == lines[piece.after.record :]
        assert ending(rest) == found


def test_a_page_whose_checksum_is_wrong_is_damage_and_not_data() -> None:
    table = pa.table({"text": [f"{n:04d} by the sea" for n in range(50)]})
    data = stored(table, compression="none", use_dictionary=False, write_page_checksum=True)
    flipped = data.replace(b"0017 by the sea", b"0017 by the sez")
    found = ending(cut(flipped))
    assert (found.state, found.reason) == (State.DAMAGED, ObjectReason.CORRUPT)


def test_a_column_that_shrank_too_much_is_a_bomb() -> None:
    table = pa.table({"text": ["\0" * (70 << 20)]})
    data = stored(table, compression="zstd", use_dictionary=False)
    found = ending(cut(data, limits=USUAL))
    assert (found.state, found.reason) == (State.REFUSED, ObjectReason.EXPANSION)


def test_a_row_of_very_many_nulls_is_a_bomb() -> None:
    many = 17 << 20
    lists = pa.ListArray.from_arrays(pa.array([0, many], pa.int32()), pa.nulls(many, pa.string()))
    data = stored(pa.table({"text": lists}))
    assert len(data) < 5000
    found = ending(cut(data, limits=USUAL))
    assert (found.state, found.reason) == (State.REFUSED, ObjectReason.EXPANSION)


def test_pages_that_are_large_together_are_never_unpacked_whatever_the_footer_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # the page's size is in its header alone, which is not looked up but seen as it goes by
    table = pa.table({"a": ["by the sea " * 20] * 400, "b": ["in the rain " * 20] * 400})
    large = stored(table, use_dictionary=False, compression="none")
    small = stored(table, use_dictionary=False, compression="none", data_page_size=2000, write_batch_size=5)
    monkeypatch.setattr(parquet_batches, "PAGES_BYTES", 50_000)
    for whole_group_bytes in (8 << 20, 0):
        monkeypatch.setattr(parquet_batches, "WHOLE_GROUP_BYTES", whole_group_bytes)
        assert len(rows_of(small)) == 400
        pieces = cut(large, limits=USUAL)
        assert records(pieces) == []
        assert (ending(pieces).state, ending(pieces).reason) == (State.REFUSED, ObjectReason.EXPANSION)


@given(sizes=st.lists(st.integers(1, 400), max_size=60))
@settings(max_examples=60, deadline=None)
def test_pages_are_followed_however_their_bytes_go_by(sizes: list[int]) -> None:
    for column in groups_of(PAGED[-8 - int.from_bytes(PAGED[-8:-4], "little") :])[0].columns:
        whole, parted = Pages(column), Pages(column)
        whole.see(column.start, PAGED[column.start : column.end])
        at = column.start
        for size in [*sizes, column.end]:
            parted.see(at, PAGED[at : min(at + size, column.end)])
            at = min(at + size, column.end)
        assert parted.plain_bytes == whole.plain_bytes > 0


def test_the_table_of_contents_is_read_as_pyarrow_reads_it() -> None:
    for data in (FLAT, PAGED, stored(pa.table({"a": ["x"] * 40, "b": list(range(40))}), row_group_size=2)):
        theirs = pq.ParquetFile(io.BytesIO(data)).metadata
        ours = groups_of(data[-8 - int.from_bytes(data[-8:-4], "little") :])
        assert [group.rows for group in ours] == [
            theirs.row_group(n).num_rows for n in range(theirs.num_row_groups)
        ]
        for group in ours:
            for number, column in enumerate(group.columns):
                one = theirs.row_group(group.number).column(number)
                start = one.dictionary_page_offset or one.data_page_offset
                assert (column.start, column.end) == (start, start + one.total_compressed_size)
                assert column.plain_bytes == one.total_uncompressed_size
                assert (column.values, column.is_nested) == (one.num_values, "." in one.path_in_schema)


def test_a_summary_of_other_files_is_empty() -> None:
    metadata = pq.ParquetFile(io.BytesIO(a_file())).metadata
    metadata.set_file_path("part-0.parquet")
    file = io.BytesIO()
    metadata.write_metadata_file(file)
    found = ending(cut(file.getvalue()))
    assert (found.state, found.reason) == (State.REFUSED, ObjectReason.EMPTY)


def test_one_value_in_very_many_rows_is_sent_up_to_the_limit_and_by_the_same_row_wherever_it_goes_on() -> (
    None
):
    value = "sea " * 25_000
    data = stored(pa.table({"text": pa.array([value] * 1500).dictionary_encode()}), row_group_size=400)
    pieces = cut(data, limits=USUAL)
    found = ending(pieces)
    assert (found.state, found.reason) == (State.REFUSED, ObjectReason.EXPANSION)
    assert sum(piece.count for piece in pieces) == found.at_byte
    assert 60 << 20 < sum(len(piece.value) for piece in pieces) <= 64 << 20
    middle = pieces[len(pieces) // 2].after
    assert middle is not None
    rest = cut(data, limits=USUAL, position=middle)
    assert ending(rest) == found
    assert middle.record + sum(piece.count for piece in rest) == found.at_byte


def test_what_the_store_raises_is_no_damage() -> None:
    data = a_file(rows=3000, group=100)

    class Denied(Exception):
        pass

    class Failing(io.BytesIO):
        answers = 0

        def read(self, size: int | None = -1) -> bytes:
            self.answers -= 1
            if self.answers < 0:
                raise Denied
            return super().read(size)

    at = Position("none", "parquet", 0, 0)
    for answers in range(6):
        file = Failing(data)
        file.answers = answers
        with pytest.raises(Denied):
            list(PARQUET.read(file, ROOMY, at, 0))


def test_the_callers_file_stays_open() -> None:
    file = io.BytesIO(a_file())
    list(PARQUET.read(file, ROOMY, Position("none", "parquet", 0, 0), 0))
    assert not file.closed


def test_rows_that_suddenly_are_large_do_not_come_in_large_batches() -> None:
    # small rows let the batches grow; a piece never holds more than its limit whatever follows
    texts = ["x"] * 700 + ["y" * 200_000] * 30 + ["z"] * 50
    found = rows_of(stored(pa.table({"text": texts}), use_dictionary=False))
    assert [row["text"] for row in found] == texts


def test_a_process_that_meets_no_parquet_does_not_load_pyarrow() -> None:
    code = "import sys, producers.cutter; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


FLAT = a_file(rows=60, group=20)
PAGED = a_file(rows=60, group=60, data_page_size=200, compression="none", data_page_version="2.0")


def read(data: bytes, position: Position | None = None) -> list[Piece]:
    at = position or Position("none", "parquet", 0, 0)
    file: BinaryIO = io.BytesIO(data)
    return list(PARQUET.read(file, ROOMY, at, 0))


@given(
    data=st.sampled_from([FLAT, PAGED]),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=4),
    keep=st.floats(0, 1) | st.just(1.0),
    junk=st.binary(max_size=30),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(data=FLAT, flips=[], keep=1.0, junk=b"PAR1")
@example(data=PAGED, flips=[(0.798828125, 1)], keep=1.0, junk=b"")  # read or not, as the batches fall
@example(data=b"PAR1", flips=[], keep=1.0, junk=b"\xff\xff\xff\x7fPAR1")
@example(data=b"PAR1", flips=[], keep=1.0, junk=b"\0\0\0\0PAR1")
def test_flipped_and_cut_files_end_in_a_counted_reason_and_are_read_alike_again(
    data: bytes, flips: list[tuple[float, int]], keep: float, junk: bytes
) -> None:
    bad = bytearray(data)
    for place, bits in flips:
        bad[int(place * (len(bad) - 1))] ^= bits
    broken = bytes(bad[: int(len(bad) * keep)]) + junk
    pieces = read(broken)
    found = ending(pieces)
    assert found.state in (State.COMPLETE, State.DAMAGED, State.REFUSED)
    assert (found.state is State.COMPLETE) == (found.reason == "")
    assert [number for number, _ in records(pieces)] == list(range(sum(piece.count for piece in pieces)))
    if len(pieces) > 1:
        rest = read(broken, pieces[0].after)
        assert records(pieces[:1]) + records(rest) == records(pieces)
        assert ending(rest) == found
