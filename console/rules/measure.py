"""Measures a gate on labelled sets: what it finds and what it takes for danger, by stratum, with exact bounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.rules.bounds import lower_bound, upper_bound
from streams.outcomes import Level
from streams.records import Finding
from streams.rules.labelled import Example
from streams.rules.model import Kind, Pack
from streams.steps.gate import finding
from streams.steps.scan import scan


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate said of an example."""

    example: Example
    found: Finding

    @property
    def is_raised(self) -> bool:
        return self.found.level is not None


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact one-sided 95 % bounds of the true share."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def least(self) -> float:
        return lower_bound(self.hits, self.of) if self.of else 0.0

    @property
    def most(self) -> float:
        return upper_bound(self.hits, self.of) if self.of else 1.0


def judge(examples: Iterable[Example], gate: Kind, pack: Pack) -> list[Verdict]:
    """The pack's verdict on each example, by the very step of the pipeline."""
    verdicts = []
    for example in examples:
        conversation = example.conversation()
        verdicts.append(Verdict(example, finding(scan(conversation, pack), gate, pack)))
    return verdicts


def recall(verdicts: Iterable[Verdict]) -> Share:
    """How many of those labelled 1 are raised."""
    raised = [verdict.is_raised for verdict in verdicts if verdict.example.label]
    return Share(sum(raised), len(raised))


def false_alarms(verdicts: Iterable[Verdict]) -> Share:
    """How many of those labelled 0 are raised."""
    raised = [verdict.is_raised for verdict in verdicts if not verdict.example.label]
    return Share(sum(raised), len(raised))


def called_acute(verdicts: Iterable[Verdict], level: Level) -> Share:
    """Of those raised that a person calls `level`, how many the gate calls acute."""
    called = [v.found.level is Level.ACUTE for v in verdicts if v.is_raised and v.example.level is level]
    return Share(sum(called), len(called))


def by_stratum(verdicts: Sequence[Verdict]) -> list[tuple[str, Share, Share]]:
    """Each stratum with its recall and its false alarms, the worst recall first."""
    names = sorted({verdict.example.stratum for verdict in verdicts})
    rows = [
        (name, recall(own), false_alarms(own))
        for name in names
        for own in [[v for v in verdicts if v.example.stratum == name]]
    ]
    return sorted(rows, key=lambda row: (row[1].of == 0, row[1].share, -row[2].share, row[0]))
