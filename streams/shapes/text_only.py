"""text only: one text without turns. Kept as one user message, never guessed into a dialogue."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import Turn, dialogue
from streams.shapes.roles import role_of


def text_only(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """`text` or `content` as the one user turn of a `single_turn` conversation, its `title` before it.

    A row of a larger dialogue that says who speaks keeps that role, so a lone reply is no_user_turn.
    """
    names = [name for name in ("text", "content") if name in fields]
    if not names or "parent_id" in fields:
        return None
    name = next((name for name in names if not is_blank(fields[name])), names[0])
    if not (fields[name] is None or type(fields[name]) is str):
        return None
    speaker = next((fields[key] for key in ("role", "speaker") if key in fields), None)
    # what a text is "from" can be a place or a file as well
    if speaker is None and role_of(fields.get("from")) is not None:
        speaker = fields["from"]
    role = Role.USER if speaker is None else role_of(speaker)
    if role is None:
        return Unreadable(Reason.UNKNOWN_ROLE)
    turns: list[Turn] = [(role, fields[name])]
    title = fields.get("title")
    if type(title) is str and not is_blank(title):
        turns.insert(0, (role, title))
    return dialogue(turns, "text_only", fields, single_turn=True, roles_guessed=speaker is None)
