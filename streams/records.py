"""A record on its way: where it came from, its conversation, and the facts that steps add.

Facts are tuples: a dozen are made for every record, and a frozen dataclass costs three times as much.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from streams.outcomes import Copy, Level, Outcome, Reason, Split


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Source(NamedTuple):
    """One record's place in the drops. `record` counts from 0 within the object's version."""

    bucket: str
    key: str
    version: str
    record: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What the owner says of a source: name, tier (1-6), licence, category, language, stage.

    `keep_fields` are fields of a record that go into its metadata, scrubbed; `person` is the field that
    names who speaks: it is kept as a keyed hash only.
    """

    name: str
    tier: int | None = None
    license: str | None = None
    category: str | None = None
    language: str | None = None
    stage: int | None = None
    keep_fields: tuple[str, ...] = ()
    person: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The canonical form: messages in order, no two neighbours of one role, none blank.

    `labels` are the record's own category words (a topic column, tags), `question` is what several
    answers share (it decides the group), `reasoning` a chain of thought kept apart from the answer.
    `roles_guessed` is true where the shape does not say who spoke, `unwanted` where the source marks the
    reply as one that nobody should learn.
    """

    messages: tuple[Message, ...]
    shape: str
    single_turn: bool = False
    roles_guessed: bool = False
    labels: tuple[str, ...] = ()
    question: str | None = None
    reasoning: str | None = None
    unwanted: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Conversion refused the record: why, and the names of its fields (never their text).

    `heard` is what could be read where the help-seeker spoke and another turn was null or blank: the gate
    looks at it, for a cry whose answer was removed is still a cry.
    """

    reason: Reason
    fields: tuple[str, ...] = ()
    heard: Conversation | None = None


class Span(NamedTuple):
    """A stretch of one message in code points of the converted text, end exclusive."""

    message: int
    start: int
    end: int


class PiiSpan(NamedTuple):
    message: int
    start: int
    end: int
    type: str


class PiiFacts(NamedTuple):
    """Personal data found; `status` is scrubbed, none_detected or requires_review."""

    spans: tuple[PiiSpan, ...] = ()
    status: str = "none_detected"


class Finding(NamedTuple):
    """What a gate saw: level (None: nothing), score 0-1, the rules that spoke, and where."""

    level: Level | None
    score: float
    rules: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


class LanguageFacts(NamedTuple):
    """ISO 639-1 code, the identifier's probability, whether the pack's gate is measured for it
    and whether the pack wants it."""

    code: str
    confidence: float
    is_gated: bool
    is_wanted: bool = True


class EarsFacts(NamedTuple):
    empathize: bool
    acknowledge: bool
    reflect: bool
    support: bool
    score: float
    rules: tuple[str, ...] = ()


class QualityFacts(NamedTuple):
    """Score 0-1, the floor that the pack sets for the record's tier, and what lowered it."""

    score: float
    floor: float
    faults: tuple[str, ...] = ()


class Category(NamedTuple):
    name: str
    confidence: float
    from_: str


class CategoryFacts(NamedTuple):
    """Categories, the primary first; never empty (`uncategorized` when nothing was sure)."""

    categories: tuple[Category, ...]


class Tag(NamedTuple):
    score: float
    rules: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class TagFacts(NamedTuple):
    bias: Tag | None = None
    grounded: Tag | None = None


class Fingerprints(NamedTuple):
    """Content hash (32 hex digits) and the near-copy bands (16 hex digits each, may be empty)."""

    content_hash: str
    bands: tuple[str, ...] = ()


class GroupFacts(NamedTuple):
    """The group that shares a split (16 hex digits), the split, and the curriculum stage 1-4."""

    group: str
    split: Split
    stage: int = 1


class Failure(NamedTuple):
    """A step raised: its name and the exception's type, never its text."""

    step: str
    error: str


@dataclass(slots=True)
class Record:
    """One record and all that is known of it. Steps add facts, `decide` adds the outcome.

    Mutable on purpose: it is the one thing that grows on its way through the steps.
    """

    source: Source
    origin: Origin
    line: bytes = b""
    person: str | None = None
    kept: dict[str, Any] | None = None
    refused: Reason | None = None
    conversation: Conversation | None = None
    unreadable: Unreadable | None = None
    failure: Failure | None = None
    pii: PiiFacts | None = None
    crisis: Finding | None = None
    unsafe_reply: Finding | None = None
    language: LanguageFacts | None = None
    ears: EarsFacts | None = None
    quality: QualityFacts | None = None
    categories: CategoryFacts | None = None
    tags: TagFacts | None = None
    fingerprints: Fingerprints | None = None
    group: GroupFacts | None = None
    copy: Copy | None = None
    outcome: Outcome | None = field(default=None)
