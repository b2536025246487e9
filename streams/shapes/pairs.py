"""pairs: one asking and one answering field, by a fixed list of names."""

import re
from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import Turn, dialogue, earlier_rounds, opening
from streams.shapes.folded import folded, undecided

# Tried in this order. A pair needs both of its fields.
PAIRS = (
    ("prompt", "response"),
    ("prompt", "completion"),
    ("input", "output"),
    ("question", "answer"),
    ("question", "response"),
    ("questions", "answers"),
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
# How a column is called after the model that filled it, by itself or with its maker or version.
_MODEL = re.compile(
    r"(?:^|[^a-z])(?:(?:chat)?gpt|(?:chat)?glm|(?:code)?llama|claude|gemini|gemma|grok|mistral|mixtral|qwen|qwq"
    r"|deepseek|falcon|vicuna|alpaca|palm|bard|zephyr|wizardlm|openchat|internlm|baichuan|command_r|davinci"
    r"|phi(?=[_\d])|yi(?=[_\d])|o[134](?=_|$)|model(?=_))"
)
_NOT_AN_ANSWER = re.compile(
    r"_(?:name|id|version|score|rating|rank|tokens|length|time|latency|cost|label|date|url|prompt)s?$"
)


def pairs(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """Asked and answered by the first pair that is there, or `query` and the one column named after a model.

    A `context` beside them stands before the question, in the user's turn: it may be the person's words.
    `history` holds earlier rounds. A dialogue folded into either text is taken apart, or is unknown_shape.
    """
    found: tuple[str, str] | None = None
    for pair in PAIRS:
        if pair[0] in fields and pair[1] in fields:
            found = found or pair
            # tables made of several sets leave the columns of the others null
            if fields[pair[0]] is not None or fields[pair[1]] is not None:
                found = pair
                break
    if found is None and "query" in fields:
        columns = model_columns(fields)
        # with two models' answers, which one to take would be a guess
        found = ("query", columns[0]) if len(columns) == 1 else None
    if found is None:
        return None
    asked, answered = fields[found[0]], fields[found[1]]
    # a number may be an answer; what stands on the asking side as a number is an id
    if not (asked is None or type(asked) is str) or type(answered) not in _ANSWERS:
        return None
    turns: list[Turn] = opening(fields)
    if "history" in fields:
        # a "history" that is no dialogue is a column of another kind
        turns += earlier_rounds(fields["history"]) or []
    background = fields.get("context")
    if type(background) is str and not is_blank(background):
        turns.append((Role.USER, background))
    said = folded(asked, answered)
    if not said.is_sure:
        return undecided([*turns, *said.turns], "pairs", fields)
    return dialogue([*turns, *said.turns], "pairs", fields)


def model_columns(fields: dict[str, Any]) -> list[str]:
    """The fields that are called after a model and hold what it said."""
    return [name for name in fields if _MODEL.search(name) and not _NOT_AN_ANSWER.search(name)]
