"""Packs pieces into raw chunks: a full piece is a chunk, the ends of objects share one."""

from dataclasses import dataclass

from producers.chunker import Piece
from producers.states import Limits, ObjectVersion
from streams.chunks import Part, RawChunk, Stub

# The stream's epoch: raised when a lost Kafka is rebuilt, so that old offsets are not taken for new ones.
EPOCH = 0

_PART_BYTES = 80


@dataclass(frozen=True, slots=True)
class Packed:
    """Pieces that are committed together; `chunk` is None where none of them holds a record."""

    chunk: RawChunk | None
    pieces: tuple[tuple[bytes, ObjectVersion, Piece], ...]

    @property
    def size_bytes(self) -> int:
        return 0 if self.chunk is None else len(self.chunk.value)


def packed(pieces: list[tuple[bytes, ObjectVersion, Piece]]) -> Packed:
    """These pieces as one chunk: (ledger key, version, piece), in order."""
    parts: list[Part] = []
    stubs: list[Stub] = []
    values: list[bytes] = []
    for _, version, piece in pieces:
        if not piece.count:
            continue
        container = piece.after.container if piece.after is not None else ""
        stubs += [Stub(len(parts), stub.record, stub.reason, stub.start, stub.end) for stub in piece.stubs]
        parts.append(Part(version.bucket, version.key, version.version, piece.first, piece.count, container))
        if piece.value:
            values.append(piece.value)
    chunk = RawChunk(b"\n".join(values), tuple(parts), tuple(stubs), EPOCH) if parts else None
    return Packed(chunk, tuple(pieces))


class OpenChunk:
    """The chunk that the ends of objects share. It is sent when full, or `wait_seconds` after its first piece.

    The progress of a piece is committed with its chunk, never before.
    """

    def __init__(self, limits: Limits, wait_seconds: float) -> None:
        self._limits = limits
        self._wait_seconds = wait_seconds
        self._pieces: list[tuple[bytes, ObjectVersion, Piece]] = []
        self._bytes = 0
        self._records = 0
        self._due: float | None = None

    @property
    def due(self) -> float | None:
        """The monotonic time at which it has waited long enough; None while it is empty."""
        return self._due

    def add(self, key: bytes, version: ObjectVersion, piece: Piece, now: float) -> Packed | None:
        """Add a piece; returns what was in the chunk before where it had no room."""
        full: Packed | None = None
        size = len(piece.value) + 1
        if piece.count:
            # headers count too: thousands of tiny objects with long keys must fit into a message
            size += _PART_BYTES + 2 * len(version.key.encode()) + _PART_BYTES * len(piece.stubs)
        too_many = self._records + piece.count > self._limits.chunk_records
        if self._pieces and (too_many or self._bytes + size > self._limits.chunk_bytes):
            full = self.seal()
        if self._due is None:
            self._due = now + self._wait_seconds
        self._pieces.append((key, version, piece))
        self._bytes += size
        self._records += piece.count
        return full

    def seal(self) -> Packed:
        """What is in it; it is empty then."""
        found = packed(self._pieces)
        self._pieces, self._bytes, self._records, self._due = [], 0, 0, None
        return found
