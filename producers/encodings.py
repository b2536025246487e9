"""The encoding of an object's plain bytes, by its byte order mark; everything behind reads UTF-8."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from producers.compressions.stream import Damage
from producers.states import ObjectReason

LONGEST_MARK = 3

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# A byte that neither UTF-8 nor Windows-1252 knows: its record is refused as bad_encoding.
_UNREADABLE = "\udc81"


class Utf8Stream(Protocol):
    def feed(self, plain: bytes) -> bytes:
        """The same text in UTF-8. Records that cannot be read hold a byte that says so."""
        ...

    def finish(self) -> bytes:
        """The last bytes. Raises Damage where a character is cut."""
        ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """A row: name, byte order mark, and how it is read. The name is empty for UTF-8, with and without mark."""

    name: str
    mark: bytes
    open: Callable[[], Utf8Stream]


class _Utf8:
    def feed(self, plain: bytes) -> bytes:
        return plain

    def finish(self) -> bytes:
        return b""


class _Utf16:
    def __init__(self, codec: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)("surrogatepass")

    def feed(self, plain: bytes) -> bytes:
        return _utf8(self._decoder.decode(plain))

    def finish(self) -> bytes:
        kept, _ = self._decoder.getstate()
        if kept:
            raise Damage(ObjectReason.TRUNCATED)
        return b""


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub(_UNREADABLE, text).encode(errors="surrogateescape")


UTF8 = Encoding("", codecs.BOM_UTF8, _Utf8)
ENCODINGS: tuple[Encoding, ...] = (
    Encoding("utf-16-le", codecs.BOM_UTF16_LE, lambda: _Utf16("utf-16-le")),
    Encoding("utf-16-be", codecs.BOM_UTF16_BE, lambda: _Utf16("utf-16-be")),
    UTF8,
)


def encoding_of(head: bytes) -> Encoding:
    """What an object's first plain bytes show; UTF-8 without a mark. The mark is text like any other: U+FEFF."""
    return next((row for row in ENCODINGS if head.startswith(row.mark)), UTF8)


def encoding_named(name: str) -> Encoding:
    """The row of that name. Raises KeyError: a ledger that names another was written by a newer Forebay."""
    for row in ENCODINGS:
        if row.name == name:
            return row
    raise KeyError(name)
