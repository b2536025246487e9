"""Measures EARS acts, categories and tags on their test sets."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from console.rules.measure import Share
from console.rules.sets import TEST, Row, rows
from streams.records import Conversation, Message, Origin, Role
from streams.rules.model import Kind, Pack
from streams.rules.word_model import ACTS
from streams.steps.categories import UNCATEGORIZED, categories
from streams.steps.ears import ears
from streams.steps.scan import scan
from streams.steps.tags import tags

_GOAL_EARS = 0.85
_GOAL_PRIMARY, _GOAL_UNDECIDED = 0.85, 0.10
_GOAL_TAG = 0.80


class Measure(NamedTuple):
    """One line of the table: what is measured, its figure, and what it should be."""

    what: str
    measured: str
    goal: str
    is_met: bool


class Counts(NamedTuple):
    """How many were said and true, said, and true."""

    both: int
    said: int
    true: int

    @property
    def f1(self) -> float:
        return 2 * self.both / (self.said + self.true) if self.said + self.true else 1.0

    def text(self) -> str:
        precision, recall = Share(self.both, self.said), Share(self.both, self.true)
        return (
            f"F1 {self.f1:.2f} (precision {precision.share:.2f}, recall {recall.share:.2f}, n = {self.true})"
        )


def counts_of(pairs: Iterable[tuple[bool, bool]]) -> Counts:
    found = list(pairs)
    return Counts(sum(s and t for s, t in found), sum(s for s, _ in found), sum(t for _, t in found))


def _conversation(row: Row) -> Conversation:
    turns = row["chat"]
    assert isinstance(turns, list)
    return Conversation(
        tuple(Message((Role.USER, Role.ASSISTANT)[n % 2], turn) for n, turn in enumerate(turns)), "example"
    )


def measure_ears(pack: Pack) -> Iterator[Measure]:
    """Each act's F1, then their mean."""
    said: list[tuple[frozenset[str], frozenset[str]]] = []
    for row in rows(Kind.EARS, TEST):
        conversation = _conversation(row)
        facts = ears(conversation, scan(conversation, pack), pack)
        shown = frozenset(act for act in ACTS if getattr(facts, act))
        labels = row["acts"]
        assert isinstance(labels, list)
        said.append((shown, frozenset(map(str, labels))))
    found = {act: counts_of((act in shown, act in true) for shown, true in said) for act in ACTS}
    for act, counts in found.items():
        yield Measure(f"EARS {act}", counts.text(), "", True)
    mean = sum(counts.f1 for counts in found.values()) / len(found)
    yield Measure("EARS, mean of the four", f"F1 {mean:.2f}", f"{_GOAL_EARS:.2f}", mean >= _GOAL_EARS)


def measure_categories(pack: Pack) -> Iterator[Measure]:
    """How many primaries are right, and how many exchanges nothing was said of."""
    right = undecided = 0
    found = rows(Kind.CATEGORIES, TEST)
    for row in found:
        conversation = _conversation(row)
        primary = categories(conversation, scan(conversation, pack), pack, Origin("")).categories[0].name
        right += primary == row["category"]
        undecided += primary == UNCATEGORIZED
    share, none = Share(right, len(found)), Share(undecided, len(found))
    yield Measure(
        "categories, primary right",
        f"{share.share:.2f} (at least {share.least:.2f}, n = {share.of})",
        f"{_GOAL_PRIMARY:.2f}",
        share.share >= _GOAL_PRIMARY,
    )
    yield Measure(
        "categories, uncategorised",
        f"{none.share:.2f} (at most {none.most:.2f})",
        f"{_GOAL_UNDECIDED:.2f}",
        none.share <= _GOAL_UNDECIDED,
    )


def measure_tag(pack: Pack, tag: str) -> Iterator[Measure]:
    """F1 of a tag."""
    pairs = []
    for row in rows(Kind.TAGS, tag):
        conversation = _conversation(row)
        said = getattr(tags(conversation, scan(conversation, pack), pack), tag) is not None
        pairs.append((said, row["y"] == 1))
    counts = counts_of(pairs)
    yield Measure(f"tag {tag}", counts.text(), f"{_GOAL_TAG:.2f}", counts.f1 >= _GOAL_TAG)
