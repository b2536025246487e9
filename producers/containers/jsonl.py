"""JSON Lines: one document a line, passed on unparsed."""

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import orjson

from producers.containers.container import Container, Found, Parser, Records, Sample
from producers.containers.encoding import is_utf8, repaired
from producers.containers.json_outline import may_be_json, outline
from producers.containers.json_wrappers import is_bare_dialogue, is_wrapper
from producers.limits import Limits
from streams.outcomes import Reason

# Broken JSON, or a Python literal: every line is counted and rejected. `{{name}}` and `[Scene]` are text.
_LIKE_JSON = re.compile(rb"""\{\s*["'}]|\[\s*[\[{"'\]]""")
# So many lines of the sample show what the others are.
_LOOKED_AT = 50


def _find(sample: Sample) -> Found | None:
    if are_lines(sample):
        return Found()
    lines = [line.strip() for line in sample.lines()]
    likely = [line for line in lines if line[:1] in (b"{", b"[") and len(line) > 1 and line[-1:] != b","]
    if len(lines) < 2 or len(likely) * 2 < len(lines):
        return None
    # a pretty-printed document has such lines too, but few that are documents
    if any(map(_is_whole, likely)):
        return Found()
    return Found() if len(likely) == len(lines) and all(map(_LIKE_JSON.match, lines)) else None


def are_lines(sample: Sample) -> bool:
    """True where each line is a record of its own, by its first lines; False where one value is all there is,
    spans lines, or has records within it."""
    lines = [line.strip() for line in sample.lines()[:_LOOKED_AT]]
    if not lines or lines[0][:1] not in (b"{", b"["):
        return False
    first = lines[0]
    if not sample.is_whole and b"\n" not in sample.data:
        return _begins_a_line(first)  # longer than the sample
    document = _document(first)
    documents = sum(_document(line) is not None for line in lines[1:])
    if document is None:
        # a broken first line, unless a list with a record a line begins here
        opens_list = first == b"[" or (first[:1] == b"[" and _document(first[1:]) is not None)
        return documents * 2 > len(lines) - 1 and not opens_list
    if len(lines) == 1 and sample.is_whole:
        return False
    # behind a whole first line, whatever does not go over into the next one is a line of its own, also a broken one
    goes_over = any(line[:1] in (b"{", b"[") and line[-1:] in b"{[,:" for line in lines[1:])
    return not _has_records(document) and (not goes_over or (documents + 1) * 2 >= len(lines))


def _begins_a_line(data: bytes) -> bool:
    shown = outline(data)
    is_alone = not shown.is_closed or not data[shown.end :].strip()
    return data[:1] == b"{" and may_be_json(data) and is_alone and not _has_records(shown.value)


def _has_records(document: Any) -> bool:
    """True for a wrapper, and for a list of records. A list of lists in a line is a record, as a dialogue is."""
    if type(document) is dict:
        return is_wrapper(document)
    return type(document[0] if document else None) is dict and not is_bare_dialogue(document)


def _document(line: bytes) -> Any:
    """The object or list that a line is, also where it is none by the letter (NaN, Windows-1252); else None."""
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        if line[-1:] not in (b"}", b"]") or not may_be_json(line):
            return None
        shown = outline(line)
        return shown.value if shown.is_closed and shown.end == len(line) else None
    return document if isinstance(document, dict | list) else None


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict | list)
    except orjson.JSONDecodeError:
        return False


class _JsonLines:
    def __init__(self, limits: Limits, byte: int, carry: Mapping[str, Any]) -> None:
        self._limit = limits.record_bytes
        self._byte = byte  # where `_rest` begins in the plain object
        self._rest = b""
        self._skipped_from: int | None = None  # start of a line that is too large to hold

    def feed(self, block: bytes) -> Records:
        found = Records()
        if self._skipped_from is not None:
            cut = block.find(b"\n")
            if cut < 0:
                self._byte += len(block)
                return found
            end = self._byte + cut
            found.refuse(Reason.TOO_LARGE, self._skipped_from, end, end + 1)
            self._skipped_from = None
            self._byte = end + 1
            block = block[cut + 1 :]
        data = self._rest + block
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if lines:
            whole = data[: len(data) - len(self._rest)] if self._rest else data
            self._take(whole, lines, found)
        # one more than the limit: a carriage return at the end does not count
        if len(self._rest) > self._limit + 1:
            self._skipped_from = self._byte
            self._byte += len(self._rest)
            self._rest = b""
        return found

    def _take(self, whole: bytes, lines: list[bytes], found: Records) -> None:
        bounds = list(accumulate(map(len, lines), lambda at, size: at + size + 1, initial=self._byte))
        self._byte = bounds[-1]
        is_plain = b"\r" not in whole and max(map(len, lines)) <= self._limit
        if is_plain and all(map(bytes.strip, lines)) and is_utf8(whole) and not found.lines:
            found.lines, found.ends = lines, bounds[1:]
            return
        for number, line in enumerate(lines):
            self._settle(line, bounds[number], bounds[number + 1], found)

    def _settle(self, raw: bytes, start: int, resume: int, found: Records) -> None:
        line = raw.removesuffix(b"\r")
        if len(line) > self._limit:
            found.refuse(Reason.TOO_LARGE, start, start + len(raw), resume)
        elif not line.strip():
            return
        elif is_utf8(line):
            found.add(line, resume)
        else:
            text = repaired(line)
            if text is None:
                found.refuse(Reason.BAD_ENCODING, start, start + len(raw), resume)
            elif len(text) > self._limit:
                found.refuse(Reason.TOO_LARGE, start, start + len(raw), resume)
            else:
                found.repaired.add(len(found.lines))
                found.add(text, resume)

    def finish(self, *, is_damaged: bool) -> Records:
        found = Records()
        if self._skipped_from is not None:
            found.refuse(Reason.TOO_LARGE, self._skipped_from, self._byte, self._byte)
            self._skipped_from = None
            return found
        start, raw = self._byte, self._rest
        self._byte, self._rest = start + len(raw), b""
        # a cut line that still is a document lost nothing but its newline
        if is_damaged and raw.strip() and not _is_whole(raw):
            found.refuse(Reason.BAD_JSON, start, self._byte, self._byte)
        elif raw:
            self._settle(raw, start, self._byte, found)
        return found


def _open(limits: Limits, byte: int, carry: Mapping[str, Any]) -> Parser:
    return _JsonLines(limits, byte, carry)


JSONL = Container("jsonl", _find, _open)
