"""Why a record ended where it did: the closed set of outcomes and of their reasons."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Every reason there is. A new one is a row here, never a text made up elsewhere."""

    # conversion and intake: there is nothing to read (rejected)
    BAD_JSON = "bad_json"
    BAD_CSV = "bad_csv"
    BAD_ENCODING = "bad_encoding"
    UNKNOWN_SHAPE = "unknown_shape"
    UNKNOWN_ROLE = "unknown_role"
    NULL_CONTENT = "null_content"
    EMPTY = "empty"
    NO_USER_TURN = "no_user_turn"
    NO_PARENT = "no_parent"  # a message whose parent is nowhere in its tree
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    # readable, but not wanted (rejected)
    NO_ASSISTANT_TURN = "no_assistant_turn"
    UNWANTED_REPLY = "unwanted_reply"
    LOW_QUALITY = "low_quality"
    LANGUAGE = "language"
    # a person has to look first (held)
    UNSAFE_REPLY = "unsafe_reply"
    GATE_ERROR = "gate_error"
    STEP_ERROR = "step_error"
    POISON = "poison"
    UNGATED_LANGUAGE = "ungated_language"
    PII_DOUBT = "pii_doubt"


class Level(StrEnum):
    """How urgent a crisis is (`acute`: intent, plan, means, attempt or danger now)."""

    ACUTE = "acute"
    ELEVATED = "elevated"


class Split(StrEnum):
    """The three parts of the kept set."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Copy(StrEnum):
    """What a duplicate is a copy of: the same content, or nearly the same."""

    EXACT = "exact"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Kept:
    split: Split


@dataclass(frozen=True, slots=True)
class Crisis:
    level: Level


@dataclass(frozen=True, slots=True)
class Held:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Duplicate:
    kind: Copy


@dataclass(frozen=True, slots=True)
class Rejected:
    reason: Reason


Outcome = Kept | Crisis | Held | Duplicate | Rejected

# The names of the five outcomes, in the order in which people read them.
OUTCOMES = ("kept", "crisis", "held", "duplicate", "rejected")

# Reasons after which no text of the record may be written anywhere: it was never read safely.
TEXTLESS = frozenset({Reason.STEP_ERROR, Reason.POISON, Reason.GATE_ERROR})


def name_of(outcome: Outcome) -> str:
    """The outcome's name: one of OUTCOMES, which is also the dataset that the record goes to."""
    return type(outcome).__name__.lower()


def reason_of(outcome: Outcome) -> str | None:
    """The outcome's detail: level, reason or kind of copy; None for a kept record."""
    match outcome:
        case Kept():
            return None
        case Crisis(level):
            return level.value
        case Held(reason) | Rejected(reason):
            return reason.value
        case Duplicate(kind):
            return kind.value
