"""Tells by one row whether an object's rows are utterances or messages of a tree, and by which columns."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from streams.records import Conversation
from streams.shapes.content import is_blank
from streams.shapes.fields import canonical
from streams.shapes.order import ORDER
from streams.shapes.roles import role_of

# Names are compared without case and separators: `Transcript ID` and `transcriptId` are `transcriptid`.
_DIALOGUES = (
    "transcript", "dialogue", "dialog", "conversation", "conv", "convo", "session", "call", "chat", "thread",
    "interview", "episode",
)  # fmt: skip
_NUMBERS = ("id", "no", "num", "number", "idx", "index", "uuid", "key", "hash")
_DIALOGUE = tuple(stem + number for number in _NUMBERS for stem in _DIALOGUES)
_SPEAKER = (
    "interlocutor", "speaker", "role", "speakerrole", "speakertype", "speakername", "participant",
    "participantrole", "senderrole", "sendertype", "authorrole", "authortype",
)  # fmt: skip
# These hold anybody's name as often as a role: they count where the row's value is a role's word.
_WEAK_SPEAKER = ("author", "from", "sender", "speakerid", "party", "talker", "by", "who", "name", "type")
_TEXT = (
    "utterancetext", "utterance", "turntext", "messagetext", "dialoguetext", "text", "content", "message",
    "value", "sentence", "speech", "body",
)  # fmt: skip
_UTTERANCE = (
    "utteranceid", "utteranceno", "utteranceindex", "utteranceidx", "utterancenumber", "uttid", "uttno",
    "turnid", "turnindex", "turnidx", "turnno", "turnnumber", "turn", "messageid", "msgid", "lineid", "lineno",
    "sentenceid", "seq", "sequence", "position",
)  # fmt: skip
_ANNOTATOR = ("annotatorid", "annotator", "rater", "raterid", "coder", "coderid", "labeler", "labelerid")
_MESSAGE = ("messageid", "msgid")
_PARENT = ("parentid", "parentmessageid", "parentmsgid")
_TREE = ("messagetreeid", "treeid", "conversationtreeid", "rootid", "rootmessageid")
_DELETED = ("deleted", "isdeleted")

# A row in which one of these says something is a whole record, in one shape or another.
_WHOLE = frozenset(
    {"messages", "conversations", "response", "completion", "output", "answer", "chosen", "instruction"}
)
_LONGEST_ID = 200
_LONGEST_NAME = 64
# Shapes that a row of a dialogue can have too; a tagged text counts as whole where it can be read.
_PARTS = frozenset({"text_only", "tagged_text", "one_side"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field is what. Optional ones are empty where the table has none."""

    kind: str  # utterances, tree
    speaker: str
    text: str
    dialogue: str = ""  # utterances; of a tree: what all its messages share
    utterance: str = ""
    annotator: str = ""
    message: str = ""  # tree
    parent: str = ""
    deleted: str = ""

    def id_in(self, document: dict[str, Any], name: str) -> str:
        """The id in a column; empty where the table has no such column."""
        return id_of(document.get(name)) if name else ""

    def carried(self) -> dict[str, str]:
        """As JSON, for a position; `columns_carried` reads it."""
        return {name: value for name, value in asdict(self).items() if value}


UTTERANCES = "utterances"
TREE = "tree"


def columns_carried(carry: Mapping[str, Any]) -> Columns:
    return Columns(**carry)


def columns_of(document: dict[str, Any]) -> Columns | None:
    """The columns of a row that is part of a dialogue; None for one that is a record by itself, or unclear."""
    names: dict[str, str] = {}
    for name in document:
        names.setdefault("".join(filter(str.isalnum, name)).lower(), name)
    if any(one in names and says_something(document[names[one]]) for one in _WHOLE):
        return None
    speaker = _speaker(names, document)
    texts = (names[one] for one in _TEXT if one in names)
    text = next((name for name in texts if isinstance(document[name], str | list | None)), "")
    if not speaker or not text:
        return None
    message, parent = _first(_MESSAGE, names), _first(_PARENT, names)
    dialogue = _dialogue(names, document)
    if not parent and not dialogue and message == "message_id" and _first(_TREE, names):
        # OpenAssistant's root, of a writer that leaves nulls out: the rows behind it name their parents
        parent = "parent_id"
    if message and parent and id_of(document[message]):
        tree = _first(_TREE, names) or dialogue
        # JSON may name it only where it is true: the first row need not have it
        deleted = _first(_DELETED, names) or _DELETED[0]
        found = Columns(TREE, speaker, text, tree, message=message, parent=parent, deleted=deleted)
    elif dialogue:
        utterance, annotator = _first(_UTTERANCE, names), _first(_ANNOTATOR, names)
        found = Columns(UTTERANCES, speaker, text, dialogue, utterance, annotator)
    else:
        return None
    return None if _has_shape(document) else found


def id_of(value: Any) -> str:
    """An id as text; empty where there is none. In JSON and in a table the same id reads alike."""
    if type(value) is str:
        text = value.strip()
        return "" if text.lower() in ("null", "none", "nan") else text[:_LONGEST_ID]
    return str(value) if type(value) is int or type(value) is float else ""


def says_something(value: Any) -> bool:
    """False for what a spare column holds: null, a blank or placeholder, an empty list or object."""
    if type(value) is str or value is None:
        return not is_blank(value)
    return value not in ([], {})


def is_whole(document: dict[str, Any]) -> bool:
    """True where a field makes the row a record of its own."""
    return not _WHOLE.isdisjoint(document) and any(
        says_something(document[name]) for name in _WHOLE.intersection(document)
    )


def fragment_of(said: dict[str, Any]) -> bytes | None:
    """As JSON, to be held; None for what is nested deeper than can be written."""
    try:
        # a copy: the bytes that the library gives take 4 KiB however short they are
        return bytes(memoryview(orjson.dumps(said)))
    except orjson.JSONEncodeError:
        return None


def _dialogue(names: dict[str, str], document: dict[str, Any]) -> str:
    """The column that names the dialogue. Called `dialogue` alone, it must not hold a text instead."""
    for one in (*_DIALOGUE, *_DIALOGUES):
        value = id_of(document[names[one]]) if one in names else ""
        if value and (one not in _DIALOGUES or (len(value) <= _LONGEST_NAME and len(value.split()) < 3)):
            return names[one]
    return ""


def _first(wanted: tuple[str, ...], names: dict[str, str]) -> str:
    return next((names[one] for one in wanted if one in names), "")


def _speaker(names: dict[str, str], document: dict[str, Any]) -> str:
    """The column whose value is a role's word, else the first that can hold nothing but who speaks."""
    there = [names[one] for one in (*_SPEAKER, *_WEAK_SPEAKER) if one in names]
    named = next((name for name in there if role_of(document[name]) is not None), "")
    strong = next((names[one] for one in _SPEAKER if one in names), "")
    found = named or strong
    return found if found and id_of(document[found]) else ""


def _has_shape(document: dict[str, Any]) -> bool:
    """True where a shape takes the row for a record of its own. Spare columns are no part of one."""
    fields = canonical({name: value for name, value in document.items() if says_something(value)})
    for row in ORDER:
        if row.one_of.isdisjoint(fields):
            continue
        found = row.function(fields)
        if found is not None and (row.name not in _PARTS or (_is_tagged(row.name, found))):
            return True
    return False


def _is_tagged(name: str, found: object) -> bool:
    return name == "tagged_text" and isinstance(found, Conversation) and len(found.messages) > 1
