"""Carries a record with its facts over a topic or a pipe: one JSON line there, the same record back."""

from dataclasses import fields
from typing import Any

import orjson

from streams.outcomes import Copy, Level, Reason, Split
from streams.records import (
    Category,
    CategoryFacts,
    Conversation,
    EarsFacts,
    Failure,
    Finding,
    Fingerprints,
    GroupFacts,
    LanguageFacts,
    Message,
    Origin,
    PiiFacts,
    PiiSpan,
    QualityFacts,
    Record,
    Role,
    Source,
    Span,
    Tag,
    TagFacts,
    Unreadable,
)

# What stays behind: the raw line is not read again, and the outcome is decided where the record arrives.
LEFT_OUT = frozenset({"line", "outcome"})
_CARRIED = tuple(field.name for field in fields(Record) if field.name not in LEFT_OUT)


class BadLine(ValueError):
    """A line that `dump` did not write."""


def dump(record: Record) -> bytes:
    """The record as one JSON line without its newline, and without its raw line and outcome.

    Text that JSON cannot hold (half a surrogate pair) gives the record with a Failure of `carry` in place of
    its text: it is held with a reason instead of stopping its chunk.
    """
    try:
        return _dump(record)
    except TypeError as error:
        return _dump(Record(record.source, record.origin, failure=Failure("carry", type(error).__name__)))


def _dump(record: Record) -> bytes:
    carried = {}
    for name in _CARRIED:
        value = getattr(record, name)
        if value is not None:
            carried[name] = value
    # orjson writes dataclasses and enums itself, and asks about tuples with names
    return orjson.dumps(carried, default=_by_name)


def _by_name(fact: Any) -> dict[str, Any]:
    if not isinstance(fact, tuple):
        raise TypeError(type(fact).__name__)
    named: dict[str, Any] = fact._asdict()  # type: ignore[attr-defined]
    return named


def load(line: bytes) -> Record:
    """The record in a line of `dump`. Raises BadLine for anything else."""
    try:
        found = orjson.loads(line)
        record = Record(Source(**found.pop("source")), _origin(found.pop("origin")))
        for name, value in found.items():
            setattr(record, name, _LOADERS[name](value))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # from None: the parser's own words quote the line
        raise BadLine(type(error).__name__) from None
    return record


def _origin(found: dict[str, Any]) -> Origin:
    return Origin(keep_fields=tuple(found.pop("keep_fields")), **found)


def _conversation(found: dict[str, Any]) -> Conversation:
    messages = tuple(Message(Role(m["role"]), m["content"]) for m in found.pop("messages"))
    return Conversation(messages, labels=tuple(found.pop("labels")), **found)


def _unreadable(found: dict[str, Any]) -> Unreadable:
    # what was heard is the record's conversation by now
    return Unreadable(Reason(found["reason"]), tuple(found["fields"]))


def _pii(found: dict[str, Any]) -> PiiFacts:
    return PiiFacts(tuple(PiiSpan(**span) for span in found["spans"]), found["status"])


def _finding(found: dict[str, Any]) -> Finding:
    level = found["level"]
    return Finding(
        None if level is None else Level(level),
        found["score"],
        tuple(found["rules"]),
        tuple(Span(**span) for span in found["spans"]),
    )


def _ears(found: dict[str, Any]) -> EarsFacts:
    return EarsFacts(rules=tuple(found.pop("rules")), **found)


def _quality(found: dict[str, Any]) -> QualityFacts:
    return QualityFacts(found["score"], found["floor"], tuple(found["faults"]))


def _categories(found: dict[str, Any]) -> CategoryFacts:
    return CategoryFacts(tuple(Category(**category) for category in found["categories"]))


def _tag(found: dict[str, Any] | None) -> Tag | None:
    if found is None:
        return None
    return Tag(found["score"], tuple(found["rules"]), tuple(found["groups"]))


def _tags(found: dict[str, Any]) -> TagFacts:
    return TagFacts(_tag(found["bias"]), _tag(found["grounded"]))


def _fingerprints(found: dict[str, Any]) -> Fingerprints:
    return Fingerprints(found["content_hash"], tuple(found["bands"]))


def _group(found: dict[str, Any]) -> GroupFacts:
    return GroupFacts(found["group"], Split(found["split"]), found["stage"])


# One row for each carried field beside source and origin; a test holds it against Record.
_LOADERS: dict[str, Any] = {
    "person": str,
    "kept": dict,
    "refused": Reason,
    "conversation": _conversation,
    "unreadable": _unreadable,
    "failure": lambda found: Failure(**found),
    "pii": _pii,
    "crisis": _finding,
    "unsafe_reply": _finding,
    "language": lambda found: LanguageFacts(**found),
    "ears": _ears,
    "quality": _quality,
    "categories": _categories,
    "tags": _tags,
    "fingerprints": _fingerprints,
    "group": _group,
    "copy": Copy,
}
