"""Turns facts into the outcome: the one place that decides, by a table of precedence."""

from collections.abc import Callable
from typing import NamedTuple

from streams.outcomes import Crisis, Duplicate, Held, Kept, Outcome, Reason, Rejected
from streams.records import Record, Role

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_ASSISTANT = Role.ASSISTANT


def _unreadable(record: Record) -> Outcome | None:
    if record.refused is not None:
        return Rejected(record.refused)
    if record.unreadable is not None and record.conversation is None:
        return Rejected(record.unreadable.reason)
    return None


def _partly_read(record: Record) -> Outcome | None:
    return Rejected(record.unreadable.reason) if record.unreadable is not None else None


def _failed(record: Record) -> Outcome | None:
    if record.failure is None:
        return None
    if record.failure.step == "poison":
        return Held(Reason.POISON)
    # an error inside the gate must never look like "no crisis"
    return Held(Reason.GATE_ERROR if record.failure.step in GATES else Reason.STEP_ERROR)


def _crisis(record: Record) -> Outcome | None:
    found = record.crisis
    # without the PII step's word its text cannot be scrubbed: then the failure below holds it
    if found is None or found.level is None or record.pii is None:
        return None
    return Crisis(found.level)


def _unsafe_reply(record: Record) -> Outcome | None:
    found = record.unsafe_reply
    return Held(Reason.UNSAFE_REPLY) if found is not None and found.level is not None else None


def _not_gated(record: Record) -> Outcome | None:
    # fails closed: a readable record without the gate's word is held, whatever the reason
    return Held(Reason.GATE_ERROR) if record.crisis is None or record.unsafe_reply is None else None


def _ungated_language(record: Record) -> Outcome | None:
    language = record.language
    return Held(Reason.UNGATED_LANGUAGE) if language is None or not language.is_gated else None


def _pii_doubt(record: Record) -> Outcome | None:
    return Held(Reason.PII_DOUBT) if record.pii is None or record.pii.status == "requires_review" else None


def _no_assistant_turn(record: Record) -> Outcome | None:
    conversation = record.conversation
    if conversation is None:
        return Rejected(Reason.NO_ASSISTANT_TURN)
    if conversation.single_turn:
        return None
    for message in conversation.messages:
        if message.role is _ASSISTANT:
            return None
    return Rejected(Reason.NO_ASSISTANT_TURN)


def _unwanted_reply(record: Record) -> Outcome | None:
    conversation = record.conversation
    return Rejected(Reason.UNWANTED_REPLY) if conversation is not None and conversation.unwanted else None


def _low_quality(record: Record) -> Outcome | None:
    quality = record.quality
    return Rejected(Reason.LOW_QUALITY) if quality is not None and quality.score < quality.floor else None


def _language(record: Record) -> Outcome | None:
    language = record.language
    return Rejected(Reason.LANGUAGE) if language is not None and not language.is_wanted else None


def _duplicate(record: Record) -> Outcome | None:
    return Duplicate(record.copy) if record.copy is not None else None


class Row(NamedTuple):
    """One line of the precedence: what it looks for, and the outcome it gives (None: go on)."""

    why: str
    rule: Callable[[Record], Outcome | None]


# Steps whose failure is a gate_error: their silence would wave a person in danger through.
GATES = frozenset({"scan", "crisis", "unsafe_reply"})

# First match wins. A cry that nobody answered is still seen: crisis stands above no_assistant_turn.
BEFORE_DEDUP: tuple[Row, ...] = (
    Row("nothing to read", _unreadable),
    Row("a person in danger", _crisis),
    Row("a step or the gate failed", _failed),
    Row("a reply that harms", _unsafe_reply),
    Row("the gate did not speak", _not_gated),
    Row("a turn is null or blank", _partly_read),
    Row("a language that the gate is not measured for", _ungated_language),
    Row("personal data in doubt", _pii_doubt),
    Row("nobody answers", _no_assistant_turn),
    Row("the source calls the reply unwanted", _unwanted_reply),
    Row("below the floor", _low_quality),
    Row("a language that is not wanted", _language),
)
PRECEDENCE: tuple[Row, ...] = (*BEFORE_DEDUP, Row("seen before", _duplicate))


def diverted(record: Record) -> Outcome | None:
    """The outcome that needs no look at other records; None if it would be kept were it new."""
    for row in BEFORE_DEDUP:
        outcome = row.rule(record)
        if outcome is not None:
            return outcome
    return None


def decide(record: Record) -> Outcome:
    """The record's one outcome. Needs every fact of the topology; a missing gate fact holds."""
    for row in PRECEDENCE:
        outcome = row.rule(record)
        if outcome is not None:
            return outcome
    if record.group is None:
        return Held(Reason.STEP_ERROR)
    return Kept(record.group.split)
