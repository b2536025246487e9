"""What a rule pack is, once read: rules, guards, word lists, models and the policy, with its compiled databases."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING

from streams.outcomes import Level
from streams.rules.lexicon import ENGLISH
from streams.rules.names import NameWords
from streams.rules.policy import Policy

if TYPE_CHECKING:
    from streams.rules.database import Databases
    from streams.rules.gate_model import GateModel
    from streams.rules.word_thresholds import Words
    from streams.rules.words import WordLists


@cache
def _compiled(expression: bytes) -> re.Pattern[bytes]:
    # on first need: most rules never hit, and `re` compiles a pattern for longer than a scan takes
    return re.compile(expression)


class Kind(StrEnum):
    """The kinds of rules. Each is read by the step of its name."""

    CRISIS = "crisis"
    UNSAFE_REPLY = "unsafe_reply"
    PII = "pii"
    EARS = "ears"
    CATEGORIES = "categories"
    TAGS = "tags"


# "First that fits": the order in which categories are defined decides between equally sure ones.
CATEGORIES = (
    "crisis_support", "trauma_processing", "clinical_diagnosis", "relationship_therapy", "mens_mental_health",
    "therapy", "counseling", "problem_solving", "philosophical_reasoning", "therapeutic_conversation",
    "mental_health_support", "other",
)  # fmt: skip
CATEGORY_ORDER = {name: place for place, name in enumerate(CATEGORIES)}

# Silence of these lets a record through: where roles are guessed they read both sides.
GATES = frozenset({Kind.CRISIS, Kind.UNSAFE_REPLY})


class Reads(IntFlag):
    """Whose words a rule looks at. SYSTEM stands for system and tool turns, ASIDE for the reasoning."""

    USER = 1
    ASSISTANT = 2
    SYSTEM = 4
    ASIDE = 8

    @classmethod
    def named(cls, name: str) -> "Reads":
        """user, assistant, any (both of them) or all (everything that is written out, as PII needs)."""
        both = cls.USER | cls.ASSISTANT
        return {
            "user": cls.USER,
            "assistant": cls.ASSISTANT,
            "any": both,
            "all": both | cls.SYSTEM | cls.ASIDE,
        }[name]


class Where(StrEnum):
    """The side of a match on which a guard looks. `touching` ends where the match starts."""

    TOUCHING = "touching"
    BEFORE = "before"
    AFTER = "after"
    AROUND = "around"


@dataclass(frozen=True, slots=True)
class Guard:
    """A context that makes a match harmless: its expression found in reach, and no `unless` there.

    Reach is `characters` of the folded text, cut at the ends of the sentence unless `crosses_sentences`.
    """

    id: str
    why: str
    where: Where
    characters: int
    crosses_sentences: bool
    expression: re.Pattern[bytes]
    unless: re.Pattern[bytes] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a pack. What only some kinds have is empty in the others.

    `weight` is 0-1: how much one match alone says. `name` is the EARS act, the category, the tag, or the type
    of personal data; `group` is a tag's group; `check` the validator of personal data; `hint` a cheap expression
    with a fixed beginning that each match holds: `re` looks for it alone, and for the rule's own only around it.
    `data` finds the data in a match that holds more than that. `keeps_case`: reads the text with its capitals.
    `lists_names`: its matches are the given names of the pack's list, and it has no expression. `near_names`: looked for
    only around words with a capital that may be names.
    `first` is what each match of a dear rule holds: only where it is found is the rule itself looked for.
    """

    id: str
    kind: Kind
    reads: Reads
    why: str
    expression: bytes
    guards: tuple[Guard, ...] = ()
    level: Level | None = None
    weight: float = 1.0
    name: str = ""
    group: str = ""
    check: str = ""
    hint: bytes = b""
    first: bytes = b""
    data: bytes = b""
    keeps_case: bool = False
    near_names: bool = False
    lists_names: bool = False
    match: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def speaks_once(self) -> bool:
        """Whether one match says all: nobody asks a rule without guards, outside gates and PII, where it matched."""
        return not self.guards and self.kind not in GATES and self.kind is not Kind.PII

    def finder(self) -> re.Pattern[bytes]:
        """The same expression for `re`: finds whole matches, the longest of those with one start."""
        return _compiled(self.expression)

    def inner(self) -> re.Pattern[bytes] | None:
        """Finds the data within a match; None where the match is the data."""
        return _compiled(self.data) if self.data else None

    def ender(self) -> re.Pattern[bytes]:
        """Finds the leftmost start of a match that ends where the search ends."""
        return _compiled(b"(?:" + self.expression + rb")\Z")


@dataclass(frozen=True)
class Pack:
    """A rule pack as a value. `digest` is sha256 hex over sorted file names and bytes.

    One pack serves one thread at a time: its databases hold the scratch space of their scans.
    """

    version: str
    digest: str
    changelog: tuple[str, ...]
    policy: Policy
    rules: tuple[Rule, ...]
    labels: Mapping[str, str]
    sources: Mapping[str, str]
    hotlines: frozenset[str]
    models: Mapping[Kind, "GateModel"]
    words: "Words | None"
    names: NameWords
    databases: "Databases" = field(repr=False, compare=False)
    stored: bytes = field(repr=False, compare=False, default=b"")

    @property
    def label(self) -> str:
        return f"{self.version}+{self.digest[:8]}"

    def database_bytes(self) -> bytes:
        """The compiled database, for `read_pack(files, database=…)`. Good for this kind of CPU only."""
        return self.stored

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def name_lists(self) -> "WordLists":
        """Given names, and behind them the words that are no names wherever they stand."""
        # imported here: intake and sinks read this file, and load no compiler
        from streams.rules.words import WordLists

        names = self.names
        return WordLists(names.given, (names.never | ENGLISH) - names.given - names.either)

    @cached_property
    def known_sources(self) -> dict[str, str | None]:
        """By the name of a source the category that it names, as found out so far: a catalogue has some dozens."""
        return {}

    @cached_property
    def columns(self) -> tuple[tuple[Kind, int, Rule], ...]:
        """Kind, reads and rule by rule number, as the scan wants them."""
        return tuple((rule.kind, int(rule.reads), rule) for rule in self.rules)

    @cached_property
    def columns_guessed(self) -> tuple[tuple[Kind, int, Rule], ...]:
        """The same for a conversation whose roles are guessed: there the gates read both sides."""
        both = int(Reads.USER | Reads.ASSISTANT)
        return tuple(
            (kind, reads | both if kind in GATES else reads, rule) for kind, reads, rule in self.columns
        )
