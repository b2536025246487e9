"""preference: DPO (`chosen`, `rejected`) and KTO (a true or false `label`). What was not preferred is no example."""

from dataclasses import replace
from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank, text_of
from streams.shapes.dialogue import Turn, dialogue, opened, turns_of
from streams.shapes.tagged_text import by_lines

_ASKED = ("prompt", "question", "instruction", "query", "conversations", "messages", "conversation", "input")


def preference(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The dialogue that ends in the chosen reply; the rejected one is not read.

    Messages under a `label` that is false stay whole and are marked `unwanted`: the gate reads them, and
    nobody learns from them.
    """
    unwanted = False
    if "chosen_messages" in fields and "rejected_messages" in fields:
        turns = turns_of(fields["chosen_messages"])
    elif "chosen" in fields and "rejected" in fields:
        turns = _chosen(fields)
    elif type(fields.get("label")) is bool and "messages" in fields:
        turns = turns_of(fields["messages"])
        unwanted = not fields["label"]
    else:
        return None
    if turns is None or isinstance(turns, Unreadable):
        return turns
    found = dialogue(opened(fields, turns), "preference", fields)
    return replace(found, unwanted=True) if unwanted and isinstance(found, Conversation) else found


def _chosen(fields: dict[str, Any]) -> list[Turn] | Unreadable | None:
    reply = _turns(fields["chosen"], Role.ASSISTANT)
    if reply is None or isinstance(reply, Unreadable):
        return reply
    if any(role is Role.USER for role, _ in reply) and reply[0][0] is not Role.ASSISTANT:
        # the whole dialogue is repeated in `chosen`
        return reply
    names = [name for name in _ASKED if name in fields]
    if not names:
        return _told_by_tags(fields["chosen"])
    asked = _turns(fields[names[0]], Role.USER)
    if asked is None or isinstance(asked, Unreadable):
        return asked
    given = fields.get("input")
    if names[0] != "input" and type(given) is str and not is_blank(given):
        asked = [*asked, (Role.USER, given)]
    return [*asked, *reply]


def _told_by_tags(chosen: Any) -> list[Turn] | None:
    """The dialogue in a `chosen` that is one text with a tag before each turn, as HH-RLHF has it."""
    cut = by_lines(chosen) if type(chosen) is str else None
    return None if cut is None or cut.lead.strip() else cut.turns


def _turns(value: Any, role: Role) -> list[Turn] | Unreadable | None:
    """A text, in one string or in typed blocks, as a turn of this role; one message; or a list of messages."""
    if value is None or type(value) is str:
        return [(role, value)]
    turns = turns_of([value] if type(value) is dict else value)
    if turns is None and _is_blocks(value) and text_of(value) is not Reason.UNKNOWN_SHAPE:
        return [(role, value)]
    return turns


def _is_blocks(value: Any) -> bool:
    return type(value) is dict or (type(value) is list and all(type(block) is dict for block in value))
