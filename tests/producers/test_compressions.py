"""Every compression gives back what was packed, whatever the blocks were, and ends in a named reason if broken."""

import bz2
import gzip
import lzma
import tracemalloc
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import pairwise, product
from random import Random

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.compressions.order import COMPRESSIONS, HEAD_BYTES, compression_of
from producers.compressions.stream import PLAIN_BLOCK_BYTES, Damage
from producers.limits import Limits
from producers.states import ObjectReason, State
from producers.unpacking import Unpacking
from tests.producers.cutting import SMALL, USUAL, blocks, cut, ending, records

NONE, CORRUPT = ObjectReason.NONE, ObjectReason.CORRUPT
TRUNCATED, TRAILING = ObjectReason.TRUNCATED, ObjectReason.TRAILING_BYTES


def _zstd(data: bytes, *, level: int = 3, has_checksum: bool = True, block: int = 1 << 30) -> bytes:
    """A frame of unknown content size, flushed to a block of its own behind every `block` bytes."""
    packer = zstandard.ZstdCompressor(level=level, write_checksum=has_checksum).compressobj()
    parts = [
        packer.compress(data[at : at + block]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for at in range(0, len(data), block)
    ]
    return b"".join(parts) + packer.flush()


_lz4 = partial(lz4.frame.compress, content_checksum=True)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(gzip.compress, mtime=0),
    "zstd": _zstd,
    "bzip2": bz2.compress,
    "xz": partial(lzma.compress, preset=1),
    "lz4": _lz4,
}
SKIPPABLE = b"\x5a\x2a\x4d\x18\x05\0\0\0notes"
WITH_SKIPPABLE = ("zstd", "lz4")
NAMES = sorted(PACK)
every = pytest.mark.parametrize("name", NAMES)
JSON_LINES = b"".join(b'{"number": %d, "text": "a walk by the sea"}\n' % number for number in range(400))

sizes = st.lists(st.integers(1, 40), max_size=60)
contents = st.lists(
    st.one_of(st.binary(max_size=60), st.integers(0, 3000).map(lambda count: b"so it goes\n" * count)),
    max_size=4,
)


def unpack(
    data: bytes, split: Iterable[int] = (), name: str = "", limits: Limits = USUAL
) -> tuple[bytes, ObjectReason, str]:
    """The plain bytes, why they ended, and the name that the compression was given."""
    unpacking = Unpacking(limits, name)
    plain: list[bytes] = []
    reason = NONE
    try:
        for block in blocks(data, split):
            plain.extend(unpacking.feed(block))
        plain.extend(unpacking.finish())
    except Damage as damage:
        reason = damage.reason
    assert all(0 < len(block) <= PLAIN_BLOCK_BYTES for block in plain)
    return b"".join(plain), reason, unpacking.name


def _noise(size: int) -> bytes:
    """Bytes that repeat themselves a little, and the same ones at each run."""
    random = Random(5)
    words = [random.randbytes(random.randint(2, 9)) for _ in range(3000)]
    return b"".join(random.choices(words, k=size // 5))


def test_every_row_of_the_table_is_tested_here() -> None:
    assert sorted(row.name for row in COMPRESSIONS) == NAMES


@every
@given(parts=contents, split=sizes)
@settings(max_examples=60, deadline=None)
def test_frames_behind_each_other_come_back_in_any_blocks(
    name: str, parts: list[bytes], split: list[int]
) -> None:
    packed = b"".join(map(PACK[name], [b"{}", *parts]))
    assert unpack(packed, split) == (b"{}" + b"".join(parts), NONE, name)
    assert unpack(packed, split, name) == (b"{}" + b"".join(parts), NONE, name)


@every
def test_an_empty_frame_hides_nothing_behind_it(name: str) -> None:
    pack = PACK[name]
    assert unpack(pack(b"")) == (b"", NONE, name)
    assert unpack(pack(b"") + pack(b"one") + pack(b"") + pack(b"two") + pack(b"")) == (b"onetwo", NONE, name)
    assert ending(cut(pack(b""))).reason == ObjectReason.EMPTY


@every
def test_a_large_frame_comes_back(name: str) -> None:
    data = _noise(3 << 20)
    assert unpack(PACK[name](data), [1, 2, 3, 100_000, 1 << 19, 1 << 19]) == (data, NONE, name)


@pytest.mark.parametrize(("level", "block"), [(1, 700), (3, 1 << 30), (12, 300_000)])
@pytest.mark.parametrize("has_checksum", [True, False])
def test_zstd_is_read_as_any_writer_writes_it(level: int, block: int, has_checksum: bool) -> None:
    data = _noise(1 << 20)
    packed = _zstd(data, level=level, has_checksum=has_checksum, block=block)
    at_once = zstandard.ZstdCompressor(level, write_checksum=has_checksum).compress(data)
    alike = zstandard.ZstdCompressor(level).compress(bytes(300_000))  # blocks of one repeated byte
    stored = zstandard.ZstdCompressor(-5).compress(Random(1).randbytes(300_000))  # blocks that are not packed
    assert unpack(packed + at_once)[:2] == (data + data, NONE)
    assert unpack(alike + stored)[:2] == (bytes(300_000) + Random(1).randbytes(300_000), NONE)


@pytest.mark.parametrize("block_size", [4, 5, 6, 7])
@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize("has_checks", [True, False])
def test_lz4_is_read_as_any_writer_writes_it(block_size: int, is_linked: bool, has_checks: bool) -> None:
    for data in (_noise(5 << 20), bytes(4 << 20), Random(1).randbytes(100_000)):
        packed = lz4.frame.compress(
            data,
            block_size=block_size,
            block_linked=is_linked,
            block_checksum=has_checks,
            content_checksum=has_checks,
            store_size=has_checks,
        )
        assert unpack(packed, [1000, 70_000])[:2] == (data, NONE)


@pytest.mark.parametrize("name", WITH_SKIPPABLE)
@given(before=st.integers(0, 3), split=sizes)
@settings(max_examples=40, deadline=None)
def test_skippable_frames_are_skipped_wherever_they_stand(name: str, before: int, split: list[int]) -> None:
    long = b"\x50\x2a\x4d\x18" + (70_000).to_bytes(4, "little") + bytes(70_000)
    one = PACK[name](b"a quiet day")
    packed = SKIPPABLE * before + one + long + SKIPPABLE + one + SKIPPABLE
    assert unpack(packed, split) == (b"a quiet day" * 2, NONE, name)
    assert unpack(packed, split, name) == (b"a quiet day" * 2, NONE, name)


def test_a_skippable_frame_with_no_frame_behind_it_is_no_data() -> None:
    assert unpack(SKIPPABLE * 2) == (b"", NONE, "none")
    assert unpack(SKIPPABLE[:-1]) == (b"", TRUNCATED, "none")
    assert unpack(SKIPPABLE + b'{"a": 1}\n' * 9) == (b"", CORRUPT, "none")
    assert unpack(SKIPPABLE + gzip.compress(b"{}")) == (b"", CORRUPT, "none")


@pytest.mark.parametrize("count", [1, 4, 5, 2000])
def test_zeros_between_and_behind_xz_streams_are_padding(count: int) -> None:
    one = lzma.compress(b"a quiet day")
    assert unpack(one + bytes(count) + one + bytes(count), [7] * 99)[:2] == (b"a quiet day" * 2, NONE)


@every
def test_cut_at_any_byte_it_gives_what_stands_before_and_is_truncated(name: str) -> None:
    first, second = PACK[name](JSON_LINES[:3000]), PACK[name](JSON_LINES[3000:])
    packed = first + second
    for size in range(HEAD_BYTES, len(packed)):
        plain, reason, _ = unpack(packed[:size], [size - 9])
        assert JSON_LINES.startswith(plain)
        if size >= len(first):
            assert len(plain) >= 3000
        if size == len(first):
            assert reason == NONE
        else:
            # two bytes of a gzip member's magic number: rather rubbish than a start
            assert reason == TRUNCATED or (name == "gzip" and size == len(first) + 1 and reason == TRAILING)


@every
def test_an_object_of_a_few_bytes_of_a_compression_ends_with_no_records(name: str) -> None:
    packed = PACK[name](JSON_LINES)
    for size in range(HEAD_BYTES + 1):
        found = cut(packed[:size], [1] * 20)
        assert ending(found).state in (State.REFUSED, State.DAMAGED)
        assert records(found) == []


@every
def test_a_cut_object_keeps_its_records_through_the_cutter(name: str) -> None:
    whole = records(cut(JSON_LINES))
    packed = PACK[name](JSON_LINES[:9000]) + PACK[name](JSON_LINES[9000:])
    for size in range(HEAD_BYTES, len(packed) - 1, 7):
        pieces = cut(packed[:size])
        if ending(pieces).state is State.COMPLETE:
            assert size == len(PACK[name](JSON_LINES[:9000]))
        else:
            assert ending(pieces).state is State.DAMAGED
        found = records(pieces)
        assert found[:-1] == whole[: max(0, len(found) - 1)]


@every
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), split=sizes)
@settings(max_examples=60, deadline=None)
def test_a_flipped_byte_ends_in_a_named_reason_and_costs_nothing_of_the_frames_before(
    name: str, at: float, flip: int, split: list[int]
) -> None:
    first, second = PACK[name](JSON_LINES[:5000]), bytearray(PACK[name](JSON_LINES[5000:]))
    second[int(at * len(second))] ^= flip
    plain, reason, _ = unpack(first + bytes(second), split)
    assert unpack(first + bytes(second))[:2] == (plain, reason)
    assert plain[:5000] == JSON_LINES[:5000]
    assert reason in (NONE, CORRUPT, TRUNCATED, TRAILING)
    pieces = cut(bytes(second) + first, split)
    end = ending(pieces)
    assert (end.state is State.COMPLETE) == (end.reason == "")


@pytest.mark.parametrize("name", WITH_SKIPPABLE)
def test_damage_in_one_block_costs_no_byte_of_the_blocks_before_it(name: str) -> None:
    data = _noise(1 << 20)
    pack = _lz4 if name == "lz4" else _zstd
    packed = bytearray(pack(data))
    at = len(packed) * 2 // 3
    packed[at : at + 3000] = b"\xff" * 3000
    plain, reason, _ = unpack(bytes(packed))
    block = 64 << 10 if name == "lz4" else 128 << 10
    assert reason == CORRUPT
    assert data.startswith(plain[: len(plain) // block * block])
    assert len(plain) >= len(data) * 2 // 3 - 2 * block


@pytest.mark.parametrize("name", ["bzip2", "xz", "gzip"])
def test_damage_in_a_stream_costs_no_more_than_what_one_call_gives(name: str) -> None:
    # bzip2's blocks hold 100 kB of plain bytes each here, and a broken one is known before it gives any
    data = _noise(1 << 20)
    packed = bytearray(bz2.compress(data, 1) if name == "bzip2" else PACK[name](data))
    at = len(packed) * 2 // 3
    packed[at : at + 3000] = b"\xff" * 3000
    plain, reason, _ = unpack(bytes(packed))
    assert reason == CORRUPT
    same = next((i for i, (a, b) in enumerate(zip(plain, data, strict=False)) if a != b), len(plain))
    assert same >= len(data) * 2 // 3 - (110_000 if name == "bzip2" else 50_000)


@every
def test_a_wrong_checksum_is_damage_behind_the_plain_bytes(name: str) -> None:
    packed = bytearray(PACK[name](JSON_LINES))
    index_bytes = int.from_bytes(packed[-8:-4], "little") * 4 + 4  # of xz: its backward size
    # gzip has a size behind its checksum, xz an index and a footer; bzip2's ends with up to seven bits of padding
    from_end = {"gzip": 8, "zstd": 1, "bzip2": 2, "xz": 12 + index_bytes + 1, "lz4": 1}[name]
    packed[-from_end] ^= 1
    plain, reason, _ = unpack(bytes(packed))
    assert reason == CORRUPT
    assert JSON_LINES.startswith(plain)
    # libbz2 and liblzma give nothing of the call that finds out
    costs = 5000 if name in ("bzip2", "xz") else 0
    assert len(plain) >= len(JSON_LINES) - costs


@pytest.mark.parametrize("from_end", range(1, 9))
def test_a_gzip_member_with_a_wrong_checksum_or_size_loses_no_record(from_end: int) -> None:
    short = JSON_LINES[: JSON_LINES.index(b'{"number": 20,')]
    packed = bytearray(gzip.compress(short))
    packed[-from_end] ^= 1
    for split in ((), [1] * len(packed)):
        found = cut(bytes(packed), split)
        assert (ending(found).state, ending(found).reason) == (State.DAMAGED, CORRUPT)
        assert len(records(found)) == 20


def _gzip_member(data: bytes, flags: int, sizes: tuple[int, int, int]) -> bytes:
    """A member whose header has the fields of `flags`; an extra field, a name and a comment of these sizes."""
    extra, name, comment = sizes
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(5) + b"\xff"
    head += (extra.to_bytes(2, "little") + b"\0" * extra) if flags & 4 else b""
    head += (b"n" * name + b"\0") if flags & 8 else b""
    head += (b"c" * comment + b"\0") if flags & 16 else b""
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
    return head + gzip.compress(data, mtime=0)[10:]


@given(
    flags=st.integers(0, 31),
    fields=st.tuples(*[st.sampled_from([0, 1, 5, 1000, 1020, 5000])] * 3),
    split=sizes,
    padding=st.sampled_from([0, 1, 2000]),
    cut_at=st.floats(0, 1, exclude_max=True),
)
@settings(max_examples=150, deadline=None)
def test_gzip_headers_with_any_fields_are_read_in_any_blocks(
    flags: int, fields: tuple[int, int, int], split: list[int], padding: int, cut_at: float
) -> None:
    member = _gzip_member(JSON_LINES, flags, fields)
    packed = member + bytes(padding) + member
    assert unpack(packed, split) == (JSON_LINES * 2, NONE, "gzip")
    size = HEAD_BYTES + int(cut_at * (len(member) - HEAD_BYTES))
    plain, reason, _ = unpack(packed[:size], split)
    assert (JSON_LINES.startswith(plain), reason) == (True, TRUNCATED)


def test_a_gzip_header_with_a_wrong_checksum_or_method_is_corrupt() -> None:
    packed = bytearray(_gzip_member(JSON_LINES, 2, (0, 0, 0)))
    packed[10] ^= 1
    assert unpack(bytes(packed))[:2] == (b"", CORRUPT)
    packed = bytearray(_gzip_member(JSON_LINES, 0, (0, 0, 0)))
    packed[2] = 7
    assert unpack(bytes(packed))[:2] == (b"", CORRUPT)


def test_an_endless_name_in_a_gzip_header_is_not_held() -> None:
    unpacking = Unpacking(USUAL)
    assert not list(unpacking.feed(b"\x1f\x8b\x08\x08" + bytes(5) + b"\xff"))
    block = b"n" * (1 << 20)
    tracemalloc.start()
    try:
        for _ in range(20):
            assert not list(unpacking.feed(block))
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 4 << 20


@every
@given(
    rubbish=st.binary(min_size=1, max_size=30).filter(
        lambda data: data[0] not in b"\x1f\0\x28\x04BZ\xfdPQRSTUVWXYZ[\\]^_"
    ),
    split=sizes,
)
@settings(max_examples=40, deadline=None)
def test_rubbish_behind_the_last_frame_is_told_and_costs_nothing(
    name: str, rubbish: bytes, split: list[int]
) -> None:
    packed = PACK[name](JSON_LINES) + rubbish
    assert unpack(packed, split) == (JSON_LINES, TRAILING, name)
    pieces = cut(packed, split)
    assert (ending(pieces).state, ending(pieces).reason) == (State.DAMAGED, TRAILING)
    assert records(pieces) == records(cut(JSON_LINES))


@every
@given(data=st.binary(max_size=300), split=sizes)
@settings(max_examples=60, deadline=None)
def test_random_bytes_behind_a_start_end_in_a_named_reason(name: str, data: bytes, split: list[int]) -> None:
    packed = PACK[name](b"x")[:HEAD_BYTES] + data
    _, reason, found = unpack(packed, split)
    assert found == name
    assert reason in (CORRUPT, TRUNCATED, TRAILING)
    assert unpack(packed)[:2] == unpack(packed, split)[:2]


@every
def test_a_bomb_is_refused_at_one_place_in_bounded_memory(name: str) -> None:
    limits = replace(USUAL, expansion=100)  # lz4 shrinks at most 255-fold
    packed = PACK[name](b'{"number": 1}\n{"number": 2}\n' + b"0" * (90 << 20))
    tracemalloc.start()
    try:
        pieces = cut(packed, (), limits)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (ending(pieces).state, ending(pieces).reason) == (State.REFUSED, ObjectReason.EXPANSION)
    assert [line for _, line in records(pieces)][:2] == [b'{"number": 1}', b'{"number": 2}']
    assert most_bytes < 16 << 20
    again = cut(packed, [1] * 50 + [7000] * 20, limits)
    assert (ending(again), records(again)) == (ending(pieces), records(pieces))


@pytest.mark.parametrize("name", ["zstd", "xz", "bzip2"])
def test_a_bomb_that_gives_no_plain_byte_is_refused_all_the_same(name: str) -> None:
    padded = gzip.compress(b"{}\n") + bytes(70 << 20)  # zeros behind a gzip member are padding
    assert unpack(PACK[name](padded))[:2] == (b"{}\n", ObjectReason.EXPANSION)


def test_the_total_is_limited_for_compressed_objects_alone() -> None:
    limits = replace(USUAL, plain_bytes=10_000)
    assert unpack(JSON_LINES, limits=limits)[:2] == (JSON_LINES, NONE)
    for name in NAMES:
        assert unpack(PACK[name](JSON_LINES), limits=limits)[:2] == (
            JSON_LINES[:10_000],
            ObjectReason.EXPANSION,
        )


@pytest.mark.parametrize(("inner", "outer"), list(product(NAMES, NAMES)))
def test_one_compression_in_another_is_read_and_read_on(inner: str, outer: str) -> None:
    half = 1 + len(PACK[inner](JSON_LINES)) // 2
    packed = PACK[inner](JSON_LINES)
    packed = PACK[outer](packed[:half]) + PACK[outer](packed[half:])
    pieces = cut(packed, [3] * 20)
    assert ending(pieces).state is State.COMPLETE
    assert records(pieces) == records(cut(JSON_LINES))
    assert {piece.after.compression for piece in pieces if piece.after} == {f"{outer}+{inner}"}
    for done in (1, len(pieces) // 2, len(pieces) - 1):
        rest = cut(packed, [11] * 20, position=pieces[done - 1].after)
        assert records(pieces[:done]) + records(rest) == records(pieces)
        assert ending(rest).state is State.COMPLETE


@pytest.mark.parametrize(("inner", "outer"), list(pairwise([*NAMES, NAMES[0]])))
def test_a_third_compression_is_refused(inner: str, outer: str) -> None:
    packed = PACK[outer](PACK[inner](PACK[outer](JSON_LINES)))
    found = cut(packed, [5] * 9)
    assert (ending(found).state, ending(found).reason) == (State.REFUSED, ObjectReason.TOO_DEEP)
    assert records(found) == []


@every
@given(split=sizes, resumed=sizes)
@settings(max_examples=15, deadline=None)
def test_reading_on_behind_any_piece_gives_just_the_rest(
    name: str, split: list[int], resumed: list[int]
) -> None:
    lines = JSON_LINES[:4000]
    packed = PACK[name](lines[:1500]) + PACK[name](lines[1500:])
    pieces = cut(packed, split, SMALL)
    assert records(pieces) == records(cut(lines, (), SMALL))
    for done, piece in enumerate(pieces[:-1], start=1):
        rest = cut(packed, resumed, SMALL, piece.after)
        assert records(pieces[:done]) + records(rest) == records(pieces)
        assert ending(rest) == ending(pieces)


@pytest.mark.parametrize("outer", NAMES)
@pytest.mark.parametrize("inner", ["", *NAMES])
def test_what_an_inner_layer_holds_back_is_read_where_the_outer_one_breaks(outer: str, inner: str) -> None:
    short = b'{"a":1}\n'
    packed = PACK[outer](PACK[inner](short) if inner else short)
    plain, reason, _ = unpack(packed + b"rubbish")
    assert (plain, reason) == (short, TRAILING)


@pytest.mark.parametrize(
    "text",
    [
        b"BZh9,answer\n" + b"how,so\n" * 9,
        b"BZh91AY,answer\n" + b"how,so\n" * 9,
        b"P*M,answer\n" + b"how,so\n" * 9,
        b"(/,answer\n" + b"how,so\n" * 9,
    ],
)
def test_a_text_that_begins_like_a_compression_is_a_text(text: bytes) -> None:
    assert compression_of(text[:HEAD_BYTES]) is None
    pieces = cut(text)
    assert ending(pieces).state is State.COMPLETE
    assert len(records(pieces)) == 9


def test_a_zstd_frame_that_asks_for_more_memory_than_is_given_is_corrupt() -> None:
    def frame(window_log: int) -> bytes:
        return b"\x28\xb5\x2f\xfd\0" + bytes([(window_log - 10) << 3]) + b"\x11\0\0{}"

    assert unpack(frame(27))[:2] == (b"{}", NONE)
    assert unpack(frame(28))[:2] == (b"", CORRUPT)


def test_an_xz_stream_that_asks_for_more_memory_than_is_given_is_corrupt() -> None:
    def with_dictionary(bits: int) -> bytes:
        packed = bytearray(lzma.compress(b"a quiet day"))
        packed[16] = bits  # the size of LZMA2's dictionary, in the block's head
        packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
        return bytes(packed)

    assert unpack(with_dictionary(32))[:2] == (b"a quiet day", NONE)  # 256 MiB
    assert unpack(with_dictionary(34))[:2] == (b"", CORRUPT)  # 512 MiB
    assert unpack(with_dictionary(40))[:2] == (b"", CORRUPT)  # 4 GiB


def test_frames_that_need_a_dictionary_are_corrupt() -> None:
    trained = zstandard.ZstdCompressionDict(
        b"a walk by the sea " * 50, dict_type=zstandard.DICT_TYPE_RAWCONTENT
    )
    raw = zstandard.ZstdCompressor(dict_data=trained).compress(JSON_LINES)
    plain, reason, _ = unpack(raw)
    assert reason == CORRUPT
    assert plain == b""
    packed = bytearray(_lz4(JSON_LINES))
    packed[4] |= 1
    assert unpack(bytes(packed))[:2] == (b"", CORRUPT)
