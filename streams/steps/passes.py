"""The pack's Hyperscan passes over a folded text: side by side, and for what is looked for in all of it at once."""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

import hyperscan
import numpy as np

from streams.native import native
from streams.rules.dialect import SEPARATOR
from streams.rules.model import Pack

# Bytes on either side of a word that are read for the rules near names: more than any of them is long.
_AROUND = 100
_ZERO, _DIGITS = np.uint8(ord("0")), np.uint8(10)


class Side(NamedTuple):
    """What one side says: the places of its messages, and their folded texts joined by SEPARATOR."""

    places: list[int]
    text: bytes


def _note(rule: int, _start: int, end: int, _flags: int, found: object) -> None:
    found.append((rule, end))  # type: ignore[attr-defined]


def scan_side(
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


def scan_whole(pack: Pack, text: bytes, cased: bytes, found: list[tuple[int, int]]) -> None:
    """Adds what is looked for in all texts at once: names, hints, and personal data, where there are digits enough."""
    databases = pack.databases
    given, may_be_names = pack.name_lists.ends(cased)
    for number in databases.lists_names:
        found.extend([(number, end) for end in given])
    held = count_digits(text)
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


@native
def count_digits(text: bytes) -> int:
    """How many of the digits 0 to 9 a text holds."""
    count = np.uint32(0)
    for byte in text:
        # what is below zero wraps around to far above nine
        count += np.uint32(np.uint8(np.uint8(byte) - _ZERO) < _DIGITS)
    return int(count)


def _scan_near(
    database: hyperscan.Database, text: bytes, ends: list[int], found: list[tuple[int, int]]
) -> None:
    """Adds what the text around the ends holds; they are in order, and what overlaps is read once."""
    starts: list[int] = []
    stops: list[int] = []
    for end in ends:
        # a word cut in two could look like another; but a text may have no spaces, and is not looked through for each end
        stop = text.find(b" ", end + _AROUND, end + 2 * _AROUND)
        stop = end + 2 * _AROUND if stop < 0 else stop
        if stops and end - _AROUND <= stops[-1]:
            stops[-1] = stop
        else:
            first = max(0, end - 2 * _AROUND)
            starts.append(max(first, text.rfind(b" ", first, max(0, end - _AROUND))))
            stops.append(stop)
    pieces = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    noted: list[tuple[int, int]] = []
    database.scan(SEPARATOR.join(pieces), match_event_handler=_note, context=noted)
    firsts = [0, *accumulate([len(piece) + 1 for piece in pieces])]
    for number, end in noted:
        place = bisect_left(firsts, end) - 1
        found.append((number, end - firsts[place] + starts[place]))
