"""Tells a record from what is wrapped around records: by the names in it, never by the file's name."""

from collections.abc import Iterable
from typing import Any

from streams.shapes.roles import role_of

# Names under which files keep their records, beside other things.
WRAPPERS = frozenset(
    [
        "conversations",
        "filtered_conversations",
        "dialogues",
        "dialogs",
        "chats",
        "transcripts",
        "sessions",
        "data",
        "dataset",
        "items",
        "records",
        "rows",
        "examples",
        "samples",
        "instances",
        "entries",
        "results",
        "documents",
        "concepts",
        "train",
        "training",
        "valid",
        "validation",
        "val",
        "dev",
        "eval",
        "test",
        "testing",
    ]
)
# Names under which one dialogue's own turns or rounds may stand in a list.
_DIALOGUES = frozenset({"conversations", "dialogues", "dialogs"})
_ROLE_KEYS = ("role", "from", "speaker")
_TEXT_KEYS = frozenset({"content", "value", "text", "utterance", "message", "parts"})
_ROUNDS = (
    {"input", "output"}, {"human", "assistant"}, {"user", "assistant"}, {"client", "therapist"},
    {"question", "answer"}, {"prompt", "response"},
)  # fmt: skip
_BESIDE_A_ROUND = frozenset({"system", "system_prompt", "turn", "round", "index"})
_DIALOGUE_IDS = frozenset(
    [
        "transcriptid",
        "dialogueid",
        "dialogid",
        "conversationid",
        "convid",
        "sessionid",
        "callid",
        "threadid",
        "messagetreeid",
    ]
)
# An object with one of these says something itself: lists beside it are fields of a record.
_SAYS = frozenset(
    [
        "messages",
        "conversation",
        "dialog",
        "dialogue",
        "turns",
        "utterances",
        "response",
        "completion",
        "output",
        "answer",
        "answertext",
        "answer_text",
        "chosen",
        "chosen_messages",
        "text",
        "content",
    ]
)
_DEEPEST = 4


def wrapper_key(name: str) -> bool:
    return _plain(name) in WRAPPERS


def is_wrapper(document: Any, depth: int = _DEEPEST) -> bool:
    """True for an object with a list of records, or an object with such a list, under one of WRAPPERS.

    A list of turns, or a field that says something, makes it a record: its other lists belong to it.
    """
    if type(document) is not dict:
        return False
    found = False
    for name, inner in document.items():
        key = _plain(name)
        if key in _SAYS and type(inner) in (str, list) and inner:
            return False
        if key in WRAPPERS and type(inner) is list:
            if _are_turns(inner, key):
                return False
            found = found or _has_parts(inner)
        elif key in WRAPPERS and depth:
            found = found or is_wrapper(inner, depth - 1)
    return found


def is_bare_dialogue(document: Any) -> bool:
    """True for a list of turns of one dialogue: a record, where another list is a list of records."""
    return type(document) is list and _is_turn(_first_part(document))


def _are_turns(items: list[Any], key: str) -> bool:
    part = _first_part(items)
    if type(part) is dict:
        return _is_turn(part) or (key in _DIALOGUES and _is_round(part))
    if type(part) is list and key in _DIALOGUES:
        # pairs of texts, one dialogue wrapped in a list, or one that is cut into rounds
        lists = [item for item in items if type(item) is list]
        return len(lists) == 1 or all(len(item) <= 2 for item in lists)
    return False


def _is_turn(part: Any) -> bool:
    """A turn says who speaks and what, and not in which dialogue: that a row of a table does."""
    if type(part) is not dict:
        return False
    names = _names(part)
    speaks = any(key in names for key in _ROLE_KEYS) or any(
        _plain(name) == "author" and (type(value) is dict or role_of(value) is not None)
        for name, value in part.items()
    )
    if not speaks or not _TEXT_KEYS & names:
        return False
    squeezed = {name.replace("_", "") for name in names}
    return not (_DIALOGUE_IDS & squeezed or {"messageid", "parentid"} <= squeezed)


def _is_round(part: Any) -> bool:
    """One round of a dialogue has nothing of its own beside what is asked and answered: a record has."""
    names = _names(part)
    return any(both <= names and names - both <= _BESIDE_A_ROUND for both in _ROUNDS)


def _first_part(items: list[Any]) -> Any:
    return next((item for item in items if type(item) is dict or type(item) is list), None)


def _has_parts(items: list[Any]) -> bool:
    return _first_part(items) is not None


def _names(document: Iterable[str]) -> set[str]:
    return {_plain(name) for name in document}


def _plain(name: str) -> str:
    return name.strip("\ufeff \t").lower().replace(" ", "_").replace("-", "_")
