"""Trains the word model of exchanges: logistic regressions over stems and pairs of them on either side."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from console.rules.word_examples import Exchange, Lexicon, digest_of
from console.rules.word_rows import BOTH, OWN_SIDE, Counts, WordRows, grams_of, without_rare_pairs
from streams.fold import fold
from streams.rules.model import CATEGORIES
from streams.rules.stems import stem_words
from streams.rules.word_model import BIAS, EXCHANGE_NAMES, write_word_model
from streams.rules.word_weights import LENGTH_POWER

# Of categories chosen by five-fold cross-validation, which is flat around it (0.90); of bias on its calibration set.
_INVERSE_PENALTY, _INVERSE_PENALTY_OF_BIAS = 30.0, 10.0
_MOST_STEPS = 2000
# Smaller weights are left out: they fill the table and move nothing. Bias is spread over more words than the other names.
_TRIFLE, _TRIFLE_OF_BIAS = 0.25, 0.5
# What an exchange about something else weighs beside the examples of bias: some of these are about bias, too.
_WEIGHT_OF_OTHERS = 0.3


def train_exchanges(
    categories: Sequence[Exchange],
    biased: Sequence[tuple[Exchange, bool]],
    others: Sequence[Exchange],
    lexicon: Lexicon,
) -> bytes:
    """The model of both sides together, as a file: categories from their examples, bias from its own and from others.

    Examples of bias are half of it and half of what is near it; most exchanges are neither: without others a model
    takes nine in ten real ones for bias.
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

    exchanges = [*(exchange for exchange, _ in biased), *others]
    labels = [*(is_biased for _, is_biased in biased), *(False for _ in others)]
    weights = [*(1.0 for _ in biased), *(_WEIGHT_OF_OTHERS for _ in others)]
    counts, vectorizer, matrix = _matrix(exchanges, {})
    fitted = LogisticRegression(C=_INVERSE_PENALTY_OF_BIAS, max_iter=_MOST_STEPS)
    fitted.fit(matrix, labels, weights)
    rows.add(counts, vectorizer, fitted.coef_[0], {}, places[BIAS], _TRIFLE_OF_BIAS)
    bias[places[BIAS]] = fitted.intercept_[0]

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
        for side, text in (("person", exchange.person), ("assistant", exchange.assistant)):
            own = stem_words(fold(text))
            words += len(own)
            for gram in dict.fromkeys(grams_of(own)):
                counts[side, gram] += OWN_SIDE
                counts[BOTH, gram] += 1
                for concept in lexicon.get(gram, ()):
                    counts[side, concept] += 1
                    counts[BOTH, concept] += 1
        features.append(counts)
        lengths.append(words)
    vectorizer = DictVectorizer(sort=False)
    matrix = vectorizer.fit_transform(without_rare_pairs(features))
    size = len(lengths)
    power = csr_matrix((np.maximum(lengths, 1) ** -LENGTH_POWER, (range(size), range(size))))
    return features, vectorizer, power @ matrix
