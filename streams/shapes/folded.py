"""folded: a question and an answer of which either may hold a whole dialogue, a tag before each turn (HH-RLHF)."""

from typing import Any, NamedTuple

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank
from streams.shapes.dialogue import Turn, dialogue
from streams.shapes.instruction import before_dialogue
from streams.shapes.roles import ROLES
from streams.shapes.tagged_text import Cut, by_lines

_ASKING = tuple(word for word, role in ROLES.items() if role is Role.USER and "_" not in word)


class Folded(NamedTuple):
    """The turns; where they are not sure, only what the help-seeker may have said, for the gate to hear."""

    turns: list[Turn]
    is_sure: bool


def folded(asked: Any, answered: Any) -> Folded:
    """Question and answer as two turns, or as all the turns that their tags tell.

    Not sure: tags that leave open whose words these are. A user's words never stay within an answer.
    """
    told, said = _cut(asked), _cut(answered)
    if told is None and said is None:
        return Folded([(Role.USER, asked), (Role.ASSISTANT, answered)], is_sure=True)
    turns = _unfolded(asked, told, answered, said)
    return (
        Folded(turns, is_sure=True) if turns is not None else Folded(_heard(asked, told, said), is_sure=False)
    )


def undecided(turns: list[Turn], shape: str, fields: dict[str, Any]) -> Unreadable:
    """The refusal of turns that are not sure; the gate hears them."""
    found = dialogue(turns, shape, fields)
    return Unreadable(Reason.UNKNOWN_SHAPE, heard=found if isinstance(found, Conversation) else found.heard)


def _cut(text: Any) -> Cut | None:
    # within one line no two tags can begin a line: most texts are spared the look at their lines
    if type(text) is not str or "\n" not in text or (":" not in text and "：" not in text):
        return None
    # and a cut needs a tag of the asking side: looking for its words costs a fifth of looking at each line
    lowered = text.lower()
    for word in _ASKING:
        if word in lowered:
            return by_lines(text)
    return None


def _unfolded(asked: Any, told: Cut | None, answered: Any, said: Cut | None) -> list[Turn] | None:
    if told is not None and told.is_open:
        return _behind_open_tag(asked, told, answered)
    if said is None:
        if told is None or not is_blank(told.lead):
            # somebody asks about a transcript
            return [(Role.USER, asked), (Role.ASSISTANT, answered)]
        is_asking = told.turns[-1][0] is Role.USER
        return [*told.turns, (Role.ASSISTANT, answered)] if is_asking else None
    if is_blank(asked):
        # refused for that, and what the answer holds is heard
        return [(Role.USER, asked), *said.turns]
    if type(asked) is not str or not is_blank(said.lead) or said.turns[-1][0] is not Role.ASSISTANT:
        return None
    if told is not None:
        return said.turns if _begins_with(said.turns, told.turns) else None
    if _repeats(said.turns, asked, answered):
        return said.turns
    return [(Role.USER, asked), *said.turns] if said.turns[0][0] is Role.ASSISTANT else None


def _behind_open_tag(asked: str, told: Cut, answered: Any) -> list[Turn] | None:
    """The question's turns and the answer behind its last tag, with the turns that go on from there."""
    if not told.turns or told.turns[-1][0] is not Role.USER:
        return None
    begun = [*before_dialogue(told.lead), *told.turns]
    if type(answered) is not str or is_blank(answered):
        return [*begun, (Role.ASSISTANT, answered)]
    whole = by_lines(f"{asked.rstrip()}\n{answered}")
    rest = [] if whole is None else whole.turns[len(told.turns) :]
    if not rest or rest[0][0] is not Role.ASSISTANT:
        return None
    if not is_blank(rest[0][1]):
        return [*begun, *rest]
    # the answer has a tag of its own in front
    if _begins_with(rest[1:], told.turns):
        return [*before_dialogue(told.lead), *rest[1:]] if rest[-1][0] is Role.ASSISTANT else None
    return [*begun, *rest[1:]] if rest[1:] and rest[1][0] is Role.ASSISTANT else None


def _begins_with(turns: list[Turn], first: list[Turn]) -> bool:
    return len(turns) >= len(first) and all(
        one[0] is other[0] and one[1].strip() == other[1].strip()
        for one, other in zip(turns, first, strict=False)
    )


def _repeats(turns: list[Turn], asked: str, answered: str) -> bool:
    """True where the answer says the question again, as a turn or tag and all."""
    asked = asked.strip()
    said_again = any(role is Role.USER and text.strip() == asked for role, text in turns)
    return said_again or (answered.strip().startswith(asked) and turns[0][0] is not Role.ASSISTANT)


def _heard(asked: Any, told: Cut | None, said: Cut | None) -> list[Turn]:
    own = [turn for turn in said.turns if turn[0] is Role.USER] if said is not None else []
    if told is None:
        return [(Role.USER, asked), *own]
    return [*before_dialogue(told.lead), *(turn for turn in told.turns if turn[0] is Role.USER), *own]
