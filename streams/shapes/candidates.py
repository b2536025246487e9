"""candidates: `utterances` of history and candidates (PersonaChat); the last candidate is the true reply."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.dialogue import Turn, dialogue
from streams.shapes.fields import canonical


def candidates(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The last utterance's history and its last candidate. Who spoke is told by position alone: the turn
    before the reply is the user's, and so on backwards."""
    if "utterances" not in fields:
        return None
    utterances = fields["utterances"]
    if utterances is None or utterances == []:
        return Unreadable(Reason.NULL_CONTENT if utterances is None else Reason.EMPTY)
    if type(utterances) is not list or type(utterances[-1]) is not dict:
        return None
    last = canonical(utterances[-1])
    if "history" not in last or "candidates" not in last:
        return None
    history, replies = last["history"], last["candidates"]
    if history is None or history == []:
        return Unreadable(Reason.NULL_CONTENT if history is None else Reason.EMPTY)
    if type(history) is not list or not (replies is None or type(replies) is list):
        return None
    # without a candidate the history is heard all the same
    spoken = [*history, None if replies is None else replies[-1] if replies else ""]
    if not all(text is None or type(text) is str for text in spoken):
        return None
    sides = (Role.ASSISTANT, Role.USER)
    turns: list[Turn] = [(sides[(len(spoken) - 1 - place) % 2], text) for place, text in enumerate(spoken)]
    return dialogue(turns, "candidates", fields, roles_guessed=True)
