"""instruction: Alpaca (`instruction`, `input`, `output`), Dolly (`context`, `response`), with `history`."""

import re
from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import Turn, dialogue, opening

_ANSWERS = ("output", "response", "answer", "completion")

# An instruction that tells the model who it is. Narrow on purpose: what it takes for a system turn the
# gate does not read as the help-seeker's words, so "You are all I have left" must stay the user's.
_TELLS_THE_MODEL = re.compile(
    r"(?:you\s+are|you're|act\s+as|imagine\s+(?:that\s+)?you\s+are|as|if\s+you\s+are)\s+"
    r"(?:now\s+)?(?:an?|the)\s+(?:[\w,/-]+\s+){0,8}?"
    r"(?:ai|assistant|bot|chatbot|counsell?or|expert|listener|model|psychiatrist|psychologist|supporter|therapist)\b"
    r"|(?:现在)?你是(?:一个|一名|一位)?.{0,12}(?:专家|医生|咨询师|助手|顾问)",
    re.IGNORECASE,
)


def instruction(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """Instruction and input as one user turn, in Alpaca's own order; the output as the assistant's.

    The instruction is a system turn only if the input says something and the instruction tells the model
    who it is. One of the two may be blank. `history` holds earlier rounds `[asked, answered]`.
    """
    answer = next((name for name in _ANSWERS if name in fields), None)
    if "instruction" not in fields or answer is None:
        return None
    told, given = fields["instruction"], fields.get("input")
    if is_blank(given):
        given = fields.get("context")
    if told is None:
        return Unreadable(Reason.NULL_CONTENT)
    earlier = _rounds(fields.get("history"))
    if earlier is None or not (type(told) is str and (given is None or type(given) is str)):
        return None
    turns: list[Turn] = opening(fields)
    if is_blank(given):
        turns += [*earlier, (Role.USER, told)]
    elif is_blank(told):
        turns += [*earlier, (Role.USER, given)]
    elif _TELLS_THE_MODEL.match(told.lstrip()):
        turns += [(Role.SYSTEM, told), *earlier, (Role.USER, given)]
    else:
        turns += [*earlier, (Role.USER, told), (Role.USER, given)]
    return dialogue([*turns, (Role.ASSISTANT, fields[answer])], "instruction", fields)


def _rounds(history: Any) -> list[Turn] | None:
    """The earlier rounds in order; none where there is no history, None where it is something else."""
    if history is None or history == "":
        return []
    if type(history) is not list or not all(type(item) is list and len(item) == 2 for item in history):
        return None
    return [turn for asked, answered in history for turn in ((Role.USER, asked), (Role.ASSISTANT, answered))]
