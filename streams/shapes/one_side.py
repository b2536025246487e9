"""one side: a question or an answer alone, whose other half stands in another file. The two are not joined."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank, text_of
from streams.shapes.dialogue import Turn, dialogue
from streams.shapes.pairs import model_columns

ASKED = (
    "questiontitle", "questiontext", "instruction", "context", "prompt", "query", "question", "questions",
    "input", "user_input", "client", "patient", "case_description",
)  # fmt: skip
ANSWERED = (
    "answertext", "answer", "answers", "response", "completion", "output", "chatbot_response", "therapist",
    "assistant", "comment", "reply",
)  # fmt: skip
# Beside one of these the record is not the half of a pair but of a shape that is not known.
_OF_OTHER_SHAPES = frozenset(
    (
        "chosen",
        "rejected",
        "candidates",
        "choices",
        "options",
        "responses",
        "completions",
        "outputs",
        "replies",
        "comments",
        "user",
        "human",
    )
)


def one_side(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The question as a conversation that nobody answers, so that the gate reads it; an answer is no_user_turn."""
    asked = [name for name in ASKED if name in fields]
    answered = [name for name in ANSWERED if name in fields]
    if bool(asked) is bool(answered) or not _OF_OTHER_SHAPES.isdisjoint(fields) or model_columns(fields):
        return None
    names = asked or answered
    if not all(fields[name] is None or type(fields[name]) is str for name in names):
        return None
    said = [name for name in names if not is_blank(fields[name])]
    if not said:
        reasons = {text_of(fields[name]) for name in names}
        return Unreadable(Reason.EMPTY if Reason.EMPTY in reasons else Reason.NULL_CONTENT)
    turns: list[Turn] = [(Role.USER if asked else Role.ASSISTANT, fields[name]) for name in said]
    return dialogue(turns, "one_side", fields)
