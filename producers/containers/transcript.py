"""Plain-text transcript: a dialogue whose lines begin with who speaks; the whole file is one record.

The record is {"text": …}: which turns it has is for conversion to say.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from producers.containers.container import Container, Found, Parser, Records, Sample
from producers.containers.csv_header import find_header
from producers.containers.encoding import is_utf8, repaired
from producers.limits import Limits
from streams.outcomes import Reason
from streams.records import Role
from streams.shapes.roles import role_of

# An optional time or number, an optional mark, one to three words, a colon.
_TAG = re.compile(
    r"[ \t]*(?:(?:[\[(]?(?:\d{4}-\d\d-\d\d[ T])?\d{1,3}(?::\d{2}){0,3}(?:[.,]\d{1,3})?(?:[ ]?[AaPp][Mm])?[\])]?)"
    r"\.?[ \t]*(?:[-–—][ \t]*)?)?"
    r"(?:\*\*|\#{1,4}[ ]|\[|<)?"
    r"([^\W\d_][\w.'’-]*(?:[ ][\w.'’-]+){0,2})"
    r"(?:[ ]?(?:\([^()\n]{1,40}\)|\[[\d:.,]{1,12}\]))?(?:\*\*|\]|>)?[ ]?[:：](?!//)"
)
_NUMBER = re.compile(r"[ _-]?\d+$")
# Initials of the two sides: only both together say that these are speakers.
_INITIALS = {
    "t": Role.ASSISTANT, "th": Role.ASSISTANT, "c": Role.USER, "cl": Role.USER, "p": Role.USER, "pt": Role.USER,
}  # fmt: skip
_MOST_BEFORE = 10  # lines of a heading before somebody speaks
_MOST_LINES_A_TURN = 40  # on the average; more is prose that quotes somebody


def _find(sample: Sample) -> Found | None:
    data = sample.data
    if b"\0" in data or (b":" not in data and "：".encode() not in data):
        return None
    text = data.decode(errors="replace") if is_utf8(data[:-3]) else data.decode("cp1252", errors="replace")
    lines = [line for line in _with_newlines(text).split("\n") if line.strip()]
    names = [_name(line) for line in lines]
    roles = [None if name is None else _role(name) for name in names]
    known = [role for role in roles if role is not None]
    tagged = len(names) - names.count(None)
    if tagged < 2 or not known or len(known) * 2 < tagged or len(known) * _MOST_LINES_A_TURN < len(lines):
        return None
    if not _speak_in_turn(names, roles):
        return None
    first = next(place for place, role in enumerate(roles) if role is not None)
    if first > _MOST_BEFORE or (names[0] is None and find_header(sample) is not None):
        return None  # a quotation in prose; a table whose cells begin so
    return Found()


def _speak_in_turn(names: list[str | None], roles: list[Role | None]) -> bool:
    """True where both sides speak, or one that we know comes again and all names are written as names are:
    the keys of a configuration file are not."""
    if {Role.USER, Role.ASSISTANT} <= set(roles):
        return True
    initials = [name for name in names if name is not None and name.lower().rstrip(".") in _INITIALS]
    tags = [name for name in names if name is not None]
    return not initials and len(set(tags)) < len(tags) and all(name[0].isupper() for name in tags)


def _name(line: str) -> str | None:
    tag = _TAG.match(line)
    return None if tag is None else tag[1]


def _role(name: str) -> Role | None:
    return role_of(_NUMBER.sub("", name)) or _INITIALS.get(name.lower().rstrip("."))


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Transcript:
    def __init__(self, limits: Limits, byte: int, carry: Mapping[str, Any]) -> None:
        self._limit = limits.record_bytes
        self._start = self._byte = byte
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, block: bytes) -> Records:
        self._byte += len(block)
        self._held += len(block)
        # what is larger than the limit need not be held to be refused
        if self._held <= self._limit:
            self._parts.append(block)
        else:
            self._parts = []
        return Records()

    def finish(self, *, is_damaged: bool) -> Records:
        found = Records()
        raw, start, end = b"".join(self._parts), self._start, self._byte
        if is_damaged:
            raw = raw[: raw.rfind(b"\n") + 1] or raw  # half a word would pass for the whole
        if self._held > self._limit:
            found.refuse(Reason.TOO_LARGE, start, end, end)
        elif raw.strip():
            is_repaired = not is_utf8(raw)
            text = repaired(raw) if is_repaired else raw
            line = None if text is None else orjson.dumps({"text": _with_newlines(text.decode())})
            if line is None or len(line) > self._limit:
                reason = Reason.BAD_ENCODING if line is None else Reason.TOO_LARGE
                found.refuse(reason, start, end, end)
            else:
                if is_repaired:
                    found.repaired.add(0)
                found.add(line, end)
        self._parts, self._held, self._start = [], 0, end
        return found


def _open(limits: Limits, byte: int, carry: Mapping[str, Any]) -> Parser:
    return _Transcript(limits, byte, carry)


TRANSCRIPT = Container("transcript", _find, _open)
