"""preference: DPO (`chosen`, `rejected`) and KTO (a true or false `label`). What was not preferred is no example."""

from dataclasses import replace
from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import is_blank, text_of
from streams.shapes.context_response import context_response
from streams.shapes.dialogue import Turn, dialogue, earlier_rounds, opened, turns_of
from streams.shapes.folded import folded, undecided
from streams.shapes.instruction import instruction
from streams.shapes.pairs import pairs
from streams.shapes.tagged_text import by_lines
from streams.shapes.turns import turns

_NAME = "preference"
_ASKED = ("prompt", "question", "instruction", "query", "conversations", "messages", "conversation", "input")


def preference(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The dialogue that ends in the chosen reply; the rejected one is not read.

    A dialogue under a `label` or `kto_tag` that is false stays whole and is marked `unwanted`: the gate reads
    it, and nobody learns from it. Unreadable: also unknown_shape, where tags or a reply before the chosen one
    leave open who said what.
    """
    for chosen, rejected in (("chosen_messages", "rejected_messages"), ("chosen", "rejected")):
        if chosen in fields and rejected in fields:
            return _built(fields, _chosen(fields, chosen))
    label = next((fields[name] for name in ("kto_tag", "label") if type(fields.get(name)) is bool), None)
    if label is None:
        return None
    found = _labelled(fields)
    if not isinstance(found, Conversation):
        return found
    return replace(found, shape=_NAME, unwanted=not label)


def _built(fields: dict[str, Any], said: list[Turn] | Unreadable | None) -> Conversation | Unreadable | None:
    if said is None or isinstance(said, Unreadable):
        return said
    return dialogue(opened(fields, said), _NAME, fields)


def _labelled(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """KTO: the one dialogue that the label judges."""
    for name in ("messages", "conversations"):
        if name in fields:
            return _built(fields, turns_of(fields[name]))
    if "prompt" in fields and "completion" in fields:
        return _built(fields, _joined(fields, fields["prompt"], fields["completion"]))
    # a true or false `label` beside other pairs can say anything; this name says one thing
    if "kto_tag" not in fields:
        return None
    for shape in (turns, instruction, context_response, pairs):
        found = shape(fields)
        if found is not None:
            return found
    return None


def _chosen(fields: dict[str, Any], name: str) -> list[Turn] | Unreadable | None:
    chosen = fields[name]
    reply = _turns(chosen, Role.ASSISTANT)
    if reply is None or isinstance(reply, Unreadable):
        return reply
    if any(role is Role.USER for role, _ in reply) and reply[0][0] is not Role.ASSISTANT:
        # the whole dialogue is repeated in `chosen`
        return reply
    names = [name for name in _ASKED if name in fields]
    if not names:
        return reply if name == "chosen_messages" else _told_by_tags(chosen)
    asked, given = fields[names[0]], fields.get("input")
    if names[0] != "input" and type(given) is str and not is_blank(given):
        if type(asked) is not str or is_blank(asked):
            before = _turns(asked, Role.USER)
            if before is None or isinstance(before, Unreadable):
                return before
            return [*before, (Role.USER, given), *reply]
        asked = f"{asked}\n{given}"
    return _joined(fields, asked, chosen)


def _joined(fields: dict[str, Any], asked: Any, answered: Any) -> list[Turn] | Unreadable | None:
    """What was asked, behind the earlier rounds in `history`, and the reply to it."""
    before, reply = _turns(asked, Role.USER), _turns(answered, Role.ASSISTANT)
    if before is None or isinstance(before, Unreadable):
        return before
    if reply is None or isinstance(reply, Unreadable):
        return reply
    if type(asked) is list and before[-1][0] is Role.ASSISTANT and reply[0][0] is Role.ASSISTANT:
        # the messages end in a reply already: in this one, or in one that would be joined to it
        if text_of(before[-1][1]) != text_of(reply[0][1]):
            return undecided(opened(fields, before), _NAME, fields)
        before = before[:-1]
    if not before:
        return reply
    last, behind = before[-1], before[:-1]
    # with more than a question it is a dialogue of its own, and a text called "history" is another column
    is_lone = all(role is Role.SYSTEM for role, _ in behind)
    history = fields.get("history") if is_lone else None
    earlier = earlier_rounds(None if type(history) is str else history)
    if earlier is None:
        return undecided(opened(fields, before), _NAME, fields)
    behind = [*behind, *earlier]
    if last[0] is not Role.USER or len(reply) != 1 or reply[0][0] is not Role.ASSISTANT:
        return [*behind, last, *reply]
    said = folded(last[1], reply[0][1])
    # tags may tell the earlier rounds a second time
    is_told_twice = said.turns != [last, *reply] and any(role is Role.ASSISTANT for role, _ in behind)
    if said.is_sure and not is_told_twice:
        return [*behind, *said.turns]
    return undecided(opened(fields, [*behind, *said.turns]), _NAME, fields)


def _told_by_tags(chosen: Any) -> list[Turn] | None:
    """The dialogue in a `chosen` that is one text with a tag before each turn, as HH-RLHF has it."""
    cut = by_lines(chosen) if type(chosen) is str else None
    return None if cut is None or cut.lead.strip() else cut.turns


def _turns(value: Any, role: Role) -> list[Turn] | Unreadable | None:
    """A text, in one string or in typed blocks, as a turn of this role; one message; or a list of messages."""
    if value is None or type(value) is str:
        return [(role, value)]
    turns = turns_of([value] if type(value) is dict else value)
    if turns is None and _is_blocks(value) and text_of(value) is not Reason.UNKNOWN_SHAPE:
        return [(role, value)]
    return turns


def _is_blocks(value: Any) -> bool:
    return type(value) is dict or (type(value) is list and all(type(block) is dict for block in value))
