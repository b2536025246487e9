"""text only: one text without turns. Kept as one user message, never guessed into a dialogue."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import dialogue
from streams.shapes.roles import role_of


def text_only(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """`text` or `content` as the one user turn of a `single_turn` conversation, its `title` before it.

    A row of a larger dialogue that says who speaks keeps that role, so a lone reply is no_user_turn.
    """
    name = next((name for name in ("text", "content") if name in fields), None)
    if name is None or not (fields[name] is None or type(fields[name]) is str) or "parent_id" in fields:
        return None
    speaker = next((fields[key] for key in ("role", "speaker", "from") if key in fields), None)
    role = Role.USER if speaker is None else role_of(speaker)
    if role is None:
        return Unreadable(Reason.UNKNOWN_ROLE)
    turns = [(role, fields[name])]
    title = fields.get("title")
    if type(title) is str and not is_blank(title):
        turns.insert(0, (role, title))
    return dialogue(turns, "text_only", fields, single_turn=True, roles_guessed=speaker is None)
