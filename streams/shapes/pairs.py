"""pairs: one asking and one answering field, by a fixed list of names."""

from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import dialogue, opening

# Tried in this order. A pair needs both of its fields.
PAIRS = (
    ("prompt", "response"),
    ("prompt", "completion"),
    ("input", "output"),
    ("question", "answer"),
    ("question", "response"),
    ("user", "assistant"),
    ("human", "assistant"),
    ("client", "therapist"),
    ("patient", "doctor"),
    ("user_input", "chatbot_response"),
    ("text", "response"),
    ("query", "answer"),
    ("query", "response"),
)
_ANSWERS = frozenset({str, int, float, type(None)})
# How a column is called after the model that filled it.
_MODELS = (
    "gpt", "llama", "mistral", "mixtral", "claude", "gemini", "gemma", "phi_", "qwen", "falcon", "vicuna",
    "palm", "deepseek", "model_",
)  # fmt: skip
_NOT_AN_ANSWER = ("_name", "_id", "_version", "_score", "_rating", "_tokens")


def pairs(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """Asked and answered by the first pair that is there, or `query` and the one column named after a model.

    A `context` beside them stands before the question, in the user's turn: it may be the person's words.
    """
    found = next((pair for pair in PAIRS if pair[0] in fields and pair[1] in fields), None)
    if found is None and "query" in fields:
        columns = [name for name in fields if name.startswith(_MODELS) and not name.endswith(_NOT_AN_ANSWER)]
        # with two models' answers, which one to take would be a guess
        found = ("query", columns[0]) if len(columns) == 1 else None
    if found is None:
        return None
    asked, answered = fields[found[0]], fields[found[1]]
    # a number may be an answer; what stands on the asking side as a number is an id
    if not (asked is None or type(asked) is str) or type(answered) not in _ANSWERS:
        return None
    turns = opening(fields)
    background = fields.get("context")
    if type(background) is str and not is_blank(background):
        turns.append((Role.USER, background))
    return dialogue([*turns, (Role.USER, asked), (Role.ASSISTANT, answered)], "pairs", fields)
