"""Runs the pack's Hyperscan passes over the folded text of a conversation, side by side, and sorts what they hit."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

import hyperscan

from streams.fold import Offsets, fold_but_case
from streams.records import Conversation, Role, Span
from streams.rules.dialect import SEPARATOR
from streams.rules.model import Kind, Pack, Reads, Rule

# Index of the reasoning where a span names its message: it stands beside the messages, not among them.
REASONING = -1

# No pattern spans more folded bytes than this; it bounds the search for a match's start.
_LONGEST_MATCH = 240

# Bytes on either side of a word that are read for the rules near names: more than any of them is long.
_AROUND = 100

_READ_BY = {
    Role.USER: int(Reads.USER),
    Role.ASSISTANT: int(Reads.ASSISTANT),
    Role.SYSTEM: int(Reads.SYSTEM),
    Role.TOOL: int(Reads.SYSTEM),
}
_ASIDE = int(Reads.ASIDE)
_NOT_DIGITS = bytes(sorted({*range(256)} - {*b"0123456789"}))


class Hit(NamedTuple):
    """A rule matched in a message; `end` is an offset in the scan's folded text.

    A tuple, for it is made for every match of every record: a third of a dataclass's cost.
    """

    rule: Rule
    message: int
    end: int


class Side(NamedTuple):
    """What one side says: the places of its messages, and their folded texts joined by SEPARATOR."""

    places: list[int]
    text: bytes


_NOBODY = Side([], b"")


class WordScores(NamedTuple):
    """What the word models say (log-odds by name) of both sides together, and of the assistant's words."""

    exchange: Mapping[str, float]
    reply: Mapping[str, float]


_END = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Scan:
    """The folded messages joined (and the reasoning last), where each starts, each side's alone, and the hits by kind.

    `cased` is `text` with its capitals. Offsets are bytes of `text`. The last element of `starts` lies one separator
    behind the end. `word_scores` (one or none yet) and `spoken` are what `word_scores.py` and `gate.py` have found out, for the steps
    that ask after the first.
    """

    conversation: Conversation
    text: bytes
    cased: bytes
    starts: tuple[int, ...]
    sides: Mapping[int, Side]
    hits: dict[Kind, list[Hit]]
    word_scores: list[WordScores] = field(default_factory=list)
    spoken: dict[Kind, tuple[list[int], bytes]] = field(default_factory=dict)
    _offsets: dict[int, Offsets] = field(default_factory=dict)

    def side(self, reader: int) -> Side:
        """What one side (`Reads` as a number) says."""
        return self.sides.get(reader, _NOBODY)

    def said_by(self, readers: Sequence[int]) -> Side:
        """What several sides say, in the order in which it is said."""
        if len(readers) == 1:
            return self.side(readers[0])
        places = sorted([place for reader in readers for place in self.side(reader).places])
        return Side(places, SEPARATOR.join([self.text[slice(*self.bounds(place))] for place in places]))

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


def _note(rule: int, _start: int, end: int, _flags: int, found: object) -> None:
    found.append((rule, end))  # type: ignore[attr-defined]


def scan(conversation: Conversation, pack: Pack) -> Scan:
    """Every rule's matches in the messages that it reads, or one of them where `Rule.speaks_once`.

    Guards are not asked yet. Where roles were guessed, the gates read both sides. Raises hyperscan.error when the
    engine fails.
    """
    texts = [fold_but_case(message.content) for message in conversation.messages]
    readers = [_READ_BY[message.role] for message in conversation.messages]
    if conversation.reasoning:
        texts.append(fold_but_case(conversation.reasoning))
        readers.append(_ASIDE)
    cased = SEPARATOR.join(texts)
    text = cased.lower()
    starts = (0, *accumulate([len(folded) + 1 for folded in texts]))
    sides = {reader: _side(texts, readers, reader) for reader in dict.fromkeys(readers)}

    found: list[tuple[int, int]] = []
    databases = pack.databases
    for reader, side in sides.items():
        if reader in databases.sides:
            _scan_side(databases.sides[reader], databases.closer, side, starts, found)
        if conversation.roles_guessed and reader in databases.guessed:
            _scan_side(databases.guessed[reader], databases.closer, side, starts, found)
    _scan_whole(pack, text, cased, found)
    if not found:
        return Scan(conversation, text, cased, starts, sides, {})

    found.sort(key=_END)
    columns = pack.columns_guessed if conversation.roles_guessed else pack.columns
    hits: dict[Kind, list[Hit]] = {}
    for number, end in found:
        kind, reads, rule = columns[number]
        place = bisect_left(starts, end) - 1
        reader = readers[place]
        if reader & reads:
            hit = Hit(rule, REASONING if reader == _ASIDE else place, end)
            if kind in hits:
                hits[kind].append(hit)
            else:
                hits[kind] = [hit]
    return Scan(conversation, text, cased, starts, sides, hits)


def _side(texts: list[bytes], readers: list[int], reader: int) -> Side:
    places = [place for place, own in enumerate(readers) if own == reader]
    return Side(places, SEPARATOR.join([texts[place] for place in places]).lower())


def _scan_side(
    database: hyperscan.Database,
    closer: Mapping[int, hyperscan.Database],
    side: Side,
    starts: tuple[int, ...],
    found: list[tuple[int, int]],
) -> None:
    """Adds rule numbers and ends, as offsets in all texts joined, of what one side says."""
    noted: list[tuple[int, int]] = []
    database.scan(side.text, match_event_handler=_note, context=noted)
    if not noted:
        return
    ends = [hit for hit in noted if hit[0] not in closer]
    if len(ends) < len(noted):
        for number in {number for number, _ in noted if number in closer}:
            closer[number].scan(side.text, match_event_handler=_note, context=ends)
    # a side's messages stand further apart in the whole text: an end moves with its message
    firsts = [0, *accumulate([starts[place + 1] - starts[place] for place in side.places])]
    for number, end in ends:
        place = bisect_left(firsts, end) - 1
        found.append((number, end - firsts[place] + starts[side.places[place]]))


def _scan_whole(pack: Pack, text: bytes, cased: bytes, found: list[tuple[int, int]]) -> None:
    """Adds what is looked for in all texts at once: names, hints, and personal data, where there are digits enough."""
    databases = pack.databases
    given, may_be_names = pack.name_lists.ends(cased)
    for number in databases.lists_names:
        found.extend([(number, end) for end in given])
    held = len(text.translate(None, _NOT_DIGITS))
    for whole in databases.whole:
        if held < whole.fewest_digits:
            continue
        read = cased if whole.keeps_case else text
        if not whole.near_names:
            whole.database.scan(read, match_event_handler=_note, context=found)
        elif may_be_names:
            _scan_near(whole.database, read, may_be_names, found)
    for hint in databases.hints:
        first = text.find(hint.needle)
        if first >= 0:
            found.extend([(hint.number, place.end()) for place in hint.finder.finditer(text, first)])


def _scan_near(
    database: hyperscan.Database, text: bytes, ends: list[int], found: list[tuple[int, int]]
) -> None:
    """Adds what the text around the ends holds; they are in order, and what overlaps is read once."""
    starts: list[int] = []
    stops: list[int] = []
    for end in ends:
        # a word cut in two could look like another
        stop = text.find(b" ", end + _AROUND)
        stop = len(text) if stop < 0 else stop
        if stops and end - _AROUND <= stops[-1]:
            stops[-1] = stop
        else:
            starts.append(max(0, text.rfind(b" ", 0, max(0, end - _AROUND))))
            stops.append(stop)
    pieces = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    noted: list[tuple[int, int]] = []
    database.scan(SEPARATOR.join(pieces), match_event_handler=_note, context=noted)
    firsts = [0, *accumulate([len(piece) + 1 for piece in pieces])]
    for number, end in noted:
        place = bisect_left(firsts, end) - 1
        found.append((number, end - firsts[place] + starts[place]))
