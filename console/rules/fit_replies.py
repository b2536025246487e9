"""Trains the word model of replies: logistic regressions over the stems of a sentence and pairs of them, one an act."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from console.rules.word_examples import Lexicon, Sentence, digest_of
from console.rules.word_rows import (
    AT_START,
    IN_SENTENCE,
    Counts,
    Feature,
    Floats,
    WordRows,
    grams_of,
    without_rare_pairs,
)
from streams.fold import fold
from streams.rules.stems import stem_words
from streams.rules.word_model import ACTS, GROUNDED, REPLY_NAMES, write_word_model

# Chosen on examples written after the lexicons were done.
_INVERSE_PENALTY = 3.0
_MOST_STEPS = 2000
# Smaller weights are left out: they fill the table and move nothing.
_TRIFLE = 0.1
# So many of the commonest stems say nothing alone of whether a sentence names a source: a long one holds many of them.
_COMMON = 100

_ENDS = (b".", b"?")


def train_replies(
    sentences: Sequence[Sentence],
    grounding: Sequence[Sentence],
    unsourced: Sequence[Sentence],
    lexicons: tuple[Lexicon, Lexicon],
) -> bytes:
    """The model of a reply's sentences, as a file: acts from `sentences`, `grounded` from whole replies.

    `unsourced` are replies about other things, which tell what a reply without a source is like, as `sentences` do.
    """
    places = {name: place for place, name in enumerate(REPLY_NAMES)}
    rows, bias = WordRows(len(places)), np.zeros(len(places))
    by_act, by_source = lexicons
    tasks = [(act, *_of_act(act, sentences, by_act), by_act) for act in ACTS]
    tasks.append((GROUNDED, *_of_sources([*grounding, *unsourced, *sentences], by_source), by_source))
    for name, features, labels, lexicon in tasks:
        vectorizer, weights, bias[places[name]] = _fit(features, labels)
        rows.add(features, vectorizer, weights, lexicon, places[name], _TRIFLE)
    digest = digest_of([*sentences, *grounding, *unsourced], lexicons)
    return write_word_model(REPLY_NAMES, rows.weights, bias.tolist(), digest)


def parted(words: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Sentences with their end marks, as `WordModel.of_reply` takes them; lone marks are left out."""
    sentence: list[bytes] = []
    for word in words:
        sentence.append(word)
        if word in _ENDS:
            if len(sentence) > 1:
                yield sentence
            sentence = []
    if sentence:
        yield sentence


def _of_act(act: str, sentences: Sequence[Sentence], lexicon: Lexicon) -> tuple[list[Counts], list[bool]]:
    found = [(own, act in example.names) for example in sentences for own in _sentences(example, lexicon)]
    return [own for own, _ in found], [shows for _, shows in found]


def _of_sources(replies: Sequence[Sentence], lexicon: Lexicon) -> tuple[list[Counts], list[bool]]:
    """The sentences that tell whether a reply names a source: all of those that do not, of the others the plainest.

    Most sentences of a reply with a source name none. Which one does is what a first model says, that takes all of
    them for some.
    """
    parts = [list(_sentences(reply, lexicon)) for reply in replies]
    names_one = [GROUNDED in reply.names for reply in replies]
    without = Counter(
        feature
        for own, has_source in zip(parts, names_one, strict=True)
        if not has_source
        for feature in chain.from_iterable(own)
        if feature[0] == IN_SENTENCE and isinstance(feature[1], tuple) and len(feature[1]) == 1
    )
    common = {feature for feature, _ in without.most_common(_COMMON)}
    parts = [[_but(found, common) for found in own] for own in parts]
    every = [found for own in parts for found in own]
    labels = [has_source for own, has_source in zip(parts, names_one, strict=True) for _ in own]
    vectorizer, weights, _ = _fit(every, labels)
    said = dict(zip(vectorizer.feature_names_, weights.tolist(), strict=True))
    features, labels = [], []
    for own, has_source in zip(parts, names_one, strict=True):
        taken = [max(own, key=lambda found: _score(found, said))] if has_source and own else own
        features += taken
        labels += [has_source] * len(taken)
    return features, labels


def _but(found: Counts, common: set[Feature]) -> Counts:
    return {feature: count for feature, count in found.items() if feature not in common}


def _score(found: Counts, weights: dict[Feature, float]) -> float:
    return sum(weights.get(feature, 0.0) * count for feature, count in found.items())


def _fit(features: list[Counts], labels: list[bool]) -> tuple[DictVectorizer, Floats, float]:
    """Tells one name from the rest: the weights in the vectorizer's order, and the bias."""
    vectorizer = DictVectorizer(sort=False)
    fitted = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_MOST_STEPS)
    fitted.fit(vectorizer.fit_transform(without_rare_pairs(features)), labels)
    return vectorizer, fitted.coef_[0], float(fitted.intercept_[0])


def _sentences(reply: Sentence, lexicon: Lexicon) -> Iterator[Counts]:
    for words in parted(stem_words(fold(reply.text))):
        counts: Counts = defaultdict(float)
        for gram in grams_of(words):
            counts[IN_SENTENCE, gram] += 1
            for concept in lexicon.get(gram, ()):
                counts[IN_SENTENCE, concept] += 1
        for gram in (tuple(words[:1]), tuple(words[:2])):
            counts[AT_START, gram] += 1
            for concept in lexicon.get(gram, ()):
                counts[AT_START, concept] += 1
        yield counts
