"""Puts placeholders where personal data stood, and moves other spans along with the text."""

from collections.abc import Iterable
from dataclasses import replace

from streams.records import Conversation, PiiFacts, PiiSpan, Span
from streams.steps.scan import REASONING


def placeholder(pii_type: str) -> str:
    """What stands for data of a type: `[EMAIL]`, `[CREDIT_CARD]`, …"""
    return f"[{pii_type.upper()}]"


def _of(facts: PiiFacts, message: int) -> list[PiiSpan]:
    return sorted((span for span in facts.spans if span.message == message), key=lambda span: span.start)


def _scrubbed(text: str, spans: list[PiiSpan]) -> str:
    pieces: list[str] = []
    at = 0
    for span in spans:
        pieces += text[at : span.start], placeholder(span.type)
        at = span.end
    return "".join(pieces) + text[at:]


def scrub(conversation: Conversation, facts: PiiFacts) -> Conversation:
    """The conversation with a placeholder for each span, in messages and reasoning.

    `question` goes: it is only there to find the group, which is known by then, and no span covers it.
    """
    if not facts.spans and conversation.question is None:
        return conversation
    messages = list(conversation.messages)
    for index in {span.message for span in facts.spans} - {REASONING}:
        spans = _of(facts, index)
        messages[index] = replace(messages[index], content=_scrubbed(messages[index].content, spans))
    reasoning = conversation.reasoning
    if reasoning is not None:
        reasoning = _scrubbed(reasoning, _of(facts, REASONING))
    return replace(conversation, messages=tuple(messages), reasoning=reasoning, question=None)


def _moved(position: int, spans: list[PiiSpan], *, is_end: bool) -> int:
    shift = 0
    for span in spans:
        if position <= span.start:
            break
        after = span.start + shift + len(placeholder(span.type))
        if position < span.end:
            # inside the data: its placeholder is the nearest thing that is left
            return after if is_end else span.start + shift
        shift = after - span.end
    return position + shift


def shift(spans: Iterable[Span], facts: PiiFacts) -> tuple[Span, ...]:
    """The spans as positions in the scrubbed text; one that cuts into personal data grows to the placeholder."""
    if not facts.spans:
        return tuple(spans)
    moved = []
    for span in spans:
        here = _of(facts, span.message)
        start, end = _moved(span.start, here, is_end=False), _moved(span.end, here, is_end=True)
        moved.append(Span(span.message, start, end))
    return tuple(moved)
