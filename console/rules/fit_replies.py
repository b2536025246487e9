"""Trains the word model of replies: logistic regressions over the stems of a sentence and pairs of them, one an act."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from console.rules.word_examples import Lexicon, Sentence, digest_of
from console.rules.word_rows import Counts, Feature, Floats, WordRows, grams_of, without_rare_pairs
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
_ANYWHERE, _START = "anywhere", "start"


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
    for act in ACTS:
        features, labels = [], []
        for example in sentences:
            for found in _sentences(example, by_act):
                features.append(found)
                labels.append(act in example.names)
        bias[places[act]] = _fit(rows, features, labels, by_act, places[act])[1]
    features, labels = _of_sources([*grounding, *unsourced, *sentences], by_source)
    bias[places[GROUNDED]] = _fit(rows, features, labels, by_source, places[GROUNDED])[1]
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
        if feature[0] == _ANYWHERE and isinstance(feature[1], tuple) and len(feature[1]) == 1
    )
    common = {feature for feature, _ in without.most_common(_COMMON)}
    parts = [[_but(found, common) for found in own] for own in parts]
    every = [found for own in parts for found in own]
    labels = [has_source for own, has_source in zip(parts, names_one, strict=True) for _ in own]
    said, _ = _fit(WordRows(1), every, labels, lexicon, 0)
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


def _fit(
    rows: WordRows, features: list[Counts], labels: list[bool], lexicon: Lexicon, place: int
) -> tuple[dict[Feature, float], float]:
    """Fits one name against the rest and adds its weights at its place. Gives the weights by feature, and the bias."""
    vectorizer = DictVectorizer(sort=False)
    fitted = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_MOST_STEPS)
    fitted.fit(vectorizer.fit_transform(without_rare_pairs(features)), labels)
    weights: Floats = fitted.coef_[0]
    rows.add(features, vectorizer, weights, lexicon, place, _TRIFLE)
    return dict(zip(vectorizer.feature_names_, weights.tolist(), strict=True)), float(fitted.intercept_[0])


def _sentences(reply: Sentence, lexicon: Lexicon) -> Iterator[Counts]:
    for words in parted(stem_words(fold(reply.text))):
        counts: Counts = defaultdict(float)
        for gram in grams_of(words):
            counts[_ANYWHERE, gram] += 1
            for concept in lexicon.get(gram, ()):
                counts[_ANYWHERE, concept] += 1
        for gram in (tuple(words[:1]), tuple(words[:2])):
            counts[_START, gram] += 1
            for concept in lexicon.get(gram, ()):
                counts[_START, concept] += 1
        yield counts
