"""Files of a cut: what any gzip reader gets out of them, and that they follow from their messages alone."""

import gzip
import hashlib
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.files import build, press
from clients.errors import Fatal
from streams.chunks import DecidedChunk, Section

lines = st.lists(st.binary(max_size=300).map(lambda body: body.replace(b"\n", b" ") + b"\n"), max_size=6)
chunks = st.lists(
    st.dictionaries(st.sampled_from([("kept", "train"), ("kept", "val"), ("crisis", "")]), lines)
)


def as_chunk(content: dict[tuple[str, str], list[bytes]]) -> DecidedChunk:
    sections = tuple(Section(*place, len(found), sum(map(len, found))) for place, found in content.items())
    return DecidedChunk(b"".join(b"".join(found) for found in content.values()), sections, "r", 0, 1, 1)


@given(chunks)
def test_every_line_reads_back_in_order_with_its_digest_and_count(
    content: list[dict[tuple[str, str], list[bytes]]],
) -> None:
    files = build(press(as_chunk(one)) for one in content)
    wanted: dict[tuple[str, str], list[bytes]] = {}
    for one in content:
        for place, found in one.items():
            wanted.setdefault(place, []).extend(found)
    wanted = {place: found for place, found in sorted(wanted.items()) if found}
    assert [(file.dataset, file.split) for file in files] == list(wanted)
    for file, found in zip(files, wanted.values(), strict=True):
        body = file.body()
        assert gzip.decompress(body) == b"".join(found)
        assert (file.records, file.size_bytes) == (len(found), len(body))
        assert file.sha256 == hashlib.sha256(b"".join(found)).hexdigest()


@given(chunks)
def test_a_file_is_one_gzip_member_without_name_or_time(
    content: list[dict[tuple[str, str], list[bytes]]],
) -> None:
    for file in build(press(as_chunk(one)) for one in content):
        # readers that know one member only (some of Rust and of Node) must not stop early
        reader = zlib.decompressobj(31)
        reader.decompress(file.body())
        assert reader.eof
        assert reader.unused_data == b""
        assert file.body()[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@given(chunks, chunks)
def test_a_files_bytes_do_not_depend_on_what_was_pressed_before(
    earlier: list[dict[tuple[str, str], list[bytes]]], content: list[dict[tuple[str, str], list[bytes]]]
) -> None:
    alone = [file.body() for file in build([press(as_chunk(one)) for one in content])]
    pressed = [press(as_chunk(one)) for one in (*earlier, *content)]
    assert [file.body() for file in build(pressed[len(earlier) :])] == alone


def test_large_sections_read_back() -> None:
    body = b"".join(b'{"n": %d, "word": "%d"}\n' % (n, n * n) for n in range(120_000))
    chunk = DecidedChunk(body, (Section("kept", "train", 120_000, len(body)),), "r", 0, 1, 1)
    (file,) = build([press(chunk), press(chunk)])
    assert gzip.decompress(file.body()) == body + body
    assert file.size_bytes < len(body)


def test_a_section_that_does_not_read_back_is_fatal() -> None:
    line = b"a line\n"
    (section,) = press(DecidedChunk(line, (Section("kept", "train", 1, len(line)),), "r", 0, 1, 1))
    with pytest.raises(Fatal, match="does not read back"):
        build([[replace(section, size_bytes=len(line) + 1)]])
