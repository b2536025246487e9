"""ShareGPT: `conversations` of from and value, also of role and content, also as lists of lists."""

from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.dialogue import Turn, dialogue, opened, turns_of
from streams.shapes.roles import role_of


def sharegpt(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The conversation in `conversations`. In pairs of plain texts the first of each is taken as the user's:
    only then are roles guessed."""
    if "conversations" not in fields:
        return None
    items = fields["conversations"]
    roles_guessed = False
    turns: list[Turn] | Unreadable | None
    if type(items) is list and items and all(type(item) is list for item in items):
        if all(_is_pair(item) for item in items):
            turns, roles_guessed = _turns_of_pairs(items)
        else:
            turns = _turns_of_lists(items)
    else:
        turns = turns_of(items)
    if turns is None or isinstance(turns, Unreadable):
        return turns
    return dialogue(opened(fields, turns), "sharegpt", fields, roles_guessed=roles_guessed)


def _is_pair(item: list[Any]) -> bool:
    return len(item) == 2 and all(part is None or type(part) is str for part in item)


def _turns_of_pairs(pairs: list[list[Any]]) -> tuple[list[Turn], bool]:
    """`[role, text]` where a first part names a role, else `[asked, answered]`."""
    named: list[Turn] = [(role_of(first), second) for first, second in pairs]
    if any(role is not None for role, _ in named):
        return named, False
    return [
        turn for asked, answered in pairs for turn in ((Role.USER, asked), (Role.ASSISTANT, answered))
    ], True


def _turns_of_lists(lists: list[list[Any]]) -> list[Turn] | Unreadable | None:
    """One dialogue wrapped in a list, or cut into rounds. Several dialogues in one record fit no shape."""
    if len(lists) > 1 and any(len(inner) > 2 for inner in lists):
        return None
    return turns_of([item for inner in lists for item in inner])
