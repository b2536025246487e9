"""counsel-chat: a question with title and text, answered by a counsellor; one question has several answers."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import joined_text_of
from streams.shapes.dialogue import dialogue
from streams.shapes.fields import question_key

_ANSWERS = ("answertext", "answer")


def counsel_chat(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """Title and text as the user's turn (the title alone where the text is blank), the answer as the assistant's.

    `question` is the same for all answers to one question.
    """
    answer = next((name for name in _ANSWERS if name in fields), None)
    if answer is None or ("questiontitle" not in fields and "questiontext" not in fields):
        return None
    title, text = (joined_text_of(fields.get(name, "")) for name in ("questiontitle", "questiontext"))
    if type(title) is Reason and type(text) is Reason:
        return Unreadable(Reason.EMPTY if Reason.EMPTY in (title, text) else Reason.NULL_CONTENT)
    if type(title) is Reason:
        asked: str = text
    elif type(text) is Reason or title.startswith(text):
        asked = title
    else:
        asked = text if text.startswith(title) else f"{title}\n{text}"
    turns = ((Role.USER, asked), (Role.ASSISTANT, fields[answer]))
    return dialogue(turns, "counsel_chat", fields, question=question_key(asked))
