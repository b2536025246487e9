"""However the bytes of an object are split, and wherever reading goes on, the records are the same."""

import csv
import gzip
import io
import zlib

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producers.limits import Limits
from producers.states import State
from streams.outcomes import Reason
from tests.producers.cutting import SMALL, cut, ending, ranges, records

sizes = st.lists(st.integers(1, 90), max_size=40)
fragment = st.sampled_from(
    [
        b'{"text": "a day at the sea"}', b'{"a": [1, 2]}', b"[{}]", b"{broken", b"", b"   ", b"\r", b"caf\xe9",
        b'{"t": "caf\xe9"}', b'{"t": "\x81"}', '{"t": "海 и é"}'.encode(), b"x" * 119, b"x" * 120, b"x" * 121,
        b"x" * 122, b"x" * 500, b'"' + b"one line\nand, then\n" * 9, b'long",1', b'2,"' + b"so\n" * 50 + b'"', b" " * 130, b"\xef\xbb\xbf", b'a,"b', b'c",d', b"1,2", b"1;2;3", b'"', b'""', b"\t",
    ]
)  # fmt: skip
ends = st.sampled_from([b"\n", b"\r\n", b"\n\n", b""])
soup = st.lists(st.tuples(fragment, ends), max_size=25).map(
    lambda pairs: b"".join(part + end for part, end in pairs)
)
json_soup = soup.map(lambda data: b'{"first": 1}\n{"second": 2}\n' * 8 + data)
csv_soup = soup.map(lambda data: b"question,answer\n" + b"how,so\n" * 9 + data)
array_soup = soup.map(lambda data: b'[{"first": 1},\n{"second": 2},' + data)
wrapped_soup = soup.map(lambda data: b'{"train": [{"first": 1}, ' + data + b'], "valid": [' + data)
dialogue_soup = soup.map(lambda data: b"Client: so\nTherapist: well\n" + data)
stored = st.one_of(soup, json_soup, csv_soup, array_soup, wrapped_soup, dialogue_soup).flatmap(
    lambda data: st.sampled_from([data, gzip.compress(data[:40]) + gzip.compress(data[40:])])
)


@given(data=stored, split=sizes)
@settings(max_examples=400, deadline=None)
@example(data=b'q,a\n1,"open\n' + b"2,3\n" * 60, split=[7] * 40)
@example(data=b'q,a\n1,"' + b"a line, and more of it\nand one\n" * 20 + b'""",2\n3,4\n', split=[1] * 40)
@example(data=b'q,a\n"' + b"so it goes on\n" * 30 + b'","x""y' + b"\n\n" * 90 + b'"\n3,4\n', split=[9] * 40)
@example(data=b'q,a\n1,"' + b"so it goes on\n" * 30 + b'2,"x",3\n4,5\n', split=[9] * 40)
@example(data=b"\x1f\x8b", split=[1])
@example(data=b"\xef\xbb\xbf\n\n{}\n", split=[1, 1, 1, 1])
def test_any_split_of_the_bytes_gives_the_same_records(data: bytes, split: list[int]) -> None:
    whole, parted = cut(data), cut(data, split)
    assert records(parted) == records(whole)
    assert ranges(parted) == ranges(whole)
    assert ending(parted) == ending(whole)


@given(data=stored, split=sizes)
@settings(max_examples=300, deadline=None)
def test_reading_on_after_any_piece_gives_just_the_rest(data: bytes, split: list[int]) -> None:
    pieces = cut(data)
    for done, piece in enumerate(pieces[:-1], start=1):
        rest = cut(data, split, position=piece.after)
        assert records(pieces[:done]) + records(rest) == records(pieces)
        assert ending(rest).state == ending(pieces).state


@given(data=stored, split=sizes)
@settings(max_examples=200, deadline=None)
def test_pieces_keep_to_the_limits_and_number_without_gaps(data: bytes, split: list[int]) -> None:
    pieces = cut(data, split)
    for piece in pieces:
        assert piece.count <= SMALL.chunk_records
        assert len(piece.value) <= SMALL.chunk_bytes or piece.count == 1
    found = records(pieces)
    assert [number for number, _ in found] == list(range(len(found)))
    for _, line in found:
        if isinstance(line, bytes):
            assert line.strip()
            assert len(line) <= SMALL.record_bytes
            line.decode()


cell = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), max_size=30
) | st.sampled_from(['"', ",", "\r\n", "a\nb", ' "x" ', ";", "\t"])
ROOMY = Limits(chunk_bytes=500, chunk_records=4, record_bytes=5000, csv_field_bytes=5000)


@given(
    rows=st.lists(st.tuples(cell, cell), min_size=1, max_size=20),
    delimiter=st.sampled_from(",\t;|"),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    split=sizes,
)
@settings(max_examples=300, deadline=None)
def test_a_table_written_by_the_csv_module_comes_back_cell_by_cell(
    rows: list[tuple[str, str]], delimiter: str, end: str, bom: bool, split: list[int]
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["question text", "answer text"])
    writer.writerows(rows)
    data = (b"\xef\xbb\xbf" if bom else b"") + file.getvalue().encode()
    pieces = cut(data, split, ROOMY)
    assert ending(pieces).state is State.COMPLETE
    found = [line if isinstance(line, Reason) else orjson.loads(line) for _, line in records(pieces)]
    assert found == [{"question text": first, "answer text": second} for first, second in rows]


document = st.dictionaries(st.text(max_size=5), st.text(max_size=40) | st.integers(-9, 9), max_size=3)


@given(
    documents=st.lists(document, min_size=1, max_size=30),
    end=st.sampled_from([b"\n", b"\r\n"]),
    is_packed=st.booleans(),
    split=sizes,
)
@settings(max_examples=200, deadline=None)
def test_json_lines_come_back_byte_by_byte(
    documents: list[dict[str, object]], end: bytes, is_packed: bool, split: list[int]
) -> None:
    lines = [orjson.dumps(one) for one in documents]
    data = end.join(lines)
    pieces = cut(gzip.compress(data) if is_packed else data, split, ROOMY)
    assert ending(pieces).state is State.COMPLETE
    assert [line for _, line in records(pieces)] == lines


def _begins(torn: bytes, line: bytes | Reason, data: bytes) -> bool:
    """Whether it can be the beginning of that line. Of one too large to hold, too: torn, it is small enough."""
    return line.startswith(torn) if isinstance(line, bytes) else line is Reason.TOO_LARGE and torn in data


@given(data=json_soup, keep=st.floats(0, 1), split=sizes)
@example(data=b'{"a": [1, 2]}' + b"x" * 200 + b"\n[{}]\n", keep=0.5, split=[])
@settings(max_examples=200, deadline=None)
def test_a_gzip_cut_anywhere_keeps_what_was_readable_and_is_damaged(
    data: bytes, keep: float, split: list[int]
) -> None:
    packed = gzip.compress(data)
    cut_off = packed[: 2 + int((len(packed) - 3) * keep)]
    pieces = cut(cut_off, split)
    assert ending(pieces).state is State.DAMAGED
    # what can be read may be no JSON before the place of the cut is reached
    alone = ending(cut(zlib.decompressobj(wbits=31).decompress(cut_off)))
    assert ending(pieces).reason == ("corrupt" if alone.reason == "corrupt" else "truncated")
    found, whole = records(pieces), records(cut(data))
    if found:
        _, last = found.pop()  # the line that the cut went through
        true = whole[len(found)][1]
        assert last in (true, Reason.BAD_JSON) or (isinstance(last, bytes) and _begins(last, true, data))
    assert found == whole[: len(found)]


@given(data=st.binary(max_size=3000), flips=st.lists(st.integers(0, 2999), max_size=3), split=sizes)
@settings(max_examples=200, deadline=None)
def test_random_and_flipped_bytes_end_in_a_counted_reason(
    data: bytes, flips: list[int], split: list[int]
) -> None:
    packed = bytearray(gzip.compress(b'{"text": "a walk in the park"}\n' * 50 + data))
    for at in flips:
        packed[at % len(packed)] ^= 0x41
    for raw in (data, bytes(packed)):
        found = ending(cut(raw, split))
        assert found.state in (State.COMPLETE, State.DAMAGED, State.REFUSED)
        assert (found.state is State.COMPLETE) == (found.reason == "")
