"""convert: one source line to a conversation in canonical form, or the reason why there is none."""

from typing import Any

import orjson

from streams.outcomes import Reason
from streams.records import Conversation, Unreadable
from streams.shapes.dialogue import turns_of
from streams.shapes.fields import canonical, shown_names
from streams.shapes.order import ORDER
from streams.shapes.plain_text import make_plain, may_be_unclean

# How orjson says that a document goes deeper than it follows (1,024 levels).
_PARSER_DEPTH = "depth limit"


def convert(line: bytes, json_depth: int) -> Conversation | Unreadable:
    """The conversation in one JSON document of at most `json_depth` levels. Never raises, whatever the bytes.

    Unreadable: bad_json, bad_encoding (not UTF-8), too_deep, unknown_shape, unknown_role, null_content,
    empty, no_user_turn; with the names of the record's fields where it has any.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Unreadable(_why_unparsed(line, error))
    # brackets in texts count too, so this only spares the walk where it cannot find anything
    if line.count(b"{") + line.count(b"[") > json_depth and _is_deeper(document, json_depth):
        return Unreadable(Reason.TOO_DEEP, shown_names(document))
    if type(document) is not dict and not _is_messages(document):
        return Unreadable(Reason.UNKNOWN_SHAPE, shown_names(document))
    if may_be_unclean(line):
        make_plain(document)
    fields = canonical(document) if type(document) is dict else {"messages": document}
    found = _shaped(fields)
    if found is None and type(fields.get("data")) is dict:
        found = _shaped(canonical(fields["data"]))
    if isinstance(found, Conversation):
        return found
    if found is None:
        return Unreadable(Reason.UNKNOWN_SHAPE, shown_names(document))
    return Unreadable(found.reason, shown_names(document), found.heard)


def _shaped(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    for row in ORDER:
        if not row.one_of.isdisjoint(fields):
            found = row.function(fields)
            if found is not None:
                return found
    return None


def _why_unparsed(line: bytes, error: orjson.JSONDecodeError) -> Reason:
    if _PARSER_DEPTH in error.msg:
        return Reason.TOO_DEEP
    try:
        line.decode()
    except UnicodeDecodeError:
        return Reason.BAD_ENCODING
    return Reason.BAD_JSON


def _is_messages(document: Any) -> bool:
    """True for a bare list of messages: each names a speaker (a list of rounds is a file, not a record)."""
    if type(document) is not list or not document:
        return False
    named = all(
        type(item) is dict and ("role" in item or "from" in item or "speaker" in item) for item in document
    )
    return named and turns_of(document) is not None


def _is_deeper(document: Any, json_depth: int) -> bool:
    """True if containers nest deeper than `json_depth`: a list of lists is 2 deep. Level by level, no recursion."""
    level = [document]
    for _ in range(json_depth + 1):
        level = [item for item in level if type(item) is dict or type(item) is list]
        if not level:
            return False
        level = [
            inner for item in level for inner in (item.values() if type(item) is dict else item)
        ]  # fmt: skip
    return True
