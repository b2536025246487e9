"""preference: DPO (`chosen`, `rejected`) and KTO (a true or false `label`). Only what was preferred is kept."""

from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import Turn, dialogue, opening, turns_of

_ASKED = ("prompt", "question", "instruction", "query", "conversations", "messages", "conversation")


def preference(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The dialogue that ends in the chosen reply.

    Under a `label` that is false the last reply is what nobody should learn: the conversation ends before it.
    """
    if "chosen_messages" in fields and "rejected_messages" in fields:
        turns = turns_of(fields["chosen_messages"])
    elif "chosen" in fields and "rejected" in fields:
        turns = _chosen(fields)
    elif type(fields.get("label")) is bool and "messages" in fields:
        turns = turns_of(fields["messages"])
        if type(turns) is list and not fields["label"] and turns[-1][0] is Role.ASSISTANT:
            turns.pop()
    else:
        return None
    if turns is None or isinstance(turns, Unreadable):
        return turns
    return dialogue([*opening(fields), *turns], "preference", fields)


def _chosen(fields: dict[str, Any]) -> list[Turn] | Unreadable | None:
    reply = _turns(fields["chosen"], Role.ASSISTANT)
    if reply is None or isinstance(reply, Unreadable):
        return reply
    if len(reply) > 1:
        # the whole dialogue is repeated in `chosen`
        return reply
    name = next((name for name in _ASKED if name in fields), None)
    asked = _turns(fields[name], Role.USER) if name else None
    if asked is None or isinstance(asked, Unreadable):
        return asked
    given = fields.get("input")
    if type(given) is str and not is_blank(given):
        asked = [*asked, (Role.USER, given)]
    return [*asked, *reply]


def _turns(value: Any, role: Role) -> list[Turn] | Unreadable | None:
    """A plain text as a turn of this role, one message, or a list of messages."""
    if value is None or type(value) is str:
        return [(role, value)]
    return turns_of([value] if type(value) is dict else value)
