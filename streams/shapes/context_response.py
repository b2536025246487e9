"""context/response: what the person wrote, and the answer."""

from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.dialogue import dialogue, opening

# Beside one of these, `context` is the background of a question and not what the person wrote.
_ASKED = frozenset({"instruction", "question", "prompt", "query", "input"})


def context_response(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """`context` as the user's turn, `response` as the assistant's."""
    if "context" not in fields or "response" not in fields or not _ASKED.isdisjoint(fields):
        return None
    turns = [*opening(fields), (Role.USER, fields["context"]), (Role.ASSISTANT, fields["response"])]
    return dialogue(turns, "context_response", fields)
