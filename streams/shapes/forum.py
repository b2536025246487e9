"""forum: a post with its title, and a comment on it."""

from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import Turn, dialogue
from streams.shapes.fields import question_key

_POSTS = ("selftext", "post", "body")
_REPLIES = ("comment", "reply")


def forum(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """Title and post as the user's turn, the comment as the assistant's.

    A post that nobody answered is read all the same, for the gate to see. Either title or post may be blank,
    or the post not there at all (a link with its comment).
    """
    post = next((name for name in _POSTS if name in fields), None)
    reply = next((name for name in _REPLIES if name in fields), None)
    if (post is not None) + ("title" in fields) + (reply is not None) < 2:
        return None
    asked = [fields[name] for name in ("title", post) if name is not None and not is_blank(fields.get(name))]
    turns: list[Turn] = [(Role.USER, text) for text in asked]
    if not turns:
        turns = [(Role.USER, fields.get(post or "title"))]
    if reply is not None:
        turns.append((Role.ASSISTANT, fields[reply]))
    question = question_key("\n".join(text for text in asked if type(text) is str))
    return dialogue(turns, "forum", fields, question=question or None)
