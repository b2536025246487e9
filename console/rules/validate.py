"""Cross-validation over writers, and the curve of false alarms over the number of examples."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import yaml

from clients.errors import Fatal
from clients.packs import shipped_files
from console.rules.fit import train
from console.rules.instances import Floats, marked_text, told_text
from streams.rules.labelled import Example
from streams.rules.model import Kind
from streams.rules.plain import Plain, as_plain
from streams.rules.scorer import Scorer

Labels = npt.NDArray[np.bool_]
_SEED = 20261126  # of the order in which the curve takes examples
_CURVE = (250, 500, 1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 24000)


def scores(scorer: Scorer, examples: Sequence[Example], gate: Kind, beside: Scorer | None = None) -> Floats:
    """The model's score of each example; with what the other side's words add, where it is asked about these."""
    size = _passage_bytes(gate)
    found = np.array([scorer.read(text, size).value for text in _texts(examples, gate)], np.float64)
    if beside is not None:
        found += [beside.whole(as_plain(told_text(example))) for example in examples]
    return found


def window_scores(scorer: Scorer, examples: Sequence[Example], gate: Kind) -> Floats:
    """What a model says that is asked beside a gate's own (`Side`): the score of each example's gravest window."""
    return np.array([scorer.score(text).value for text in _texts(examples, gate)], np.float64)


def _texts(examples: Sequence[Example], gate: Kind) -> Iterator[Plain]:
    return (as_plain(marked_text(example, gate)[0]) for example in examples)


@cache
def _passage_bytes(gate: Kind) -> int:
    """The length of a passage as the pack of this version has it: what is measured here is what it will read."""
    rows = yaml.safe_load(shipped_files()["models.yaml"])["models"]
    found = [int(row["passage_bytes"]) for row in rows if row["gate"] == gate]
    if not found:
        raise Fatal(f"models.yaml has no model of {gate}: how long its passages are is not known")
    return found[0]


def labels_of(examples: Sequence[Example]) -> Labels:
    return np.array([example.label for example in examples])


def leave_one_writer_out(examples: Sequence[Example], gate: Kind) -> Floats:
    """For each example its score by a model that has seen nothing of the same writer."""
    found = np.zeros(len(examples))
    for writer in sorted({example.writer for example in examples}):
        others = [example for example in examples if example.writer != writer]
        own = [place for place, example in enumerate(examples) if example.writer == writer]
        model = train(others, gate)
        found[own] = scores(model.scorer, [examples[place] for place in own], gate, model.beside)
    return found


def alarms_at(found: Floats, labels: Labels, recall: float) -> float:
    """The share of false alarms at the threshold that gives this recall on the same examples."""
    threshold = np.quantile(found[labels], 1 - recall)
    return float((found[~labels] >= threshold).mean())


def area(found: Floats, labels: Labels) -> float:
    """The probability that one of danger scores above a harmless one (area under the curve, by ranks)."""
    order = found.argsort()
    ranks = np.empty(len(found))
    ranks[order] = np.arange(1, len(found) + 1)
    raised = int(labels.sum())
    return float((ranks[labels].sum() - raised * (raised + 1) / 2) / (raised * (len(found) - raised)))


def curve(
    examples: Sequence[Example], test: Sequence[Example], gate: Kind
) -> Iterator[tuple[int, float, float]]:
    """Number of examples, area and false alarms at recall 0.95, measured on others' examples."""
    order = np.random.default_rng(_SEED).permutation(len(examples))
    for count in (*(count for count in _CURVE if count < len(examples)), len(examples)):
        taken = [examples[place] for place in sorted(order[:count])]
        model = train(taken, gate)
        found, labels = scores(model.scorer, test, gate, model.beside), labels_of(test)
        yield count, area(found, labels), alarms_at(found, labels, 0.95)
