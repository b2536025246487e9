"""Builds a conversation from turns: the one place where blanks, nulls and neighbours of one role are settled."""

from collections.abc import Iterable, Sequence
from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Message, Role, Unreadable
from streams.shapes.content import is_blank, text_of
from streams.shapes.fields import labels_of
from streams.shapes.roles import ROLES, role_of

Turn = tuple[Role, Any]

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER = Role.USER

_ROLE_KEYS = ("role", "from", "speaker")
_TEXT_KEYS = ("content", "value", "text", "utterance")
# One round of a dialogue in one object: what is asked and what is answered.
_ROUNDS = (
    ("input", "output"),
    ("human", "assistant"),
    ("user", "assistant"),
    ("client", "therapist"),
    ("question", "answer"),
    ("prompt", "response"),
)


def dialogue(
    turns: Iterable[Turn],
    shape: str,
    fields: dict[str, Any],
    *,
    single_turn: bool = False,
    roles_guessed: bool = False,
    question: str | None = None,
) -> Conversation | Unreadable:
    """The conversation of these turns, or null_content, empty, unknown_shape, no_user_turn.

    Neighbours of one role are joined with a newline. A blank system or tool turn is passed over; a blank
    turn of anyone else, and a null in any turn, refuses the record, with what the help-seeker says in the
    other turns as `heard`. A missing answer does not refuse it.
    """
    fault: Reason | None = None
    before: Role | None = None
    roles: list[Role] = []
    texts: list[str] = []
    for role, value in turns:
        text = text_of(value)
        if type(text) is Reason:
            if text is Reason.EMPTY and (role is Role.SYSTEM or role is Role.TOOL):
                continue
            fault = fault or text
        elif role is before:
            texts[-1] = f"{texts[-1]}\n{text}"
        else:
            roles.append(role)
            texts.append(text)
            before = role
    if _USER not in roles:
        return Unreadable(fault or (Reason.NO_USER_TURN if roles else Reason.EMPTY))
    messages = tuple(map(Message, roles, texts))
    found = Conversation(messages, shape, single_turn, roles_guessed, labels_of(fields), question)
    return found if fault is None else Unreadable(fault, heard=found)


def opening(fields: dict[str, Any]) -> list[Turn]:
    """The system turn that a record keeps beside its dialogue, if it does."""
    for name in ("system", "system_prompt"):
        if type(fields.get(name)) is str and not is_blank(fields[name]):
            return [(Role.SYSTEM, fields[name])]
    return []


def turns_of(items: Any) -> list[Turn] | Unreadable | None:
    """The turns in a list of messages or of rounds; None if it is neither.

    Messages name their speaker (role, from, speaker) and their text (content, value, text); rounds are
    objects with an asking and an answering field. Unreadable: null_content, empty, unknown_role.
    """
    if items is None:
        return Unreadable(Reason.NULL_CONTENT)
    if type(items) is not list:
        return None
    if not items:
        return Unreadable(Reason.EMPTY)
    turns: list[Turn] = []
    for item in items:
        if type(item) is not dict:
            return None
        if "role" in item and "content" in item:
            name, value = item["role"], item["content"]
        else:
            role_key = _first(_ROLE_KEYS, item)
            if role_key is None:
                rounds = _round_of(item)
                if rounds is None:
                    return None
                turns += rounds
                continue
            text_key = _first(_TEXT_KEYS, item)
            name, value = item[role_key], None if text_key is None else item[text_key]
        role = (ROLES.get(name) if type(name) is str else None) or role_of(name)
        if role is None:
            return Unreadable(Reason.UNKNOWN_ROLE)
        turns.append((role, value))
    return turns


def _first(keys: Sequence[str], item: dict[str, Any]) -> str | None:
    return next((key for key in keys if key in item), None)


def _round_of(item: dict[str, Any]) -> list[Turn] | None:
    for asked, answered in _ROUNDS:
        if asked in item and answered in item:
            return [*opening(item), (Role.USER, item[asked]), (Role.ASSISTANT, item[answered])]
    return None
