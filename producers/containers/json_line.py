"""A JSON value as it stands in a file, made a line of UTF-8 without being written anew."""

import orjson

from producers.containers.encoding import is_utf8, repaired
from streams.outcomes import Reason

# How orjson says that a document goes deeper than it follows.
_PARSER_DEPTH = "depth limit"


def line_of(raw: bytes, most_bytes: int) -> tuple[bytes | Reason, bool]:
    """The line, or why there is none: bad_encoding, bad_json, too_deep, too_large; and whether it was repaired.

    A value on one line is passed on unparsed: conversion says whether it is JSON.
    """
    is_repaired = not is_utf8(raw)
    if is_repaired:
        text = repaired(raw)
        if text is None:
            return Reason.BAD_ENCODING, False
        if len(text) > most_bytes:
            return Reason.TOO_LARGE, False
        raw = text
    if b"\n" in raw or b"\r" in raw:
        # a line break in a string is no JSON, and a space in its place would be
        try:
            orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return Reason.TOO_DEEP if _PARSER_DEPTH in error.msg else Reason.BAD_JSON, False
        raw = raw.replace(b"\n", b" ").replace(b"\r", b" ")
    return raw, is_repaired
