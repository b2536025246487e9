"""The envelopes that travel through Kafka: a raw chunk of source lines, a decided chunk of output lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from streams.outcomes import Reason

SCHEMA = 1

Headers = list[tuple[str, bytes]]


class BadEnvelope(ValueError):
    """A message that no Forebay wrote: its headers are missing, of another schema, or do not add up."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of neighbouring records of one object version: numbers first .. first + count - 1.

    `count` includes stubs. `container` names how the object was read (jsonl, csv, …).
    """

    bucket: str
    key: str
    version: str
    first: int
    count: int
    container: str


@dataclass(frozen=True, slots=True)
class Stub:
    """A record that intake refused: it is counted like any other and holds no text.

    `part` indexes the chunk's parts; `start` and `end` are the byte range in the decompressed object.
    """

    part: int
    record: int
    reason: Reason
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RawChunk:
    """One message of `raw`: a JSON document a line (no line for a stub), in the order of its parts."""

    value: bytes
    parts: tuple[Part, ...]
    stubs: tuple[Stub, ...] = ()
    epoch: int = 0

    @property
    def records(self) -> int:
        return sum(part.count for part in self.parts)

    def headers(self) -> Headers:
        return [
            ("schema", b"%d" % SCHEMA),
            ("epoch", b"%d" % self.epoch),
            (
                "parts",
                orjson.dumps(
                    [[p.bucket, p.key, p.version, p.first, p.count, p.container] for p in self.parts]
                ),
            ),
            ("stubs", orjson.dumps([[s.part, s.record, s.reason, s.start, s.end] for s in self.stubs])),
        ]

    def items(self) -> Iterator[tuple[Part, int, bytes | Reason]]:
        """Each record in order: its part, its number, and its line, or why intake refused it."""
        lines = iter(self.value.split(b"\n"))
        refused = {(stub.part, stub.record): stub.reason for stub in self.stubs}
        for index, part in enumerate(self.parts):
            for number in range(part.first, part.first + part.count):
                reason = refused.get((index, number)) if refused else None
                yield part, number, next(lines) if reason is None else reason


def read_raw(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> RawChunk:
    """The raw chunk in a message. Raises BadEnvelope where counts and lines do not agree."""
    found = dict(headers)
    try:
        if int(found["schema"]) != SCHEMA:
            raise BadEnvelope("schema")
        parts = tuple(Part(*row) for row in orjson.loads(found["parts"]))
        stubs = tuple(Stub(p, n, Reason(r), a, b) for p, n, r, a, b in orjson.loads(found["stubs"]))
        chunk = RawChunk(value or b"", parts, stubs, int(found["epoch"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadEnvelope(type(error).__name__) from None
    lines = chunk.value.count(b"\n") + 1 if chunk.value else 0
    if chunk.records - len(stubs) != lines:
        raise BadEnvelope("lines")
    return chunk


@dataclass(frozen=True, slots=True)
class Section:
    """Neighbouring lines of a decided chunk that go to one file. `split` is empty where there is none."""

    dataset: str
    split: str
    lines: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DecidedChunk:
    """One message of `decided`: every record of one raw chunk with its outcome, grouped by dataset.

    Each record has one line in its dataset and one in `outcomes`. Lines end in a newline, so a file is
    the joined sections. `came_from` is the raw offset delivered before this one, plus 1 (at first the
    start offset): the sink sees gaps by it, however many markers lie between.
    """

    value: bytes
    sections: tuple[Section, ...]
    run: str
    raw_partition: int
    raw_offset: int
    came_from: int
    epoch: int = 0

    def headers(self) -> Headers:
        return [
            ("schema", b"%d" % SCHEMA),
            ("epoch", b"%d" % self.epoch),
            ("run", self.run.encode()),
            ("raw", b"%d %d %d" % (self.raw_partition, self.raw_offset, self.came_from)),
            ("sections", orjson.dumps([[s.dataset, s.split, s.lines, s.size_bytes] for s in self.sections])),
        ]

    def slices(self) -> Iterator[tuple[Section, bytes]]:
        """Each section with its bytes, in order."""
        at = 0
        for section in self.sections:
            yield section, self.value[at : at + section.size_bytes]
            at += section.size_bytes


def read_decided(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> DecidedChunk:
    """The decided chunk in a message. Raises BadEnvelope where sizes do not add up to the value."""
    found = dict(headers)
    try:
        if int(found["schema"]) != SCHEMA:
            raise BadEnvelope("schema")
        partition, offset, came_from = (int(number) for number in found["raw"].split())
        sections = tuple(Section(*row) for row in orjson.loads(found["sections"]))
        chunk = DecidedChunk(
            value or b"", sections, found["run"].decode(), partition, offset, came_from, int(found["epoch"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadEnvelope(type(error).__name__) from None
    if sum(section.size_bytes for section in sections) != len(chunk.value):
        raise BadEnvelope("sizes")
    return chunk


@dataclass(frozen=True, slots=True)
class CarriedChunk:
    """One raw chunk between the agents of `staged`: a record with its facts a line (see carry.py)."""

    value: bytes
    run: str
    raw_partition: int
    raw_offset: int
    came_from: int
    epoch: int = 0

    def headers(self) -> Headers:
        return [
            ("schema", b"%d" % SCHEMA),
            ("epoch", b"%d" % self.epoch),
            ("run", self.run.encode()),
            ("raw", b"%d %d %d" % (self.raw_partition, self.raw_offset, self.came_from)),
        ]


def read_carried(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> CarriedChunk:
    """The carried chunk in a message. Raises BadEnvelope where a header is missing or of another schema."""
    found = dict(headers)
    try:
        if int(found["schema"]) != SCHEMA:
            raise BadEnvelope("schema")
        partition, offset, came_from = (int(number) for number in found["raw"].split())
        return CarriedChunk(
            value or b"", found["run"].decode(), partition, offset, came_from, int(found["epoch"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadEnvelope(type(error).__name__) from None
