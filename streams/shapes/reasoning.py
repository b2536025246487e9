"""reasoning: a question and an answer with the chain of thought in a field of its own."""

from dataclasses import replace
from typing import Any

from streams.records import Conversation, Unreadable
from streams.shapes.chat import chat
from streams.shapes.content import is_blank
from streams.shapes.context_response import context_response
from streams.shapes.instruction import instruction
from streams.shapes.pairs import pairs

NAMES = ("reasoning", "chain_of_thought", "cot", "complex_cot", "thought_process")


_ASKED = ("question", "prompt", "query", "input", "user_input", "problem", "text")
_ANSWERED = ("answer", "response", "output", "completion", "final_answer", "solution")


def reasoning(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """What the other fields say, with the reasoning kept beside the answer and never in it."""
    name = next(
        (name for name in NAMES if type(fields.get(name)) is str and not is_blank(fields[name])), None
    )
    if name is None:
        return None
    found = chat(fields) or instruction(fields) or _asked_and_answered(fields)
    if isinstance(found, Conversation):
        return replace(found, shape="reasoning", reasoning=fields[name].strip())
    return found


def _asked_and_answered(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    asked = next((name for name in _ASKED if name in fields), None)
    answered = next((name for name in _ANSWERED if name in fields), None)
    if answered is None:
        return None
    if asked is None:
        return context_response(fields)
    return pairs({**fields, "question": fields[asked], "answer": fields[answered]})
