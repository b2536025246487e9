"""Gathers what the YAML files of a rule pack say, with every fault on the way: the files' side of `pack.py`."""

import re
from collections import Counter
from collections.abc import Mapping

from streams.fold import fold
from streams.outcomes import Level
from streams.rules.checks import CHECKS
from streams.rules.database import hint_needle
from streams.rules.dialect import BadPattern, prove, translate
from streams.rules.fields import SUFFIX, Fields, read_yaml
from streams.rules.gate_model import GateModel, read_models
from streams.rules.model import CATEGORIES, Guard, Kind, Reads, Rule, Where
from streams.rules.names import NameWords, Place
from streams.rules.policy import Policy, read_policy
from streams.rules.word_model import ACTS
from streams.rules.word_thresholds import Words, read_words

TAGS = ("bias", "grounded")
PII_TYPES = (
    "person_name", "email", "phone", "street_address", "date_of_birth", "ssn", "national_id", "credit_card",
    "bank_account", "ip", "url", "review",
)  # fmt: skip
_NAMES: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.PII: ("type", PII_TYPES),
    Kind.EARS: ("act", ACTS),
    Kind.CATEGORIES: ("category", CATEGORIES),
    Kind.TAGS: ("tag", TAGS),
}
_READS = {Kind.CRISIS: "user", Kind.UNSAFE_REPLY: "assistant", Kind.EARS: "assistant", Kind.PII: "all"}
_ID = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
_VERSION = re.compile(r"\d{4}\.\d{1,2}\.\d+")


class PackReader:
    """Gathers what the files say, in order of their names, and every fault on the way."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.version = ""
        self.changelog: tuple[str, ...] = ()
        self.policy: Policy | None = None
        self.fragments: dict[str, str] = {}
        self.guards: dict[str, Guard] = {}
        self.labels: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.hotlines: frozenset[str] = frozenset()
        self.names = NameWords()
        self.rules: list[Rule] = []
        self.models: dict[Kind, GateModel] = {}
        self.words: Words | None = None
        self.seen: Counter[str] = Counter()

    def new_id(self, fields: Fields, identifier: str) -> None:
        if identifier and not _ID.fullmatch(identifier):
            fields.fault("id must be lower-case words joined by dots, for example crisis.wish.die")
        self.seen[identifier] += 1
        if identifier and self.seen[identifier] == 2:
            fields.fault(f"duplicate id {identifier}")

    def expression(
        self,
        fields: Fields,
        pattern: str,
        *,
        is_bounded: bool = True,
        keeps_case: bool = False,
        is_proven: bool = False,
    ) -> bytes:
        """The pattern's expression; those of rules are proven later, and only where they were never before."""
        if not pattern:
            return b""
        try:
            found = translate(pattern, self.fragments, is_bounded=is_bounded, keeps_case=keeps_case)
            if is_proven:
                prove(found)
            return found
        except BadPattern as error:
            fields.fault(f"bad pattern: {error}")
            return b""

    def read_fragments(self, fields: Fields) -> None:
        for name, pattern in fields.table("fragments").items():
            if name in self.fragments:
                fields.fault(f"duplicate id <{name}>")
            elif not isinstance(pattern, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                fields.fault(f"fragment {name} must be a pattern under a lower-case name")
            else:
                self.fragments[name] = pattern

    def read_guards(self, fields: Fields) -> None:
        for number, row in enumerate(fields.rows("guards"), 1):
            guard = Fields(row, f"{fields.place}: guard {number}", self.faults)
            identifier = guard.text("id")
            if identifier:
                guard.place = f"{fields.place}: {identifier}"
            self.new_id(guard, identifier)
            where = guard.text("where", among=tuple(Where))
            patterns = [
                self.expression(guard, p, is_proven=True) for p in guard.texts("patterns", needed=True)
            ]
            unless = [self.expression(guard, p, is_proven=True) for p in guard.texts("unless")]
            # a touching guard may be parted from the match by spaces and light punctuation alone
            tail = rb"[\s,\"'*_-]{0,4}\Z" if where == Where.TOUCHING else b""
            self.guards[identifier] = Guard(
                id=identifier,
                why=guard.text("why"),
                where=Where(where or Where.AROUND),
                characters=int(guard.number("characters", 1, 2000)),
                crosses_sentences=guard.flag("crosses_sentences", False),
                expression=re.compile(b"(?:" + b"|".join(patterns) + b")" + tail),
                unless=re.compile(b"|".join(unless)) if unless else None,
            )
            guard.close()

    def read_rules(self, fields: Fields, kind: Kind) -> None:
        common = fields.texts("guards")
        if kind is Kind.CATEGORIES:
            self.labels |= self._words(fields, "labels")
            self.sources |= self._words(fields, "sources")
        if kind is Kind.PII:
            self.hotlines |= {"".join(filter(str.isdigit, number)) for number in fields.texts("hotlines")}
        for number, row in enumerate(fields.rows("rules"), 1):
            rule = Fields(row, f"{fields.place}: rule {number}", self.faults)
            identifier = rule.text("id")
            if identifier:
                rule.place = f"{fields.place}: {identifier}"
            self.new_id(rule, identifier)
            self.rules.append(self._rule(rule, kind, identifier, common))
            rule.close()

    def _rule(self, rule: Fields, kind: Kind, identifier: str, common: tuple[str, ...]) -> Rule:
        without = rule.texts("without")
        named = [name for name in common if name not in without]
        named += rule.texts("guards")
        for name in {*named, *without} - set(self.guards):
            rule.fault(f"unknown guard {name}")
        for name in set(without) - set(common):
            rule.fault(f"without {name}, which the file does not have")
        is_gate = kind in {Kind.CRISIS, Kind.UNSAFE_REPLY}
        level = rule.text("level", among=tuple(Level)) if is_gate else ""
        hint = self.expression(rule, rule.text("hint", ""), is_bounded=False) if kind is Kind.PII else b""
        if hint and not hint_needle(hint):
            rule.fault("hint must begin with letters, digits, @ or : that stand in every match")
        default = {"acute": 0.9, "elevated": 0.6, "": 1.0}[level] if is_gate or kind is Kind.PII else 0.5
        key, names = _NAMES.get(kind, ("", ()))
        keeps_case = rule.flag("keeps_case", False) if kind is Kind.PII else False
        lists_names = rule.flag("given_names", False) if kind is Kind.PII else False
        return Rule(
            id=identifier,
            kind=kind,
            reads=Reads.named(
                rule.text("reads", _READS.get(kind, "any"), ("user", "assistant", "any", "all")) or "any"
            ),
            why=rule.text("why"),
            expression=b""
            if lists_names
            else self.expression(
                rule, rule.text("pattern"), is_bounded=rule.flag("bounded", True), keeps_case=keeps_case
            ),
            guards=tuple(self.guards[name] for name in named if name in self.guards),
            level=Level(level) if level else None,
            weight=rule.number("weight", 0, 1, default),
            name=rule.text(key, among=names) if key else "",
            group=rule.text("group", "") if kind is Kind.TAGS else "",
            check=rule.text("check", "", (*CHECKS, *Place)) if kind is Kind.PII else "",
            hint=hint,
            data=self.expression(rule, rule.text("data", ""), is_bounded=False) if kind is Kind.PII else b"",
            keeps_case=keeps_case,
            near_names=rule.flag("near_names", False) if kind is Kind.PII else False,
            lists_names=lists_names,
            first=self.expression(rule, rule.text("first", ""), is_bounded=False, keeps_case=keeps_case),
            match=rule.texts("match", needed=True),
            never=rule.texts("not"),
        )

    def _words(self, fields: Fields, key: str) -> dict[str, str]:
        """A table from a category to the words that mean it, turned round: folded word → category."""
        found: dict[str, str] = {}
        for category, words in fields.table(key).items():
            if category not in CATEGORIES or not isinstance(words, list):
                fields.fault(f"{key}: {category} must be a category with a list of words")
                continue
            for word in words:
                folded = fold(str(word)).decode()
                if found.setdefault(folded, category) != category:
                    fields.fault(f"{key}: a word stands under {found[folded]} and {category}")
        return found


# What others build on comes first; within one kind the files go by name.
_FIRST = ("pack", "policy", "fragments", "guards", "names")
_ONCE = ("pack", "policy")
_AT_MOST_ONCE = ("models", "words", "names")


def gather(files: Mapping[str, bytes]) -> PackReader:
    """All that the files of a pack say, and every fault of theirs; nothing is compiled or proven yet."""
    reader = PackReader()
    opened: list[tuple[int, str, str, Fields]] = []
    for name in sorted(name for name in files if not name.endswith(SUFFIX)):
        try:
            fields = Fields(read_yaml(files[name]), name, reader.faults)
        except ValueError as error:
            reader.faults.append(f"{name}: {error}")
            continue
        kind = fields.text("kind", among=sorted({*_FIRST, *_AT_MOST_ONCE, *Kind}))
        opened.append((_FIRST.index(kind) if kind in _FIRST else len(_FIRST), name, kind, fields))
    once = Counter(kind for _, _, kind, _ in opened)
    for needed in _ONCE:
        if once[needed] != 1:
            reader.faults.append(f"kind {needed}: exactly one file, found {once[needed]}")
    for optional in _AT_MOST_ONCE:
        if once[optional] > 1:
            reader.faults.append(f"kind {optional}: one file at most, found {once[optional]}")
    for _, _, kind, fields in sorted(opened, key=lambda row: row[:2]):
        match kind:
            case "pack":
                reader.version = fields.text("version")
                if not _VERSION.fullmatch(reader.version):
                    fields.fault("version must look like 2026.11.1")
                reader.changelog = fields.texts("changelog", needed=True)
            case "policy":
                reader.policy = read_policy(fields)
            case "fragments":
                reader.read_fragments(fields)
            case "guards":
                reader.read_guards(fields)
            case "names":
                reader.names = NameWords.read(fields)
            case "models":
                reader.models |= read_models(fields, files, reader.faults)
            case "words":
                reader.words = read_words(fields, files, reader.faults)
            case "":
                continue
            case _:
                reader.read_rules(fields, Kind(kind))
        fields.close()
    return reader
