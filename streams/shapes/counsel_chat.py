"""counsel-chat: a question with title and text, answered by a counsellor; one question has several answers."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import text_of
from streams.shapes.dialogue import dialogue
from streams.shapes.fields import question_key

_TITLES = ("questiontitle", "question_title")
_TEXTS = ("questiontext", "question_text")
_ANSWERS = ("answertext", "answer_text")


def counsel_chat(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """Title and text as the user's turn (the title alone where the text is blank), the answer as the assistant's.

    `question` is the same for all answers to one question.
    """
    title_name, text_name, answer_name = (
        next((name for name in names if name in fields), None) for names in (_TITLES, _TEXTS, _ANSWERS)
    )
    if answer_name is None or (title_name is None and text_name is None):
        return None
    title = text_of(fields[title_name]) if title_name else Reason.EMPTY
    text = text_of(fields[text_name]) if text_name else Reason.EMPTY
    if type(title) is Reason and type(text) is Reason:
        return Unreadable(Reason.EMPTY if Reason.EMPTY in (title, text) else Reason.NULL_CONTENT)
    if type(title) is Reason:
        asked: str = text
    elif type(text) is Reason or title.startswith(text):
        asked = title
    else:
        asked = text if text.startswith(title) else f"{title}\n{text}"
    turns = ((Role.USER, asked), (Role.ASSISTANT, fields[answer_name]))
    return dialogue(turns, "counsel_chat", fields, question=question_key(asked))
