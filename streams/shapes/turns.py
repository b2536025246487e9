"""turns: a dialogue under `conversation`, `dialog` or `turns`, by speaker or in rounds (XTuner)."""

from typing import Any

from streams.records import Conversation, Unreadable
from streams.shapes.dialogue import dialogue, opened, turns_of

NAMES = ("conversation", "dialog", "dialogue", "turns")


def turns(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The conversation in the first of NAMES that holds a list of messages or rounds."""
    for name in NAMES:
        if name not in fields:
            continue
        found = turns_of(fields[name])
        if isinstance(found, Unreadable):
            return found
        if found is not None:
            return dialogue(opened(fields, found), "turns", fields)
    return None
