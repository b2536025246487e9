"""Runs the pack's one Hyperscan pass over the folded text of a conversation and sorts what it hit."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from streams.fold import Offsets, fold
from streams.records import Conversation, Role, Span
from streams.rules.dialect import SEPARATOR
from streams.rules.model import Kind, Pack, Reads, Rule

# Index of the reasoning where a span names its message: it stands beside the messages, not among them.
REASONING = -1

# No pattern spans more folded bytes than this; it bounds the search for a match's start.
_LONGEST_MATCH = 240

_READ_BY = {
    Role.USER: int(Reads.USER),
    Role.ASSISTANT: int(Reads.ASSISTANT),
    Role.SYSTEM: int(Reads.SYSTEM),
    Role.TOOL: int(Reads.SYSTEM),
}
_ASIDE = int(Reads.ASIDE)


class Hit(NamedTuple):
    """A rule matched in a message; `end` is an offset in the scan's folded text.

    A tuple, for it is made for every match of every record: a third of a dataclass's cost.
    """

    rule: Rule
    message: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The folded messages joined (and the reasoning last), where each starts, and the hits by kind.

    Offsets are bytes of `text`. The last element of `starts` lies one separator behind the end.
    """

    conversation: Conversation
    text: bytes
    starts: tuple[int, ...]
    hits: dict[Kind, list[Hit]]
    _offsets: dict[int, Offsets] = field(default_factory=dict)

    def of(self, kind: Kind) -> Sequence[Hit]:
        """The hits of a kind in order of their ends."""
        return self.hits.get(kind, ())

    def bounds(self, message: int) -> tuple[int, int]:
        """Start and end of a message in `text`; REASONING is the last one."""
        if message == REASONING:
            return self.starts[-2], self.starts[-1] - 1
        return self.starts[message], self.starts[message + 1] - 1

    def start(self, hit: Hit) -> int:
        """Where the match starts in `text`: Hyperscan reports ends, as starts would cost each scan dear."""
        first, _ = self.bounds(hit.message)
        found = hit.rule.ender().search(self.text, max(first, hit.end - _LONGEST_MATCH), hit.end)
        # both engines take the same dialect; were they ever to differ, the match must still be seen
        return found.start() if found else max(first, hit.end - 1)

    def code_points(self, message: int, start: int, end: int) -> tuple[int, int]:
        """The range of `text` as code points of the message's own text (end exclusive)."""
        first, _ = self.bounds(message)
        offsets = self._offsets.get(message)
        if offsets is None:
            own = (
                self.conversation.reasoning
                if message == REASONING
                else self.conversation.messages[message].content
            )
            offsets = self._offsets[message] = Offsets(own or "")
        return offsets.range(start - first, end - first)

    def span(self, message: int, start: int, end: int) -> Span:
        return Span(message, *self.code_points(message, start, end))


def _note(rule: int, _start: int, end: int, _flags: int, found: object) -> None:
    found.append((rule, end))  # type: ignore[attr-defined]


def scan(conversation: Conversation, pack: Pack) -> Scan:
    """Every rule's matches in the messages that it reads. Guards are not asked yet.

    Where roles were guessed, the gates read both sides. Raises hyperscan.error when the engine fails.
    """
    texts = [fold(message.content) for message in conversation.messages]
    readers = [_READ_BY[message.role] for message in conversation.messages]
    if conversation.reasoning:
        texts.append(fold(conversation.reasoning))
        readers.append(_ASIDE)
    text = SEPARATOR.join(texts)
    starts = (0, *accumulate([len(folded) + 1 for folded in texts]))
    found: list[tuple[int, int]] = []
    pack.database.scan(text, match_event_handler=_note, context=found)

    columns = pack.columns_guessed if conversation.roles_guessed else pack.columns
    hits: dict[Kind, list[Hit]] = {kind: [] for kind in {columns[number][0] for number, _ in found}}
    for number, end in found:
        kind, reads, rule = columns[number]
        message = bisect_left(starts, end) - 1
        reader = readers[message]
        if reader & reads:
            hits[kind].append(Hit(rule, REASONING if reader == _ASIDE else message, end))
    return Scan(conversation, text, starts, hits)
