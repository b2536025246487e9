"""utterances: speaker and text one after the other, as intake gathers them from a table's rows."""

from typing import Any

from streams.records import Conversation, Unreadable
from streams.shapes.dialogue import dialogue, opening, turns_of

_SPEAKERS = ("speaker", "role", "from")
_TEXTS = ("text", "content", "utterance", "value")


def utterances(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The conversation in `utterances`, where these say who speaks (else they are PersonaChat's candidates)."""
    items = fields.get("utterances")
    if type(items) is not list or not items or not all(map(_is_said, items)):
        return None
    turns = turns_of(items)
    if turns is None or isinstance(turns, Unreadable):
        return turns
    return dialogue([*opening(fields), *turns], "utterances", fields)


def _is_said(item: Any) -> bool:
    return (
        type(item) is dict
        and any(name in item for name in _SPEAKERS)
        and any(name in item for name in _TEXTS)
    )
