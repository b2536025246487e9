"""What a sink holds of one partition, and the rules by which a chunk counts, counts as a repeat, or waits.

Everything here follows from the log and the last claim alone, so two writers that read the same range
come to the same lines whatever happened to them before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Self

from agents.claims import Claim
from agents.files import Pressed, press
from clients.errors import Fatal
from streams.chunks import DecidedChunk

# What a held message costs beside its pressed bytes: it keeps runs of repeats, which have none, bounded.
MESSAGE_BYTES = 1024


class Took(Enum):
    """What became of a delivered message. All but STALE belong to the range and are acked with it."""

    LINES = auto()
    REPEAT = auto()
    GAP = auto()
    STALE = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """A delivered message. `raw_next` and `raw_seen` are the partition's after it."""

    offset: int
    raw_next: int
    raw_seen: int
    sections: tuple[Pressed, ...]
    timestamp_ms: int
    received_at: float
    ack: Callable[[], None]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The first messages of a buffer, as one range."""

    number: int
    first: int
    next: int
    raw_first: int
    raw_next: int
    raw_seen: int
    messages: tuple[Message, ...]


@dataclass(slots=True, eq=False)
class Buffer:
    """One partition from its last claim on: mutable, held by one sink, dropped whole when revoked.

    `number` is that of the claim to come and `first` its first offset. `adopted` is a claim of that number
    which another has written: it must be finished, ending where it says, before anything else.
    """

    partition: int
    number: int
    first: int
    raw_first: int
    raw_seen_first: int
    adopted: Claim | None = None
    is_found_unfinished: bool = False
    messages: list[Message] = field(default_factory=list)
    size_bytes: int = 0
    gap_since: float | None = None
    is_gap_alarmed: bool = False

    @classmethod
    def at_start(cls, partition: int, raw_first: int) -> Self:
        """Nothing was ever claimed: all of `decided`, and `raw` from where the run began."""
        return cls(partition, 1, 0, raw_first, raw_first)

    @classmethod
    def behind(cls, claim: Claim) -> Self:
        return cls(claim.partition, claim.number + 1, claim.next, claim.raw_next, claim.raw_seen)

    @classmethod
    def finishing(cls, claim: Claim) -> Self:
        """Before a claim whose files are not all there: its range is read again."""
        return cls(
            claim.partition,
            claim.number,
            claim.first,
            claim.raw_first,
            claim.raw_first,
            claim,
            is_found_unfinished=True,
        )

    @property
    def position(self) -> int:
        """The offset that is due next."""
        return self.messages[-1].offset + 1 if self.messages else self.first

    @property
    def raw_next(self) -> int:
        """The raw offset that is due next."""
        return self.messages[-1].raw_next if self.messages else self.raw_first

    @property
    def raw_seen(self) -> int:
        """The end of the raw offsets that came by, also of those that were skipped."""
        return max(self.raw_seen_first, self.messages[-1].raw_seen) if self.messages else self.raw_seen_first

    @property
    def is_gap_open(self) -> bool:
        return self.raw_seen > self.raw_next

    @property
    def can_be_cut(self) -> bool:
        if self.adopted is not None:
            return self.position >= self.adopted.next
        return bool(self.messages)

    def take(
        self, offset: int, timestamp_ms: int, chunk: DecidedChunk, ack: Callable[[], None], now: float
    ) -> Took:
        """Put a message in its place. Raises Fatal when messages before it were left out."""
        if offset < self.position:
            # a copy from before a rebalance: its offset was acked, or will be, by the one that was taken
            return Took.STALE
        raw_next = self.raw_next
        follows = chunk.came_from <= raw_next <= chunk.raw_offset
        if offset > self.position and not follows:
            # a chunk that follows proves that the hole held no news; any other could hide a loss
            raise Fatal(
                f"partition {self.partition}: offset {offset} came where {self.position} is due, and its chunk "
                "does not follow the last one: read the partition again from its last claim"
            )
        sections: tuple[Pressed, ...] = ()
        if follows:
            took, raw_next, sections = Took.LINES, chunk.raw_offset + 1, press(chunk)
        else:
            took = Took.REPEAT if chunk.raw_offset < raw_next else Took.GAP
        raw_seen = max(self.raw_seen, chunk.raw_offset + 1)
        size_bytes = MESSAGE_BYTES + sum(len(section.blocks) for section in sections)
        message = Message(offset, raw_next, raw_seen, sections, timestamp_ms, now, ack, size_bytes)
        self.messages.append(message)
        self.size_bytes += message.size_bytes
        self.note_gap(now)
        return took

    def note_gap(self, now: float) -> None:
        """Remember since when a chunk is missing."""
        if not self.is_gap_open:
            self.gap_since, self.is_gap_alarmed = None, False
        elif self.gap_since is None:
            self.gap_since = now

    def cut(self) -> Cut:
        """All that is held, or what belongs to the adopted claim. Call it when `can_be_cut`."""
        messages = self.messages
        if self.adopted is not None:
            messages = [message for message in messages if message.offset < self.adopted.next]
        if not messages:
            raise Fatal(
                f"partition {self.partition}: claim {self.number} holds no message that is in the log"
            )
        last = messages[-1]
        end = last.offset + 1
        raw_seen = max(self.raw_seen_first, last.raw_seen)
        return Cut(self.number, self.first, end, self.raw_first, last.raw_next, raw_seen, tuple(messages))

    def drop(self, cut: Cut) -> None:
        """Go on behind a cut whose claim and files are written."""
        del self.messages[: len(cut.messages)]
        self.size_bytes -= sum(message.size_bytes for message in cut.messages)
        self.number, self.first, self.raw_first = cut.number + 1, cut.next, cut.raw_next
        # its writer may know of an older gap than this buffer, which began at the range
        self.raw_seen_first = max(cut.raw_seen, self.adopted.raw_seen if self.adopted else 0)
        self.adopted, self.is_found_unfinished = None, False
