"""Trains the word model of exchanges: logistic regressions over stems and pairs of them on either side."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from console.rules.word_examples import Exchange, Lexicon, digest_of
from console.rules.word_rows import (
    BY_ASSISTANT,
    BY_BOTH,
    BY_PERSON,
    OWN_SIDE,
    Counts,
    WordRows,
    grams_of,
    without_rare_pairs,
)
from streams.fold import fold
from streams.rules.model import CATEGORIES
from streams.rules.stems import stem_words
from streams.rules.word_model import BIAS, EXCHANGE_NAMES, NEAR_BIAS, write_word_model
from streams.rules.word_weights import LENGTH_POWER

# Of categories chosen by five-fold cross-validation, which is flat around it (0.90); of bias on its calibration set.
_INVERSE_PENALTY, _INVERSE_PENALTY_OF_BIAS = 30.0, 10.0
_MOST_STEPS = 2000
# Smaller weights are left out: they fill the table and move nothing. Bias is spread over more words than the other names.
_TRIFLE, _TRIFLE_OF_BIAS = 0.25, 0.5


def train_exchanges(
    categories: Sequence[Exchange],
    biased: Sequence[tuple[Exchange, bool]],
    others: Sequence[Exchange],
    lexicon: Lexicon,
) -> bytes:
    """The model of both sides together, as a file. Each name weighs what its own examples hold.

    `bias` is told from its look-alikes, `near_bias` from `others`, which are about anything: examples of bias are half
    of it and half of what is near it, most exchanges are neither, and by the first name alone nine in ten real ones
    would be tagged.
    """
    places = {name: place for place, name in enumerate(EXCHANGE_NAMES)}
    rows, bias = WordRows(len(places)), np.zeros(len(places))
    counts, vectorizer, matrix = _matrix(categories, lexicon)
    fitted = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_MOST_STEPS)
    fitted.fit(matrix, [exchange.name for exchange in categories])
    for name, weights, intercept in zip(fitted.classes_, fitted.coef_, fitted.intercept_, strict=True):
        rows.add(counts, vectorizer, weights, lexicon, places[name], _TRIFLE)
        bias[places[name]] = intercept
    assert set(fitted.classes_) == set(CATEGORIES)

    look_alikes = [exchange for exchange, is_biased in biased if not is_biased]
    found = [exchange for exchange, is_biased in biased if is_biased]
    for name, besides in ((BIAS, look_alikes), (NEAR_BIAS, others)):
        counts, vectorizer, matrix = _matrix([*found, *besides], {})
        fitted = LogisticRegression(C=_INVERSE_PENALTY_OF_BIAS, max_iter=_MOST_STEPS)
        fitted.fit(matrix, [True] * len(found) + [False] * len(besides))
        rows.add(counts, vectorizer, fitted.coef_[0], {}, places[name], _TRIFLE_OF_BIAS)
        bias[places[name]] = fitted.intercept_[0]

    digest = digest_of([*categories, *named_by_bias(biased), *others], [lexicon])
    return write_word_model(EXCHANGE_NAMES, rows.weights, bias.tolist(), digest)


def named_by_bias(biased: Sequence[tuple[Exchange, bool]]) -> list[Exchange]:
    """The exchanges with `bias` as their name, or none."""
    return [replace(exchange, name=BIAS if is_biased else "") for exchange, is_biased in biased]


def _matrix(
    exchanges: Sequence[Exchange], lexicon: Lexicon
) -> tuple[list[Counts], DictVectorizer, csr_matrix]:
    """Features by exchange, and the same as rows that are divided as `WordModel.of_exchange` divides."""
    features, lengths = [], []
    for exchange in exchanges:
        counts: Counts = defaultdict(float)
        words = 0
        for side, text in ((BY_PERSON, exchange.person), (BY_ASSISTANT, exchange.assistant)):
            own = stem_words(fold(text))
            words += len(own)
            for gram in dict.fromkeys(grams_of(own)):
                counts[side, gram] += OWN_SIDE
                counts[BY_BOTH, gram] += 1
                for concept in lexicon.get(gram, ()):
                    counts[side, concept] += 1
                    counts[BY_BOTH, concept] += 1
        features.append(counts)
        lengths.append(words)
    vectorizer = DictVectorizer(sort=False)
    matrix = vectorizer.fit_transform(without_rare_pairs(features))
    size = len(lengths)
    power = csr_matrix((np.maximum(lengths, 1) ** -LENGTH_POWER, (range(size), range(size))))
    return features, vectorizer, power @ matrix
