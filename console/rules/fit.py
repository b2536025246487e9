"""Trains a gate's model: a logistic regression over slots, in which rare slots may weigh more than common ones."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import diags
from sklearn.linear_model import LogisticRegression

from console.rules.instances import Floats, Instances, make_instances, slot_rows
from console.rules.word_examples import Exchange
from streams.fold import fold
from streams.rules.labelled import Example
from streams.rules.model import Kind
from streams.rules.ngrams import FEW_SLOT_BITS, SLOT_BITS, plain
from streams.rules.scorer import Scorer, read_scorer, write_scorer

# Chosen by cross-validation over writers, all of them flat around these (see the README's page on screening).
_INVERSE_PENALTY = 15.0
# Power of the inverse document frequency by which a slot's penalty shrinks; what a text is about at all shows in
# more common ones than whether somebody is in danger.
_RARITY, _SIDE_RARITY = 2.0, 1.0
_MOST_STEPS = 2000
_SEED = 20261126  # of the order in which the solver takes the examples


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model as a file, and as what reads it."""

    file: bytes
    scorer: Scorer


def digest_of_examples(examples: Iterable[Example]) -> str:
    """sha256 hex over the labels and turns, in order of writers and strata."""
    whole = hashlib.sha256()
    for example in examples:
        whole.update(f"{example.label} {example.level} {len(example.turns)}\n".encode())
        whole.update("\n".join(example.turns).encode())
    return whole.hexdigest()


def train(examples: Sequence[Example], gate: Kind) -> Trained:
    """The gate's own model. The same examples give the same decisions."""
    return _trained(examples, [example.label for example in examples], gate, with_windows=True)


def train_side(examples: Sequence[Example], labels: Sequence[bool], gate: Kind) -> Trained:
    """A model that tells the labelled True from the rest by whole texts: a question that no bracket answers."""
    return _trained(examples, labels, gate, with_windows=False)


def _trained(
    examples: Sequence[Example], labels: Sequence[bool], gate: Kind, *, with_windows: bool
) -> Trained:
    bits, rarity = (SLOT_BITS, _RARITY) if with_windows else (FEW_SLOT_BITS, _SIDE_RARITY)
    instances = make_instances(examples, labels, gate, bits, with_windows=with_windows)
    weights, bias = fit(instances, rarity)
    file = write_scorer(weights, bias, digest_of_examples(examples))
    return Trained(file, read_scorer(file))


def digest_of_biased(exchanges: Iterable[tuple[Exchange, bool]]) -> str:
    """sha256 hex over the texts and labels, in their order."""
    whole = hashlib.sha256()
    for exchange, is_biased in exchanges:
        whole.update(f"{exchange.person}\n{exchange.assistant}\n{is_biased}\n".encode())
    return whole.hexdigest()


def bias_text(exchange: Exchange) -> bytes:
    """The plain text in which bias is looked for: what the person says, and behind it the assistant."""
    return plain(fold(exchange.person)) + plain(fold(exchange.assistant))


def train_bias(exchanges: Sequence[tuple[Exchange, bool]]) -> bytes:
    """The model that tells bias in the words of both sides, as a file."""
    texts = [bias_text(exchange) for exchange, _ in exchanges]
    labels = np.array([is_biased for _, is_biased in exchanges])
    instances = Instances(slot_rows(texts, FEW_SLOT_BITS), labels, np.ones(len(texts)), np.arange(len(texts)))
    weights, bias = fit(instances, _RARITY)
    return write_scorer(weights, bias, digest_of_biased(exchanges))


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
