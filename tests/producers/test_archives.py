"""Zip and tar: every member is read as an object would be, and a bad one costs the others nothing."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.cutter import Cutter
from producers.pieces import Piece
from producers.states import ObjectReason, Position, State
from streams.outcomes import Reason
from tests.producers.archives import header, padded, summed, tarred, with_bits, with_entries, zipped
from tests.producers.cutting import SMALL, USUAL, cut, ending, ranges, records

CANARY = "zanzibar-canary-7f3"
LINES = [b'{"number": %d, "text": "we walked along the shore"}' % number for number in range(13)]
JSONL = b"\n".join(LINES) + b"\n"
CSV = b"question,answer\n" + b"how was the sea,calm\n" * 7
ROWS = [b'{"question":"how was the sea","answer":"calm"}'] * 7
JUNK = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
FILES = [
    ("talks/one.jsonl", JSONL),
    ("talks/two.csv", CSV),
    ("picture", JUNK),
    ("three.gz", gzip.compress(JSONL, mtime=0)),
    ("four", zstandard.compress(CSV)),
    ("five", bz2.compress(JSONL)),
    ("nothing", b""),
    ("six.csv", lzma.compress(CSV)),
]
LINES_OF_FILES = [*LINES, *ROWS, *LINES, *ROWS, *LINES, *ROWS]
ARCHIVES = {
    **{f"zip method {method}": zipped(FILES, method) for method in METHODS},
    "zip written in one go": zipped(FILES, streams=True),
    **{f"tar form {form}": tarred(FILES, form) for form in FORMS},
    "tar.gz": gzip.compress(tarred(FILES), mtime=0),
    "tar.zst": zstandard.compress(tarred(FILES)),
    "tar.xz": lzma.compress(tarred(FILES)),
    "zip.gz": gzip.compress(zipped(FILES)),
    "zip in tar": tarred([("inner.zip", zipped(FILES[:4])), *FILES[4:]]),
    "tar.gz in zip": zipped([("inner.tgz", gzip.compress(tarred(FILES[:4]))), *FILES[4:]]),
    "tar in tar": tarred([*FILES[:5], ("inner.tar", tarred(FILES[5:]))]),
    "zip in zip": zipped([("inner.zip", zipped(FILES[:3])), ("another.zip", zipped(FILES[3:]))]),
}
archives = pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES.keys())
sizes = st.lists(st.integers(1, 2000), max_size=40)


def lines(pieces: Iterable[Piece]) -> list[bytes | Reason]:
    return [line for _, line in records(pieces)]


def reasons(pieces: Iterable[Piece]) -> list[str]:
    """How members ended that were not read whole."""
    return [member.reason.value for piece in pieces for member in piece.members]


def damage(pieces: list[Piece]) -> tuple[State, ObjectReason]:
    end = ending(pieces)
    return end.state, end.reason


def assert_reading_on_gives_the_rest(data: bytes, pieces: list[Piece]) -> None:
    for done, piece in enumerate(pieces[:-1], start=1):
        assert piece.after is not None
        assert piece.is_full  # one that is not could be overtaken by the next
        rest = cut(data, [700] * 99, position=Position(*json.loads(json.dumps(piece.after.row()))))
        assert records(pieces[:done]) + records(rest) == records(pieces)
        assert reasons(pieces[:done]) + reasons(rest) == reasons(pieces)
        assert ending(rest) == ending(pieces)


@archives
def test_members_are_read_in_order_and_their_records_numbered_on(data: bytes) -> None:
    pieces = cut(data)
    assert records(pieces) == list(enumerate(LINES_OF_FILES))
    assert reasons(pieces) == ["unknown_container", "empty"]
    assert damage(pieces) == (State.COMPLETE, ObjectReason.NONE)


@archives
def test_reading_on_after_any_piece_of_an_archive_gives_just_the_rest(data: bytes) -> None:
    assert_reading_on_gives_the_rest(data, cut(data))


@archives
def test_pieces_of_an_archive_keep_to_the_limits_however_it_comes(data: bytes) -> None:
    whole = cut(data)
    for size in (1, 511, 4096):
        assert cut(data, [size] * (len(data) // size)) == whole
    for piece in whole:
        assert piece.count <= SMALL.chunk_records
        assert len(piece.value) <= SMALL.chunk_bytes or piece.count == 1


def test_small_members_share_a_piece() -> None:
    files = [(f"{number}.jsonl", b'{"a":1}\n{"b":2}') for number in range(100)]
    for data in (zipped(files), tarred(files)):
        pieces = cut(data, (), USUAL)
        assert [(piece.runs, piece.is_full) for piece in pieces] == [(((0, 200),), False)]
        assert ending(pieces).detail == "100 members"


def test_a_refused_record_of_a_member_has_its_number_in_the_archive_and_its_range_in_the_member() -> None:
    files = [("a", JSONL), ("b", LINES[0] + b"\n" + b'{"a": "' + b"x" * 200 + b'"}\n' + LINES[1] + b"\n")]
    start = len(LINES[0]) + 1
    for data in (zipped(files), tarred(files)):
        pieces = cut(data)
        assert records(pieces)[14] == (14, Reason.TOO_LARGE)
        assert ranges(pieces) == [(start, start + 209)]
        assert_reading_on_gives_the_rest(data, pieces)


def test_folders_links_and_devices_are_passed_over() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("of no use")
            info.type, info.linkname = kind, "a"
            archive.addfile(info)
        info = tarfile.TarInfo("a")
        info.size = len(JSONL)
        archive.addfile(info, io.BytesIO(JSONL))
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.mkdir("talks")
        folder.writestr(link, "talks/a")
        folder.writestr("talks/a", JSONL)
    for data in (file.getvalue(), packed.getvalue()):
        pieces = cut(data)
        assert lines(pieces) == LINES
        assert ending(pieces).detail == "1 member"


@pytest.mark.parametrize(
    ("files", "reason", "detail"),
    [
        ([], "empty", "0 members"),
        ([("a", b""), ("b", b"")], "empty", "2 members: 2 refused (empty)"),
        ([("a", JUNK)], "unknown_container", "1 member: 1 refused (unknown_container)"),
        ([("a", b""), ("b", JUNK)], "unknown_container", "2 members: 1 refused (empty), 1 refused (unknown_container)"),
    ],
    ids=["no members", "empty ones", "junk", "both"],
)  # fmt: skip
def test_an_archive_without_a_record_is_refused(
    files: list[tuple[str, bytes]], reason: str, detail: str
) -> None:
    for data in (zipped(files), tarred(files)):
        end = ending(cut(data))
        assert (end.state, end.reason, end.detail) == (State.REFUSED, reason, detail)


def test_names_of_members_are_never_shown() -> None:
    for data in (zipped([(CANARY, JUNK)]), tarred([(CANARY, JUNK)])):
        assert CANARY not in repr(cut(data))


def test_an_archive_in_an_archive_is_read_and_one_more_is_refused() -> None:
    for inner in (zipped, tarred):
        for outer in (zipped, tarred):
            data = outer([("b", zipped([("a", inner([("x", JSONL)])), ("y", CSV)])), ("z", CSV)])
            pieces = cut(data)
            assert lines(pieces) == ROWS * 2
            assert reasons(pieces) == ["too_deep"]
            assert ending(pieces).state is State.COMPLETE
            assert_reading_on_gives_the_rest(data, pieces)


def test_a_nest_of_zips_with_a_bomb_at_its_heart_is_refused_before_it() -> None:
    nest = zipped([("heart", b"0" * 1_000_000)])
    for _ in range(4):
        nest = zipped([(str(number), nest) for number in range(16)])
    assert damage(cut(nest)) == (State.REFUSED, ObjectReason.TOO_DEEP)


def test_a_zip_within_that_is_too_large_to_hold_is_refused_and_the_others_read() -> None:
    limits = replace(SMALL, member_bytes=2000)
    noise = hashlib.shake_128(b"noise").digest(4000)
    for outer in (zipped, tarred):
        pieces = cut(outer([("a", zipped([("n", noise)])), ("b", JSONL)]), (), limits)
        assert lines(pieces) == LINES
        assert reasons(pieces) == ["member_too_large"]


def test_more_members_than_the_limit_are_refused() -> None:
    limits = replace(SMALL, members=1000)
    tiny = header("t", 3) + padded(b"{}\n")
    pieces = cut(gzip.compress(tiny * 20_001 + bytes(1024)), (), limits)
    assert damage(pieces) == (State.REFUSED, ObjectReason.TOO_MANY_MEMBERS)
    assert len(records(pieces)) == 1000
    listed = with_entries(zipped([("a", b"{}\n")]), 1001)
    for data, count in (
        (listed, 0),
        (zipped([(str(number), b"{}\n") for number in range(1001)])[:-30], 1000),
    ):
        pieces = cut(data, (), limits)
        assert damage(pieces) == (State.REFUSED, ObjectReason.TOO_MANY_MEMBERS)
        assert len(records(pieces)) == count


def test_a_member_that_swells_beyond_measure_is_refused_and_the_others_read() -> None:
    line = b'{"text": "%s"}\n' % (b"o" * 1000)
    swollen = line * 67_000
    for data in (
        zipped([("a", JSONL), ("bomb", swollen), ("b", CSV)]),
        zipped([("a", JSONL), ("bomb", swollen), ("b", CSV)], streams=True)[:-40],
    ):
        roomy = replace(USUAL, chunk_records=20_000, chunk_bytes=1 << 24)
        pieces = cut(data, (), replace(roomy, expansion=2000))
        assert reasons(pieces) == []
        assert len(records(pieces)) == 13 + 67_000 + 7
        pieces = cut(data, (), replace(roomy, expansion=20))
        assert reasons(pieces) == ["expansion"]
        assert lines(pieces)[:13] == LINES
        assert lines(pieces)[-7:] == ROWS
        assert sum(len(piece.value) for piece in pieces) < 65 << 20


def test_members_that_share_their_packed_bytes_are_a_bomb() -> None:
    kernel = zipped([("a", b'{"text": "%s"}\n' % (b"o" * 1000) * 4000)])
    data = with_entries(kernel, 100)
    assert len(data) < 30_000
    pieces = cut(data, (), replace(USUAL, chunk_records=20_000, chunk_bytes=1 << 24))
    assert damage(pieces) == (State.REFUSED, ObjectReason.EXPANSION)
    assert sum(len(piece.value) for piece in pieces) <= 64 << 20


def test_an_encrypted_member_is_refused_and_the_others_read() -> None:
    data = with_bits(zipped([("a", JSONL), ("b", CSV), ("c", JSONL)]), 1, which=1)
    for stored, state in ((data, State.COMPLETE), (data[:-30], State.DAMAGED)):
        pieces = cut(stored)
        assert lines(pieces) == LINES * 2
        assert reasons(pieces) == ["encrypted"]
        assert ending(pieces).state is state
    assert damage(cut(with_bits(zipped([("a", JSONL)]), 1))) == (State.REFUSED, ObjectReason.ENCRYPTED)


@pytest.mark.parametrize("method", METHODS)
def test_a_checksum_that_does_not_fit_is_damage_and_every_record_is_kept(method: int) -> None:
    data = bytearray(zipped([("a", JSONL), ("b", CSV)], method))
    for sign, place in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        data[data.index(sign) + place] ^= 1
    pieces = cut(bytes(data))
    assert lines(pieces) == LINES + ROWS
    assert reasons(pieces) == ["corrupt"]
    assert damage(pieces) == (State.DAMAGED, ObjectReason.CORRUPT)
    assert ending(pieces).at_byte == 0
    assert_reading_on_gives_the_rest(bytes(data), pieces)


def test_members_packed_with_zstd_and_xz_are_read_and_unknown_methods_are_refused() -> None:
    for method, packed in ((93, zstandard.compress(JSONL)), (95, lzma.compress(JSONL)), (9, JSONL)):
        data = bytearray(zipped([("a", packed), ("b", CSV)], zipfile.ZIP_STORED))
        for sign, at, crc, size in ((b"PK\x03\x04", 8, 14, 22), (b"PK\x01\x02", 10, 16, 24)):
            start = data.index(sign)
            struct.pack_into("<H", data, start + at, method)
            struct.pack_into("<I", data, start + crc, zlib.crc32(JSONL))
            struct.pack_into("<I", data, start + size, len(JSONL))
        pieces = cut(bytes(data))
        assert lines(pieces) == (ROWS if method == 9 else LINES + ROWS)
        assert reasons(pieces) == (["unknown_container"] if method == 9 else [])
        assert ending(pieces).state is State.COMPLETE


def test_zip64_sizes_and_places_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    for streams in (False, True):
        data = zipped([("a", JSONL), ("b", CSV), ("c", JSONL)], streams=streams)
        assert b"PK\x06\x06" in data
        pieces = cut(data)
        assert lines(pieces) == LINES + ROWS + LINES
        assert ending(pieces).state is State.COMPLETE
        assert lines(cut(data[: data.index(b"PK\x06\x06")])) == LINES + ROWS + LINES


def test_long_names_and_sizes_in_attributes_are_understood() -> None:
    deep = "/".join(["a folder with a long name"] * 20)
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        data = tarred([(deep + "/a", JSONL), (deep + "/b", CSV)], form)
        pieces = cut(data)
        assert lines(pieces) == LINES + ROWS
        assert_reading_on_gives_the_rest(data, pieces)
    attributes = b"%d size=%d\n" % (11 + 1, len(JSONL))
    assert len(attributes) == 12
    said = header("x", len(attributes), tarfile.XHDTYPE) + padded(attributes)
    pieces = cut(said + header("a", 0) + padded(JSONL) + header("b", len(CSV)) + padded(CSV) + bytes(1024))
    assert lines(pieces) == LINES + ROWS
    assert ending(pieces).state is State.COMPLETE


def test_a_tar_from_before_ustar_is_known_by_its_checksum() -> None:
    data = header("a", len(JSONL), magic=b"") + padded(JSONL) + header("b", len(CSV), magic=b"") + padded(CSV)
    pieces = cut(data)
    assert lines(pieces) == LINES + ROWS
    assert ending(pieces).state is State.COMPLETE


def test_sparse_files_are_refused_and_what_follows_is_read() -> None:
    old = bytearray(header("s", 600, tarfile.GNUTYPE_SPARSE, b"ustar  \0"))
    old[482] = 1  # the map goes on
    sparse = summed(old) + bytes(504) + b"\1" + bytes(7) + bytes(512) + padded(b"s" * 600)
    attributes = b"22 GNU.sparse.major=1\n"
    new = header("x", 22, tarfile.XHDTYPE) + padded(attributes) + header("s", 5) + padded(b"1\n0\n5")
    pieces = cut(sparse + new + header("b", len(CSV)) + padded(CSV) + bytes(1024))
    assert lines(pieces) == ROWS
    assert reasons(pieces) == ["unknown_container"] * 2


def test_a_broken_tar_header_costs_its_member_only() -> None:
    data = bytearray(tarred([("a", JSONL), ("b", CSV), ("c", JSONL), ("d", CSV)]))
    second = 512 + len(padded(JSONL))
    data[second + 130] ^= 1
    pieces = cut(bytes(data))
    assert lines(pieces) == LINES + LINES + ROWS
    assert damage(pieces) == (State.DAMAGED, ObjectReason.CORRUPT)
    assert ending(pieces).at_byte == second
    assert ending(pieces).detail == "4 members: 1 damaged (corrupt)"
    assert_reading_on_gives_the_rest(bytes(data), pieces)


def test_bytes_behind_the_end_of_a_tar_are_ignored_and_one_more_tar_is_read() -> None:
    first, second = tarred([("a", JSONL)]), tarred([("b", CSV)])
    for rest in (b"of no use" * 100, JUNK, b""):
        pieces = cut(first + rest)
        assert lines(pieces) == LINES
        assert ending(pieces).state is State.COMPLETE
    for data in (first + second, gzip.compress(first) + gzip.compress(second)):
        pieces = cut(data)
        assert lines(pieces) == LINES + ROWS
        assert ending(pieces).state is State.COMPLETE
        assert_reading_on_gives_the_rest(data, pieces)


def test_a_zip_whose_end_is_that_of_a_zip_within_is_read_from_its_start() -> None:
    inner = zipped([("x", CSV)])
    data = zipped([("a", JSONL), ("b", inner)], zipfile.ZIP_STORED)
    pieces = cut(data[: data.index(inner) + len(inner)])
    assert lines(pieces) == LINES + ROWS
    assert damage(pieces) == (State.DAMAGED, ObjectReason.TRUNCATED)


def test_a_damaged_member_within_makes_the_archive_damaged_and_the_rest_is_read() -> None:
    for outer in (zipped, tarred):
        data = outer([("a.gz", gzip.compress(JSONL, mtime=0)[:-4]), ("b", CSV)])
        pieces = cut(data)
        assert lines(pieces) == LINES + ROWS
        assert reasons(pieces) == ["truncated"]
        assert damage(pieces) == (State.DAMAGED, ObjectReason.TRUNCATED)
        assert_reading_on_gives_the_rest(data, pieces)


def test_a_packed_tar_with_a_wrong_checksum_is_damaged_and_keeps_its_records() -> None:
    many = [b'{"number": "%s"}' % hashlib.sha256(b"%d" % one).hexdigest().encode() for one in range(2000)]
    packed = bytearray(gzip.compress(tarred([("a", b"\n".join(many))])))
    packed[-6] ^= 1
    pieces = cut(bytes(packed), (), USUAL)
    found = lines(pieces)
    if isinstance(found[-1], Reason):
        found.pop()  # the record that the last slice begins in
    assert len(found) > 1900
    assert found == many[: len(found)]
    assert damage(pieces) == (State.DAMAGED, ObjectReason.CORRUPT)


WHOLE = [("a", JSONL), ("b", CSV), ("c", JUNK[:300]), ("d", gzip.compress(JSONL, mtime=0)), ("e", CSV)]
CUTTABLE = [
    *(zipped(WHOLE, method) for method in METHODS),
    zipped(WHOLE, streams=True),
    *(tarred(WHOLE, form) for form in FORMS),
    gzip.compress(tarred(WHOLE), mtime=0),
    zipped([("x", tarred(WHOLE))]),
]


@given(data=st.sampled_from(CUTTABLE), keep=st.floats(0, 1), split=sizes)
@settings(max_examples=250, deadline=None)
def test_an_archive_cut_anywhere_keeps_what_was_readable(data: bytes, keep: float, split: list[int]) -> None:
    cut_off = data[: max(512, int((len(data) - 1) * keep))]
    pieces = cut(cut_off, split)
    whole, found = records(cut(data)), records(pieces)
    end = ending(pieces)
    # a tar may end between two members, or within its last zeros
    assert end.state is State.DAMAGED or (data[257:262] == b"ustar" and end.state is State.COMPLETE)
    if found and found != whole[: len(found)]:
        number, last = found.pop()  # the record that the cut went through
        assert isinstance(last, Reason) or bytes(whole[number][1]).startswith(last)  # type: ignore[arg-type]
    assert found == whole[: len(found)]
    assert_reading_on_gives_the_rest(cut_off, pieces)


def test_a_zip_cut_behind_a_member_keeps_the_whole_of_it() -> None:
    for streams in (False, True):
        data = zipped(FILES, streams=streams)
        second = data.index(b"PK\x03\x04", 1)
        third = data.index(b"PK\x03\x04", second + 1)
        assert lines(cut(data[:second])) == LINES
        assert lines(cut(data[:third])) == LINES + ROWS
        assert lines(cut(data[: data.index(b"PK\x01\x02")])) == LINES_OF_FILES


flips = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 255)), min_size=1, max_size=4)


# How much a library gives of packed bytes before it finds them broken depends on how they come.
UNPACKED = [*WHOLE[:3], WHOLE[4]]
FLIPPABLE = [
    *(zipped(UNPACKED, method) for method in METHODS),
    zipped(UNPACKED, streams=True),
    zipped(UNPACKED, streams=True)[:-30],
    *(tarred(UNPACKED, form) for form in FORMS),
    tarred([*UNPACKED, ("x", zipped(UNPACKED)), ("y", tarred(UNPACKED))]),
]


@given(data=st.sampled_from([*CUTTABLE, *FLIPPABLE]), flipped=flips, split=sizes)
@settings(max_examples=250, deadline=None)
def test_flipped_bytes_never_stop_the_reader_and_reading_on_still_agrees(
    data: bytes, flipped: list[tuple[int, int]], split: list[int]
) -> None:
    broken = bytearray(data)
    for at, bits in flipped:
        broken[at % len(broken)] ^= bits
    pieces = cut(bytes(broken), split)
    end = ending(pieces)
    assert (end.state is State.COMPLETE) == (end.reason == "")
    assert [number for number, _ in records(pieces)] == list(range(len(records(pieces))))
    assert_reading_on_gives_the_rest(bytes(broken), pieces)


@given(
    at=st.integers(0, 1 << 16),
    bits=st.integers(1, 255),
    start=st.sampled_from([b"PK\x03\x04", b"PK\x05\x06"]),
)
@settings(max_examples=150, deadline=None)
def test_a_directory_that_lies_never_stops_the_reader(at: int, bits: int, start: bytes) -> None:
    data = bytearray(zipped([("a", JSONL), ("b", CSV)], zipfile.ZIP_LZMA))
    place = data.index(b"PK\x01\x02")
    data[place + at % (len(data) - place)] ^= bits
    for broken in (bytes(data), start + bytes(data)[4:], start + bytes(data)[place:]):
        assert ending(cut(broken)).state in (State.COMPLETE, State.DAMAGED, State.REFUSED)


members = st.lists(st.sampled_from(FILES), max_size=6)


@given(files=members, inner=members, form=st.sampled_from([zipped, tarred]), split=sizes)
@settings(max_examples=100, deadline=None)
def test_any_archive_gives_what_its_members_give_alone(
    files: list[tuple[str, bytes]], inner: list[tuple[str, bytes]], form: object, split: list[int]
) -> None:
    assert callable(form)
    # a zip with two members of one name is lawful
    within = [(f"{place}", data) for place, (_, data) in enumerate(inner)]
    outside = [(f"{place}", data) for place, (_, data) in enumerate(files)]
    data = form([*outside, ("inner", tarred(within))])
    expected = [line for _, one in (*files, *inner) for line in lines(cut(one))]
    pieces = cut(data, split)
    assert records(pieces) == list(enumerate(expected))
    assert_reading_on_gives_the_rest(data, pieces)


def test_memory_stays_small_whatever_the_archive_holds() -> None:
    large = b'{"text": "%s"}\n' % (b"the sea " * 60) * 16_000
    for data, expected in (
        (zipped([("a", large[: len(large) // 2]), ("b", large[len(large) // 2 :])]), 16_000),
        (zipped([("a", large)], streams=True)[:-40], 16_000),
        (zipped([("a", large)], zipfile.ZIP_BZIP2), 16_000),
        (gzip.compress(tarred([("a", large)]), 1), 16_000),
        (gzip.compress(tarred([("a", JUNK * 1600)]), 1), 0),
    ):
        tracemalloc.start()
        cutter = Cutter(USUAL)
        count = 0
        for at in range(0, len(data), 1 << 16):
            count += sum(piece.count for piece in cutter.feed(data[at : at + (1 << 16)]))
        count += sum(piece.count for piece in cutter.finish())
        if cutter.wants_file:
            count += sum(piece.count for piece in cutter.read_file(io.BytesIO(data)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == expected
        assert peak < (5 << 20)
