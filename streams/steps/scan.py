"""A conversation as the rules see it: its folded text, and what the pack's passes over it hit, by kind of rule."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

from streams.fold import Offsets, fold_but_case
from streams.records import Conversation, Role, Span
from streams.rules.dialect import SEPARATOR
from streams.rules.model import Kind, Pack, Reads, Rule
from streams.rules.plain import Plain
from streams.steps.passes import Side, scan_side, scan_whole

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
_BOTH = (int(Reads.USER), int(Reads.ASSISTANT))


class Hit(NamedTuple):
    """A rule matched in a message; `end` is an offset in the scan's folded text.

    A tuple, for it is made for every match of every record: a third of a dataclass's cost.
    """

    rule: Rule
    message: int
    end: int


_NOBODY = Side([], b"")


class WordScores(NamedTuple):
    """What the word models say (log-odds, in the order of their names) of both sides, and of the assistant's words."""

    exchange: Sequence[float]
    reply: Sequence[float]


_END = itemgetter(1)


@dataclass(slots=True, eq=False)
class Scan:
    """The folded messages joined (and the reasoning last), where each starts and whose it is (`Reads` as a number), each
    side's alone, and the hits by kind.

    `cased` is `text` with its capitals. Offsets are bytes of `text`. The last element of `starts` lies one separator
    behind the end. `word_scores` (one or none yet) and `spoken` are what `word_scores.py` and `spoken.py` have found out, for the steps
    that ask after the first.
    """

    conversation: Conversation
    text: bytes
    cased: bytes
    starts: tuple[int, ...]
    readers: Sequence[int]
    sides: Mapping[int, Side]
    hits: dict[Kind, list[Hit]] = field(default_factory=dict)
    word_scores: list[WordScores] = field(default_factory=list)
    spoken: dict[int, tuple[list[int], Plain]] = field(default_factory=dict)
    _offsets: dict[int, Offsets] = field(default_factory=dict)

    def side(self, reader: int) -> Side:
        """What one side (`Reads` as a number) says."""
        return self.sides.get(reader, _NOBODY)

    def maybe_by(self, reader: int) -> Side:
        """What one side says; what both do, in their order, where it is a guess whose words are whose."""
        if not self.conversation.roles_guessed:
            return self.side(reader)
        places = sorted([place for side in _BOTH for place in self.side(side).places])
        return Side(places, SEPARATOR.join([self.text[slice(*self.bounds(place))] for place in places]))

    def said(self) -> bytes:
        """The folded messages joined, without the reasoning."""
        return self.text[: self.starts[len(self.conversation.messages)] - 1]

    def of(self, kind: Kind) -> Sequence[Hit]:
        """The hits of a kind in order of their ends."""
        return self.hits.get(kind, ())

    def bounds(self, message: int) -> tuple[int, int]:
        """Start and end of a message in `text`; REASONING is the last one."""
        if message == REASONING:
            return self.starts[-2], self.starts[-1] - 1
        return self.starts[message], self.starts[message + 1] - 1

    def message_at(self, at: int) -> int:
        """The message that holds the offset; REASONING where that does."""
        place = bisect_right(self.starts, at) - 1
        return REASONING if place == len(self.conversation.messages) else place

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


def scan(conversation: Conversation, pack: Pack) -> Scan:
    """Every rule's matches in the messages that it reads, or one of them where `Rule.speaks_once`.

    Guards are not asked yet. Where roles were guessed, the gates read both sides. Raises hyperscan.error when the
    engine fails.
    """
    folded = fold_sides(conversation)
    _find(folded, pack)
    return folded


def fold_sides(conversation: Conversation) -> Scan:
    """The scan as the passes read it: folded, each side's words together, without a hit yet."""
    texts = [fold_but_case(message.content) for message in conversation.messages]
    readers = [_READ_BY[message.role] for message in conversation.messages]
    if conversation.reasoning:
        texts.append(fold_but_case(conversation.reasoning))
        readers.append(_ASIDE)
    cased = SEPARATOR.join(texts)
    text = cased.lower()
    starts = (0, *accumulate([len(folded) + 1 for folded in texts]))
    spoken = [text[start : behind - 1] for start, behind in pairwise(starts)]
    sides = {reader: _side(spoken, readers, reader) for reader in dict.fromkeys(readers)}
    return Scan(conversation, text, cased, starts, readers, sides)


def _find(scan: Scan, pack: Pack) -> None:
    found: list[tuple[int, int]] = []
    databases, starts = pack.databases, scan.starts
    is_guess = scan.conversation.roles_guessed
    for reader, side in scan.sides.items():
        if reader in databases.sides:
            scan_side(databases.sides[reader], databases.closer, side, starts, found)
        if is_guess and reader in databases.guessed:
            scan_side(databases.guessed[reader], databases.closer, side, starts, found)
    scan_whole(pack, scan.text, scan.cased, found)
    _add_hits(scan, pack.columns_guessed if is_guess else pack.columns, found)


def look_for_groups(scan: Scan, pack: Pack) -> None:
    """Adds the hits of the rules that name the group of a tag, which most conversations need not be read for."""
    found: list[tuple[int, int]] = []
    if pack.databases.groups is not None:
        for reader in _BOTH:
            scan_side(pack.databases.groups, {}, scan.side(reader), scan.starts, found)
    _add_hits(scan, pack.columns, found)


def _add_hits(scan: Scan, columns: Sequence[tuple[Kind, int, Rule]], found: list[tuple[int, int]]) -> None:
    starts, hits = scan.starts, scan.hits
    found.sort(key=_END)
    for number, end in found:
        kind, reads, rule = columns[number]
        place = bisect_left(starts, end) - 1
        reader = scan.readers[place]
        if reader & reads:
            hit = Hit(rule, REASONING if reader == _ASIDE else place, end)
            if kind in hits:
                hits[kind].append(hit)
            else:
                hits[kind] = [hit]


def _side(texts: list[bytes], readers: list[int], reader: int) -> Side:
    places = [place for place, own in enumerate(readers) if own == reader]
    return Side(places, SEPARATOR.join([texts[place] for place in places]))
