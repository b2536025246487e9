"""Finds records in a stream of JSON values without parsing them: arrays, wrapped objects, values in a row.

Only brackets outside strings are counted, so that depth costs nothing and a record of any size can be passed
over. Records stand at the level of the open contexts: `[` is an array whose
elements are records, `{` an object of which only lists under known names are read. Both are carried, so that
reading goes on behind any record, and a missing end is seen.
"""

import re
from collections.abc import Mapping
from typing import Any

from producers.containers.container import Parser, Records
from producers.containers.json_brackets import Brackets
from producers.containers.json_line import line_of
from producers.containers.json_outline import outline
from producers.containers.json_wrappers import is_wrapper, wrapper_key
from producers.limits import Limits
from producers.states import ObjectReason
from streams.outcomes import Reason

LOOK_AHEAD_BYTES = 64 << 10
_MOST_OPEN = 8  # a wrapper in a wrapper in …: what stands deeper is passed over

# commas may be missing or too many; files that were strung together bring their marks and separators along
_BETWEEN = re.compile(rb"(?:[ \t\r\n,\x1e]++|\xef\xbb\xbf)*+")
# the backslash at the end of a block belongs to the byte behind it, which is not there yet
_LITERAL = re.compile(rb'(?:[^ \t\r\n,{}\[\]"\\]++|\\["\\]|\\(?=[^"\\]))*+')
_SCALAR = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity")
_HEAD = re.compile(rb'"((?:[^"\\]++|\\.)*+)"\s*+:\s*+(?=\S)', re.DOTALL)
_CUT_HEAD = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:\\?\Z|"\s*+(?::\s*+)?\Z)', re.DOTALL)
_CLOSES = {"[": 0x5D, "{": 0x7D, "": 0}
_QUOTE, _BACKSLASH = 0x22, 0x5C
_OPENERS, _CLOSERS = b"{[", b"}]"


class JsonValues:
    """Records at the level of the open contexts. `carry` holds:

    `open`: the open contexts, outermost first. `elements`: a top-level array is a list of records, else one
    record. `wrapped`: each top-level object may be a wrapper, which its first 64 KiB show, else a record.
    """

    def __init__(self, limits: Limits, byte: int, carry: Mapping[str, Any]) -> None:
        self._limit = limits.record_bytes
        self._open: str = carry.get("open", "")
        self._elements = bool(carry.get("elements"))
        self._wrapped = bool(carry.get("wrapped"))
        self._carried = self._open  # what the last record carried
        self._record_at = -1  # where a top-level object begins that is known to be a record
        self._byte = byte  # where `_data` begins in the plain object
        self._data = b""
        self._brackets = Brackets(byte, len(self._open))
        # a value that is passed over without being held: its first byte, start, and whether it is a record
        self._skipped: tuple[int, int, bool] | None = None

    def feed(self, block: bytes) -> Records:
        found = Records()
        self._brackets.scan(block)
        self._data = self._data + block if self._data else block
        self._drop(self._read(found, is_last=False))
        return found

    def finish(self, *, is_damaged: bool) -> Records:
        found = Records()
        self._drop(self._read(found, is_last=True, is_damaged=is_damaged))
        if not found.damage and self._open:
            found.damage = ObjectReason.TRUNCATED
        return found

    def _drop(self, at: int) -> None:
        self._data = self._data[at:]
        self._byte += at
        self._brackets.forget(self._byte)

    def _read(self, found: Records, *, is_last: bool, is_damaged: bool = False) -> int:
        """Reads on as far as it goes; returns how many bytes need not be held."""
        data, byte = self._data, self._byte
        at = 0
        while not found.damage:
            if self._skipped is not None:
                at = self._skip(found, at, is_last=is_last)
                if self._skipped is not None:
                    break
                continue
            between = _BETWEEN.match(data, at)
            assert between is not None
            at = between.end()
            if at == len(data):
                break
            first = data[at]
            if first in _CLOSERS:
                if first != _CLOSES[self._open[-1:]]:
                    self._corrupt(found, byte + at)
                    break
                self._open = self._open[:-1]
                at += 1
            elif self._open.endswith("{"):
                behind = self._member(found, at, is_last=is_last)
                if behind == at:
                    break
                at = behind
            elif not self._open and (entered := self._enters(at, is_last=is_last)) is not False:
                if entered is None:
                    break
                self._open += chr(first)
                at += 1
            else:
                end = self._end(first, at, at, is_last=is_last and not is_damaged)
                if end is None:
                    if is_last:
                        self._cut_off(found, at)
                        at = len(data)
                    elif len(data) - at > self._limit:
                        self._skipped = (first, byte + at, True)
                        continue
                    break
                self._settle(found, at, end)
                at = end
        return at

    def _end(self, first: int, start: int, at: int, *, is_last: bool) -> int | None:
        """Where the value that begins with this byte ends, looked for from `at` on; None: not yet."""
        if first in _OPENERS:
            end = self._brackets.end_of_value(len(self._open), self._byte + start)
        elif first == _QUOTE:
            end = self._brackets.end_of_string(self._byte + start)
        else:
            literal = _LITERAL.match(self._data, at)
            assert literal is not None
            behind = literal.end()
            is_open = behind == len(self._data) or self._data[behind] == _BACKSLASH
            if not is_open:
                return behind
            return len(self._data) if is_last and not self._open else None
        return None if end is None else end + 1 - self._byte

    def _skip(self, found: Records, at: int, *, is_last: bool) -> int:
        """Goes on in a value that is not held: behind it, or as far as there are bytes."""
        assert self._skipped is not None
        first, start, is_record = self._skipped
        end = self._end(first, start - self._byte, at, is_last=is_last)
        if end is not None and first in _OPENERS and self._data[end - 1] != _CLOSES[chr(first)]:
            self._skipped = None
            self._corrupt(found, start)
            return at
        if end is None and not is_last:
            # a backslash stays: whether it escapes is known with the byte behind it
            return len(self._data) - (first not in b'{["' and self._data.endswith(b"\\"))
        at = len(self._data) if end is None else end
        if is_record:
            self._refuse(found, Reason.TOO_LARGE, start, self._byte + at)
        if end is None:
            found.damage = ObjectReason.TRUNCATED
        self._skipped = None
        return at

    def _member(self, found: Records, at: int, *, is_last: bool) -> int:
        """Reads a name in a wrapper and enters its value or sets it to be passed over."""
        head = _HEAD.match(self._data, at)
        if head is None or head.end() - at > self._limit + LOOK_AHEAD_BYTES:
            is_cut = head is None and _CUT_HEAD.match(self._data, at) is not None
            if is_cut and is_last:
                found.damage = ObjectReason.TRUNCATED
            elif not is_cut or len(self._data) - at > self._limit + LOOK_AHEAD_BYTES:
                self._corrupt(found, self._byte + at)
            return at
        value = head.end()
        first = self._data[value]
        if first in b",}]":
            return value
        is_entered = first == 0x5B or (first == 0x7B and len(self._open) < _MOST_OPEN)
        if is_entered and wrapper_key(head[1].decode(errors="replace")):
            self._open += chr(first)
            return value + 1
        self._skipped = (first, self._byte + value, False)
        return value

    def _enters(self, at: int, *, is_last: bool) -> bool | None:
        """Is the top-level value at `at` one of several records, not a record? None: it takes more bytes to say."""
        first = self._data[at]
        if first == 0x5B:
            return self._elements
        if first != 0x7B or not self._wrapped or self._record_at == self._byte + at:
            return False
        end = self._brackets.end_of_value(0, self._byte + at)
        if end is None and len(self._data) - at < LOOK_AHEAD_BYTES and not is_last:
            return None
        behind = len(self._data) if end is None else end + 1 - self._byte
        if is_wrapper(outline(self._data[at : min(behind, at + LOOK_AHEAD_BYTES)]).value):
            return True
        self._record_at = self._byte + at
        return False

    def _settle(self, found: Records, at: int, behind: int) -> None:
        first, start, end = self._data[at], self._byte + at, self._byte + behind
        if first in _OPENERS and self._data[behind - 1] != _CLOSES[chr(first)]:
            self._corrupt(found, start)
            return
        if behind - at > self._limit:
            self._refuse(found, Reason.TOO_LARGE, start, end)
            return
        if first not in b'{["' and not self._open and not _SCALAR.fullmatch(self._data, at, behind):
            self._corrupt(found, start)
            return
        line, is_repaired = line_of(self._data[at:behind], self._limit)
        if isinstance(line, Reason):
            self._refuse(found, line, start, end)
            return
        if is_repaired:
            found.repaired.add(len(found.lines))
        self._carry(found)
        found.add(line, end)

    def _cut_off(self, found: Records, at: int) -> None:
        """The object ends within a value."""
        end = self._byte + len(self._data)
        is_large = len(self._data) - at > self._limit
        self._refuse(found, Reason.TOO_LARGE if is_large else Reason.BAD_JSON, self._byte + at, end)
        found.damage = ObjectReason.TRUNCATED

    def _corrupt(self, found: Records, byte: int) -> None:
        found.damage = ObjectReason.CORRUPT
        found.damage_at = byte

    def _refuse(self, found: Records, reason: Reason, start: int, end: int) -> None:
        self._carry(found)
        found.refuse(reason, start, end, end)

    def _carry(self, found: Records) -> None:
        if self._open != self._carried:
            self._carried = self._open
            found.carries[len(found.lines)] = carry(
                self._open, elements=self._elements, wrapped=self._wrapped
            )


def carry(open_: str = "", *, elements: bool, wrapped: bool) -> dict[str, Any]:
    """What a JsonValues is opened with."""
    return {"open": open_, "elements": elements, "wrapped": wrapped}


def open_values(limits: Limits, byte: int, carried: Mapping[str, Any]) -> Parser:
    return JsonValues(limits, byte, carried)
