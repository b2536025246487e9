"""Packs pieces into raw chunks: a full piece is a chunk, the ends of objects share one."""

from dataclasses import dataclass

from producers.limits import Limits
from producers.pieces import Piece
from producers.states import ObjectVersion
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
        found, where = parts_of(piece, version.bucket, version.key, version.version, container, len(parts))
        parts += found
        stubs += where
        if piece.value:
            values.append(piece.value)
    chunk = RawChunk(b"\n".join(values), tuple(parts), tuple(stubs), EPOCH) if parts else None
    return Packed(chunk, tuple(pieces))


def parts_of(
    piece: Piece, bucket: str, key: str, version: str, container: str, index: int = 0
) -> tuple[list[Part], list[Stub]]:
    """A piece's records as parts of a chunk, the first of them number `index`, and its stubs."""
    parts = [Part(bucket, key, version, first, count, container) for first, count in piece.runs]
    if len(parts) == 1:
        return parts, [Stub(index, stub.record, stub.reason, stub.start, stub.end) for stub in piece.stubs]
    stubs = []
    for stub in piece.stubs:
        place = next(at for at, part in enumerate(parts) if 0 <= stub.record - part.first < part.count)
        stubs.append(Stub(index + place, stub.record, stub.reason, stub.start, stub.end))
    return parts, stubs


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
            part_bytes = _PART_BYTES + 2 * len(version.key.encode())
            size += part_bytes * len(piece.runs) + _PART_BYTES * len(piece.stubs)
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
