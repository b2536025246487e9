"""chat: `messages` of role and content, as most APIs take them."""

from typing import Any

from streams.records import Conversation, Unreadable
from streams.shapes.dialogue import dialogue, opened, turns_of


def chat(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The conversation in `messages`, opened by a `system` field where there is one."""
    if "messages" not in fields:
        return None
    turns = turns_of(fields["messages"])
    if turns is None or isinstance(turns, Unreadable):
        return turns
    return dialogue(opened(fields, turns) if len(fields) > 1 else turns, "chat", fields)
