"""Builds a conversation from turns: the one place where blanks, nulls and neighbours of one role are settled."""

from collections.abc import Iterable, Sequence
from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Message, Role, Unreadable
from streams.shapes.content import is_blank, joined_text_of, text_of
from streams.shapes.fields import canonical, labels_of
from streams.shapes.roles import ROLES, role_of

# Who speaks and what is said. No role: the source's word for it is in no list.
Turn = tuple[Role | None, Any]

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER = Role.USER
_TOOL = Role.TOOL
_UNKNOWN_ROLE = Reason.UNKNOWN_ROLE

_ROLE_KEYS = ("role", "from", "speaker", "author", "sender")
_TEXT_KEYS = ("content", "value", "text", "utterance", "message")
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
    """The conversation of these turns, or null_content, empty, unknown_role, unknown_shape, no_user_turn.

    Neighbours of one role are joined with a newline. A blank system or tool turn is passed over; a blank
    turn of anyone else, a null in any turn and a speaker without a role refuse the record, with what the
    help-seeker says in the other turns as `heard`. A missing answer does not refuse it.
    """
    fault: Reason | None = None
    before: Role | None = None
    roles: list[Role] = []
    texts: list[str] = []
    for role, value in turns:
        if role is None:
            fault = fault or _UNKNOWN_ROLE
            continue
        text = text_of(value)
        if type(text) is Reason:
            if text is Reason.EMPTY and (role is Role.SYSTEM or role is _TOOL):
                continue
            fault = fault or text
            # refused, but what the help-seeker said in several strings is heard
            if role is not _USER or type(heard := joined_text_of(value)) is Reason:
                continue
            text = heard
        if role is before:
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


def opened(fields: dict[str, Any], turns: list[Turn]) -> list[Turn]:
    """The turns behind the record's own system turn; one that they begin with is not said twice."""
    first = opening(fields)
    return turns if not first or turns[:1] == first else [*first, *turns]


def turns_of(items: Any) -> list[Turn] | Unreadable | None:
    """The turns in a list of messages or of rounds; None if it is neither.

    Messages name their speaker (role, from, speaker) and their text (content, value, text); rounds are
    objects with an asking and an answering field; names of fields in any case. A list that holds nothing but
    one such list is that list. Unreadable: null_content, empty.
    """
    if items is None:
        return Unreadable(Reason.NULL_CONTENT)
    if type(items) is not list:
        return None
    if len(items) == 1 and type(items[0]) is list:
        items = items[0]
    if not items:
        return Unreadable(Reason.EMPTY)
    turns: list[Turn] = []
    for item in items:
        if type(item) is not dict:
            if item is not None:
                return None
            # nobody's words, but a null all the same: `dialogue` refuses the record and hears the others
            turns.append((_TOOL, None))
            continue
        if "role" in item and "content" in item:
            name, value = item["role"], item["content"]
        elif "from" in item and "value" in item:
            name, value = item["from"], item["value"]
        else:
            fields = item if _names_speaker(item) else canonical(item)
            role_key, text_key = _first(_ROLE_KEYS, fields), _first(_TEXT_KEYS, fields)
            rounds = _round_of(fields) if role_key is None or text_key is None else None
            if rounds is not None:
                # some exports repeat the system turn in every round
                is_told_again = rounds[0][0] is Role.SYSTEM and rounds[:1] == turns[:1]
                turns += rounds[1:] if is_told_again else rounds
                continue
            if role_key is None:
                return None
            name, value = fields[role_key], None if text_key is None else fields[text_key]
        turns.append(((ROLES.get(name) if type(name) is str else None) or role_of(name), value))
    return turns


def _names_speaker(item: dict[str, Any]) -> bool:
    """True for a message that says who speaks and what, under names in lower case."""
    return _first(_ROLE_KEYS, item) is not None and _first(_TEXT_KEYS, item) is not None


def earlier_rounds(history: Any) -> list[Turn] | None:
    """What was said before, from pairs `[asked, answered]` or messages; [] where there is none, else None."""
    if history is None or history == [] or (type(history) is str and is_blank(history)):
        return []
    if type(history) is not list:
        return None
    if all(type(item) is list and len(item) == 2 for item in history):
        return [
            turn for asked, answered in history for turn in ((Role.USER, asked), (Role.ASSISTANT, answered))
        ]
    turns = turns_of(history)
    return None if isinstance(turns, Unreadable) else turns


def _first(keys: Sequence[str], item: dict[str, Any]) -> str | None:
    for key in keys:
        if key in item:
            return key
    return None


def _round_of(item: dict[str, Any]) -> list[Turn] | None:
    for asked, answered in _ROUNDS:
        if asked in item and answered in item:
            return [*opening(item), (Role.USER, item[asked]), (Role.ASSISTANT, item[answered])]
    return None
