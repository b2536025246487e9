"""What field names tell of a sample: records that fit no shape, and files that hold one side of a dialogue only.

Only names that `convert` allows to be shown leave this room; of values only hashes are kept, to compare ids.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any

import orjson

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable

ASKS, ANSWERS, TEXT = "asks", "answers", "text"

_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,63}")
_LONGEST_ID = 128
_DIGITS = re.compile(r"\d+")

ONE_SIDED_SHARE = 0.9  # "nearly all" records of a file
FEWEST_RECORDS = 3
# Two files of bare texts are only called two sides where nearly all their ids are the same.
_SAME_TEXT_IDS = 0.8
_SAME_IDS = 0.05

Names = tuple[str, ...]


def side_of(found: Conversation | Unreadable) -> str:
    """Which side of a dialogue a record holds: asks, answers, text (one text, side unknown); empty: both, or unclear."""
    if isinstance(found, Conversation):
        if found.single_turn:
            return TEXT
        roles = {message.role for message in found.messages}
        return "" if Role.ASSISTANT in roles else ASKS
    return ANSWERS if found.reason is Reason.NO_USER_TURN else ""


def is_id_name(name: str) -> bool:
    """True for `id`, `question_id`, `questionID` and the like that may be shown; not for `paid` or `said`."""
    if not _SAFE_NAME.fullmatch(name):
        return False
    lower = name.lower()
    if lower in ("id", "uuid", "guid") or lower.endswith(("_id", ".id", "_uuid", "_guid")):
        return True
    return name.endswith(("Id", "ID", "Uuid", "UUID")) and len(name) > 2


@dataclass(slots=True)
class Sides:
    """What a file's sampled records tell of its side. `ids`: by field name, hashes of its values."""

    counts: Counter[str] = field(default_factory=Counter)
    records: int = 0
    ids: dict[str, set[bytes]] = field(default_factory=dict)

    def add(self, found: Conversation | Unreadable, line: bytes) -> None:
        """Take one record. `line` is the JSON that `found` was converted from."""
        self.records += 1
        side = side_of(found)
        if not side:
            return
        self.counts[side] += 1
        document: Any = orjson.loads(line)
        if type(document) is not dict:
            return
        for name, value in document.items():
            if type(value) in (str, int) and is_id_name(name):
                text = str(value).strip()
                if text and len(text) <= _LONGEST_ID:
                    self.ids.setdefault(name, set()).add(blake2s(text.encode(), digest_size=8).digest())

    @property
    def side(self) -> str:
        """The one side that nearly all records hold; empty where they hold both, or are too few to tell."""
        if self.records < FEWEST_RECORDS or not self.counts:
            return ""
        side, count = self.counts.most_common(1)[0]
        return side if count >= ONE_SIDED_SHARE * self.records else ""


@dataclass(frozen=True, slots=True)
class OneSided:
    """A file with one side only. `other` is the key of its probable other side, None where no sample is one."""

    key: str
    side: str
    other: str | None = None
    joined_by: str = ""
    other_joined_by: str = ""


def one_sided(files: Sequence[tuple[str, Sides]]) -> list[OneSided]:
    """The files that hold one side only, with the file that probably holds the other, by (key, sides).

    Two such files belong together where an id-like field of one has values of the other's, or, failing that,
    both have one of the same name; a neighbour in the same folder is preferred. A guess, and told as one.
    """
    sided = [(key, sides) for key, sides in files if sides.side]
    found = []
    for key, sides in sided:
        best: tuple[tuple[float, ...], OneSided] | None = None
        for other_key, other in sided:
            if other_key == key or not _may_join(key, sides, other_key, other):
                continue
            joint = _joint(sides, other)
            if joint is None:
                continue
            name, other_name, share = joint
            is_near = key.rpartition("/")[0] == other_key.rpartition("/")[0]
            rank = (float(share > 0), float(is_near), share)
            if best is None or rank > best[0]:
                best = rank, OneSided(key, sides.side, other_key, name, other_name)
        if best is not None:
            found.append(best[1])
        elif sides.side != TEXT:
            # texts without a speaker are a shape of their own: alone they are no half of anything
            found.append(OneSided(key, sides.side))
    return found


def _may_join(key: str, sides: Sides, other_key: str, other: Sides) -> bool:
    if {sides.side, other.side} != {TEXT}:
        return sides.side != other.side
    # parts of one series number their records anew: that makes them no two sides
    return _DIGITS.sub("", key) != _DIGITS.sub("", other_key)


def _joint(sides: Sides, other: Sides) -> tuple[str, str, float] | None:
    """The pair of id-like fields that share most, with the share of the smaller one's values; None: nothing does."""
    best: tuple[str, str, float] | None = None
    for name, values in sides.ids.items():
        for other_name, others in other.ids.items():
            share = len(values & others) / min(len(values), len(others))
            rank = (share, name == other_name, len(name))
            if best is None or rank > (best[2], best[0] == best[1], len(best[0])):
                best = name, other_name, share
    if {sides.side, other.side} == {TEXT}:
        return best if best is not None and best[2] >= _SAME_TEXT_IDS else None
    if best is not None and best[2] >= _SAME_IDS:
        return best
    same = sorted(set(sides.ids) & set(other.ids), key=lambda name: (-len(name), name))
    return (same[0], same[0], 0.0) if same else None


@dataclass(slots=True)
class Unfit:
    """Records that fit no shape and have the same field names; `example` is a place, never text."""

    fields: Names
    records: int = 0
    objects: int = 0
    example: str = ""


def grouped(found: Sequence[tuple[str, dict[Names, tuple[int, int]]]]) -> list[Unfit]:
    """Unfit records of all objects by field set, the most frequent first.

    Takes (place of an object, {field set: (records, number of the first one)}).
    """
    groups: dict[Names, Unfit] = {}
    for place, sets in found:
        for names, (count, first) in sets.items():
            group = groups.setdefault(names, Unfit(names, example=f"{place} record {first}"))
            group.records += count
            group.objects += 1
    return sorted(groups.values(), key=lambda group: (-group.records, group.fields))
