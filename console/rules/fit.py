"""Trains a gate's model: a logistic regression over slots, in which rare slots may weigh more than common ones."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import diags, hstack
from sklearn.linear_model import LogisticRegression

from console.rules.instances import Floats, Instances, make_instances, slot_rows, told_text
from streams.rules.labelled import Example
from streams.rules.model import Kind
from streams.rules.ngrams import FEW_SLOT_BITS, SLOT_BITS
from streams.rules.scorer import Scorer, read_scorer, write_scorer

# Chosen by cross-validation over writers, all of them flat around these (see the README's page on screening).
_INVERSE_PENALTY = 15.0
# Power of the inverse document frequency by which a slot's penalty shrinks; what a text is about at all shows in
# more common ones than whether somebody is in danger.
_RARITY, _SIDE_RARITY = {Kind.CRISIS: 2.0, Kind.UNSAFE_REPLY: 2.5}, 1.0
# How much an example's words of the other side count beside those that are judged.
_SHARE_BESIDE = 0.6
_MOST_STEPS = 2000
_SEED = 20261126  # of the order in which the solver takes the examples


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model as a file, and as what reads it; and the one of the other side's words, where there is one."""

    file: bytes
    scorer: Scorer
    beside_file: bytes | None = None
    beside: Scorer | None = None


def digest_of_examples(examples: Iterable[Example]) -> str:
    """sha256 hex over the labels and turns, in order of writers and strata."""
    whole = hashlib.sha256()
    for example in examples:
        whole.update(f"{example.label} {example.level} {len(example.turns)}\n".encode())
        whole.update("\n".join(example.turns).encode())
    return whole.hexdigest()


def train(examples: Sequence[Example], gate: Kind) -> Trained:
    """The gate's own model. The same examples give the same decisions."""
    labels, digest = [example.label for example in examples], digest_of_examples(examples)
    instances = make_instances(examples, labels, gate, SLOT_BITS, with_windows=True)
    if gate is not Kind.UNSAFE_REPLY:
        return _trained(*fit(instances, _RARITY[gate]), digest)
    # whose words are not judged say what is talked about: they are learnt from together with those that are
    other = slot_rows([told_text(example) for example in examples], FEW_SLOT_BITS)
    both = hstack([instances.slots, _SHARE_BESIDE * other[instances.examples]]).tocsr()
    weights, bias = fit(replace(instances, slots=both), _RARITY[gate])
    own, beside = np.split(weights, [1 << SLOT_BITS])
    trained, told = _trained(own, bias, digest), _trained(beside * _SHARE_BESIDE, 0.0, digest)
    return replace(trained, beside_file=told.file, beside=told.scorer)


def train_side(examples: Sequence[Example], labels: Sequence[bool], gate: Kind) -> Trained:
    """A model that tells the labelled True from the rest by whole texts: a question that no bracket answers."""
    instances = make_instances(examples, labels, gate, FEW_SLOT_BITS, with_windows=False)
    return _trained(*fit(instances, _SIDE_RARITY), digest_of_examples(examples))


def _trained(weights: Floats, bias: float, digest: str) -> Trained:
    file = write_scorer(weights, bias, digest)
    return Trained(file, read_scorer(file))


def fit(instances: Instances, rarity_power: float) -> tuple[Floats, float]:
    """Weights by slot, and the bias."""
    seen = np.asarray((instances.slots > 0).sum(axis=0)).ravel()
    rarity = np.log((1 + instances.slots.shape[0]) / (1 + seen)) ** rarity_power
    rarity /= np.median(rarity[seen > 1])
    # coordinate descent in the dual (Yu, Huang, Lin 2011): other solvers stop short on features so uneven
    model = LogisticRegression(
        C=_INVERSE_PENALTY, solver="liblinear", dual=True, max_iter=_MOST_STEPS, random_state=_SEED
    )
    model.fit(instances.slots @ diags(rarity), instances.labels, instances.weights)
    weights: Floats = model.coef_[0] * rarity
    return weights, float(model.intercept_[0])
