"""instruction: Alpaca (`instruction`, `input`, `output`), Dolly (`context`, `response`), with `history`."""

import re
from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank, text_of
from streams.shapes.dialogue import Turn, dialogue, earlier_rounds, opening
from streams.shapes.tagged_text import by_lines

_ANSWERS = ("output", "response", "answer", "completion")
_GIVEN = ("context", "input")
_READABLE = frozenset({str, int, float, list, type(None)})

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
    who it is. One of the two may be blank. `history` holds earlier rounds `[asked, answered]`. A dialogue
    folded into the instruction, up to the answering tag that the output follows, is taken apart.
    """
    answer = _answer(fields)
    if "instruction" not in fields or answer is None:
        return None
    told = fields["instruction"]
    if told is None:
        return Unreadable(Reason.NULL_CONTENT)
    earlier = earlier_rounds(fields.get("history"))
    # a shape that asks for less would take the rest of it for the whole
    if earlier is None:
        return Unreadable(Reason.UNKNOWN_SHAPE)
    given: list[Turn] = []
    for name in _GIVEN:
        value = fields.get(name)
        if type(value) not in _READABLE or (type(value) is list and text_of(value) is Reason.UNKNOWN_SHAPE):
            return Unreadable(Reason.UNKNOWN_SHAPE)
        if not is_blank(value):
            given.append((Role.USER, value))
    turns = [*opening(fields), *_asked(told, given, earlier), (Role.ASSISTANT, fields[answer])]
    return dialogue(turns, "instruction", fields)


def _answer(fields: dict[str, Any]) -> str | None:
    """The first answering field that is not null; one that is null where there is no other."""
    found = None
    for name in _ANSWERS:
        if name in fields:
            if fields[name] is not None:
                return name
            found = found or name
    return found


def _asked(told: Any, given: list[Turn], earlier: list[Turn]) -> list[Turn]:
    if given and is_blank(told):
        return [*earlier, *given]
    if given:
        if type(told) is str and _TELLS_THE_MODEL.match(told.lstrip()):
            return [(Role.SYSTEM, told), *earlier, *given]
        return [*earlier, (Role.USER, told), *given]
    folded = by_lines(told) if type(told) is str and told.rstrip().endswith((":", "：", "**", "]")) else None
    if folded is None or not folded.is_open or folded.turns[-1][0] is not Role.USER:
        return [*earlier, (Role.USER, told)]
    return [*before_dialogue(folded.lead), *earlier, *folded.turns]


def before_dialogue(lead: str) -> list[Turn]:
    """What stands before a dialogue's first tag: the model's orders, or else the person's own words."""
    if is_blank(lead):
        return []
    return [(Role.SYSTEM if _TELLS_THE_MODEL.match(lead.lstrip()) else Role.USER, lead)]
