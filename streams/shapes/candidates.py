"""candidates: `utterances` of history and candidates (PersonaChat); the last candidate is the true reply."""

from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.dialogue import dialogue


def candidates(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The last utterance's history and its last candidate. Who spoke is told by position alone: the turn
    before the reply is the user's, and so on backwards."""
    utterances = fields.get("utterances")
    if type(utterances) is not list or not utterances or type(utterances[-1]) is not dict:
        return None
    history, replies = utterances[-1].get("history"), utterances[-1].get("candidates")
    if type(history) is not list or type(replies) is not list or not history or not replies:
        return None
    if not all(text is None or type(text) is str for text in (*history, replies[-1])):
        return None
    spoken = [*history, replies[-1]]
    sides = (Role.ASSISTANT, Role.USER)
    turns = [(sides[(len(spoken) - 1 - place) % 2], text) for place, text in enumerate(spoken)]
    return dialogue(turns, "candidates", fields, roles_guessed=True)
