"""tree: one path of a message tree, root first, as intake gathers it from the tree's rows (OASST)."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Unreadable
from streams.shapes.dialogue import dialogue, turns_of


def tree(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The conversation along `path`.

    One that is marked as an orphan is refused as no_parent: what was asked before it is not known. What the
    help-seeker says in it is heard all the same.
    """
    path = fields.get("path")
    if type(path) is not list or not path or not all(type(item) is dict and "role" in item for item in path):
        return None
    turns = turns_of(path)
    if turns is None or isinstance(turns, Unreadable):
        return turns
    found = dialogue(turns, "tree", fields)
    if fields.get("is_orphan") is not True:
        return found
    return Unreadable(Reason.NO_PARENT, heard=found if isinstance(found, Conversation) else found.heard)
