"""reasoning: a question and an answer with the chain of thought in a field of its own."""

from dataclasses import replace
from typing import Any

from streams.records import Conversation, Unreadable
from streams.shapes.chat import chat
from streams.shapes.content import joined_text_of
from streams.shapes.context_response import context_response
from streams.shapes.counsel_chat import counsel_chat
from streams.shapes.instruction import instruction
from streams.shapes.pairs import pairs
from streams.shapes.sharegpt import sharegpt
from streams.shapes.turns import turns

NAMES = ("reasoning", "chain_of_thought", "cot", "complex_cot", "thought_process")

_ASKED = ("question", "prompt", "query", "input", "user_input", "problem", "text")
_ANSWERED = ("answer", "response", "output", "completion", "final_answer", "solution")


def reasoning(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """What the other fields say, with the reasoning (a text, or its steps) kept beside the answer, never in it."""
    thoughts = [text for name in NAMES if type(text := joined_text_of(fields.get(name))) is str]
    if not thoughts:
        return None
    for shape in (chat, sharegpt, turns, counsel_chat, instruction, _asked_and_answered):
        found = shape(fields)
        if isinstance(found, Conversation):
            return replace(found, shape="reasoning", reasoning="\n".join(dict.fromkeys(thoughts)))
        if found is not None:
            return found
    return None


def _asked_and_answered(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    asked = next((name for name in _ASKED if name in fields), None)
    answered = next((name for name in _ANSWERED if name in fields), None)
    if answered is None:
        return None
    if asked is None:
        return context_response(fields)
    rest = {name: value for name, value in fields.items() if name not in _ASKED and name not in _ANSWERED}
    return pairs({**rest, "question": fields[asked], "answer": fields[answered]})
