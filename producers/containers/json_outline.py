"""The outline of a JSON value of which only the beginning may be there: names and nesting, texts left out."""

import re
from dataclasses import dataclass
from typing import Any

# A string (perhaps cut by the end), a bracket, a comma, a colon, or anything else up to one of these.
_TOKEN = re.compile(rb'"((?:[^"\\]++|\\.)*+)"?|[{}\[\],:]|[^\s"{}\[\],:]++', re.DOTALL)
_OBJECT = rb'\{\s*+(?:\Z|\}|"(?:[^"\\]++|\\.)*+(?:\\?\Z|"\s*+(?:\Z|:)))'
_SCALAR = rb'(?:"(?:[^"\\]++|\\.)*+"?|-?\d[\d.eE+-]*+|true|false|null)\s*+(?:\Z|[,\]])'
_BEGINNING = re.compile(rb"\s*+(?:%s|(?:\[\s*+)++(?:\Z|\]|%s|%s))" % (_OBJECT, _OBJECT, _SCALAR), re.DOTALL)
_DEEPEST = 64  # what stands deeper decides nothing


@dataclass(frozen=True, slots=True)
class Outline:
    """`value` has objects, arrays, names and texts as they stand; numbers and literals are None.

    `end` is where the value ends in the data; `is_closed` is False where the data ends before it does.
    """

    value: Any
    end: int
    is_closed: bool


def may_be_json(data: bytes) -> bool:
    """True where the data begins as an object or array does: `{{name}}`, `[Scene]`, `[12:30] so` do not."""
    return _BEGINNING.match(data) is not None


def outline(data: bytes) -> Outline:
    """The outline of the first value in the data. Never raises: it is lenient with all but brackets."""
    root: list[Any] = []
    open_: list[Any] = [root]
    key: str | None = None
    depth = 1
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        inner: Any = None
        if first in b"}]":
            depth -= 1
            if depth < len(open_):
                _put(open_.pop(), key, missing=True)
            key = None
        elif first == 0x2C:  # a comma
            _put(open_[-1], key, missing=True)
            key = None
        elif first == 0x3A:  # a colon
            continue
        elif depth > _DEEPEST:
            depth += first in b"{["
            continue
        elif first == 0x22 and key is None and type(open_[-1]) is dict:
            key = token[1].decode(errors="replace")
            continue
        else:
            inner = {} if first == 0x7B else [] if first == 0x5B else None
            if first == 0x22:
                inner = token[1].decode(errors="replace")
            _put(open_[-1], key, inner)
            key = None
            if first in b"{[":
                depth += 1
                open_.append(inner)
        if depth <= 1:
            return Outline(root[0] if root else None, token.end(), True)
    _put(open_[-1], key, missing=True)
    return Outline(root[0] if root else None, len(data), False)


def _put(into: Any, key: str | None, value: Any = None, *, missing: bool = False) -> None:
    """`missing`: a name whose value does not stand there."""
    if type(into) is dict:
        if key is not None:
            into.setdefault(key, value)
    elif not missing:
        into.append(value)
