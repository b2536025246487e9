"""convert: one source line to a conversation in canonical form, or the reason why there is none."""

import re
from typing import Any

import orjson

from streams.outcomes import Reason
from streams.records import Conversation, Unreadable
from streams.shapes.dialogue import turns_of
from streams.shapes.fields import LABEL_NAMES, canonical, shown_names
from streams.shapes.line_bytes import look_at
from streams.shapes.order import ORDER
from streams.shapes.plain_text import make_plain, may_be_unclean

_SPEAKERS = frozenset({"role", "from", "speaker"})
# Fields that hold a dialogue; null in the rows of another set.
_DIALOGUES = frozenset(
    ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "utterances")
)
# Shapes that a fuller one beside or within them is preferred to.
_LESS = frozenset({"text_only", "one_side"})

_MARKS = re.compile(rb"(?:\xef\xbb\xbf)+")
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
        marks = _MARKS.match(line)
        if marks is not None:
            # files with a mark each, put one behind the other
            return convert(line[marks.end() :], json_depth)
        return Unreadable(_why_unparsed(line, error))
    looked = look_at(line)
    if looked.brackets > json_depth and _is_deeper(document, json_depth):
        return Unreadable(Reason.TOO_DEEP, shown_names(document))
    if type(document) is not dict and not _is_messages(document):
        return Unreadable(Reason.UNKNOWN_SHAPE, shown_names(document))
    if may_be_unclean(line, looked):
        make_plain(document)
    fields = canonical(document) if type(document) is dict else {"messages": document}
    found = _shaped(fields)
    if "data" in fields and (found is None or _is_less(found)):
        found = _within(fields) or found
    if isinstance(found, Unreadable) and found.heard is None:
        found = _beside_nothing(fields, found)
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


def _within(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """What `data` holds, with the labels that the record keeps beside it."""
    inner = fields["data"]
    if type(inner) is not dict:
        return None
    labels = {name: value for name, value in fields.items() if name in LABEL_NAMES}
    return _shaped({**labels, **canonical(inner)})


def _beside_nothing(fields: dict[str, Any], refused: Unreadable) -> Conversation | Unreadable:
    """What the record says where its field for a dialogue is null or has no turns, as tables of several sets have it.

    Only a whole pair of question and answer is taken for the record; less than that is heard by the gate.
    """
    rest = {
        name: value for name, value in fields.items() if name not in _DIALOGUES or value not in (None, [])
    }
    found = _shaped(rest) if len(rest) < len(fields) else None
    if isinstance(found, Conversation) and not _is_less(found):
        return found
    heard = found.heard if isinstance(found, Unreadable) else found
    return Unreadable(refused.reason, heard=heard)


def _is_less(found: Conversation | Unreadable) -> bool:
    """True for a text without turns and for a question that nobody answers."""
    return isinstance(found, Conversation) and found.shape in _LESS


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
    named = all(type(item) is dict and not _SPEAKERS.isdisjoint(canonical(item)) for item in document)
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
