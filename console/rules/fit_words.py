"""Trains the word models: logistic regressions over stems and pairs of them, helped by lexicons of concepts.

In training a word also counts as each concept that it stands for; what a concept weighs is then added to all of its
words, whether an example holds them or not. So the model knows more words than its few hundred examples.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from console.rules.word_examples import Exchange, Gram, Lexicon, Sentence, digest_of
from streams.fold import fold
from streams.rules.model import CATEGORIES
from streams.rules.stems import key_of, stem_words
from streams.rules.word_model import (
    ACTS,
    ANYWHERE,
    ASSISTANT,
    BIAS,
    EXCHANGE_NAMES,
    LENGTH_POWER,
    PERSON,
    REPLY_NAMES,
    START,
    slot_of,
    write_word_model,
)

# Chosen on examples written after the lexicons were done; five-fold cross-validation is flat around these (0.89).
_EXCHANGE_INVERSE_PENALTY, _REPLY_INVERSE_PENALTY = 10.0, 3.0
_MOST_STEPS = 2000
# Smaller weights are left out: they fill the table and move nothing. Bias is spread over more words.
_TRIFLE, _TRIFLE_OF_BIAS = 0.1, 0.3
# A word tells first what it says on either side, then what it says on its own.
_OWN_SIDE = 0.7
_SIDES = {"person": PERSON, "assistant": ASSISTANT}
_IN_REPLY = {"anywhere": ANYWHERE, "start": START}
_BOTH = "both"

_ENDS = (b".", b"?")

Floats = npt.NDArray[np.float64]
Feature = tuple[str, Hashable]
Counts = dict[Feature, float]


def train_exchanges(
    categories: Sequence[Exchange], biased: Sequence[tuple[Exchange, bool]], lexicon: Lexicon
) -> bytes:
    """The model of both sides together, as a file. Each name weighs what its own examples hold."""
    places = {name: place for place, name in enumerate(EXCHANGE_NAMES)}
    rows, bias = _Rows(len(places)), np.zeros(len(places))
    counts, vectorizer, matrix = _exchange_matrix(categories, lexicon)
    fitted = LogisticRegression(C=_EXCHANGE_INVERSE_PENALTY, max_iter=_MOST_STEPS)
    fitted.fit(matrix, [exchange.name for exchange in categories])
    for name, weights, intercept in zip(fitted.classes_, fitted.coef_, fitted.intercept_, strict=True):
        rows.add(counts, vectorizer, weights, lexicon, places[name])
        bias[places[name]] = intercept
    assert set(fitted.classes_) == set(CATEGORIES)

    exchanges, labels = zip(*biased, strict=True)
    counts, vectorizer, matrix = _exchange_matrix(exchanges, {})
    fitted = LogisticRegression(C=_EXCHANGE_INVERSE_PENALTY, max_iter=_MOST_STEPS).fit(matrix, labels)
    rows.add(counts, vectorizer, fitted.coef_[0], {}, places[BIAS], _TRIFLE_OF_BIAS)
    bias[places[BIAS]] = fitted.intercept_[0]

    digest = digest_of([*categories, *named_by_bias(biased)], [lexicon])
    return write_word_model(EXCHANGE_NAMES, rows.weights, bias.tolist(), digest)


def named_by_bias(biased: Sequence[tuple[Exchange, bool]]) -> list[Exchange]:
    """The exchanges with `bias` as their name, or none."""
    return [replace(exchange, name=BIAS if is_biased else "") for exchange, is_biased in biased]


def train_replies(
    sentences: Sequence[Sentence], grounding: Sequence[Sentence], lexicons: tuple[Lexicon, Lexicon]
) -> bytes:
    """The model of a reply's sentences, as a file."""
    places = {name: place for place, name in enumerate(REPLY_NAMES)}
    rows, bias = _Rows(len(places)), np.zeros(len(places))
    by_act, by_source = lexicons
    tasks = [(act, sentences, by_act) for act in ACTS]
    # sentences of comfort rest on no source: they tell what a reply without one is like
    tasks.append(("grounded", [*grounding, *sentences], by_source))
    for name, examples, lexicon in tasks:
        features, labels = [], []
        for example in examples:
            for words in parted(stem_words(fold(example.text))):
                features.append(_sentence_features(words, lexicon))
                labels.append(name in example.names)
        place = places[name]
        bias[place] = _fit_one(rows, features, labels, lexicon, place, _REPLY_INVERSE_PENALTY)
    digest = digest_of([*sentences, *grounding], lexicons)
    return write_word_model(REPLY_NAMES, rows.weights, bias.tolist(), digest)


def _fit_one(
    rows: "_Rows",
    features: list[Counts],
    labels: list[bool],
    lexicon: Lexicon,
    place: int,
    inverse_penalty: float,
) -> float:
    """Fits one name against the rest, adds its weights at its place, and gives its bias."""
    vectorizer = DictVectorizer(sort=False)
    fitted = LogisticRegression(C=inverse_penalty, max_iter=_MOST_STEPS)
    fitted.fit(vectorizer.fit_transform(_without_rare_pairs(features)), labels)
    rows.add(features, vectorizer, fitted.coef_[0], lexicon, place)
    return float(fitted.intercept_[0])


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


def _grams(words: Sequence[bytes]) -> Iterator[Gram]:
    for place, word in enumerate(words):
        yield (word,)
        if place + 1 < len(words):
            yield (word, words[place + 1])


def _exchange_matrix(
    exchanges: Sequence[Exchange], lexicon: Lexicon
) -> tuple[list[Counts], DictVectorizer, csr_matrix]:
    features, lengths = [], []
    for exchange in exchanges:
        counts: Counts = defaultdict(float)
        words = 0
        for side, text in (("person", exchange.person), ("assistant", exchange.assistant)):
            own = stem_words(fold(text))
            words += len(own)
            for gram in _grams(own):
                counts[side, gram] += _OWN_SIDE
                counts[_BOTH, gram] += 1
                for concept in lexicon.get(gram, ()):
                    counts[side, concept] += 1
                    counts[_BOTH, concept] += 1
        features.append(counts)
        lengths.append(words)
    vectorizer = DictVectorizer(sort=False)
    matrix = vectorizer.fit_transform(_without_rare_pairs(features))
    size = len(lengths)
    power = csr_matrix((np.maximum(lengths, 1) ** -LENGTH_POWER, (range(size), range(size))))
    return features, vectorizer, power @ matrix


def _without_rare_pairs(features: Sequence[Counts]) -> list[Counts]:
    """A pair that one example alone holds tells nothing but that example; the model would be thrice as large."""
    seen = Counter(feature for counts in features for feature in counts)
    return [
        {
            feature: count
            for feature, count in counts.items()
            if seen[feature] > 1 or not (isinstance(feature[1], tuple) and len(feature[1]) > 1)
        }
        for counts in features
    ]


def _sentence_features(words: Sequence[bytes], lexicon: Lexicon) -> Counts:
    counts: Counts = defaultdict(float)
    for gram in _grams(words):
        counts["anywhere", gram] += 1
        for concept in lexicon.get(gram, ()):
            counts["anywhere", concept] += 1
    for gram in (tuple(words[:1]), tuple(words[:2])):
        counts["start", gram] += 1
        for concept in lexicon.get(gram, ()):
            counts["start", concept] += 1
    return counts


@dataclass
class _Rows:
    """Weights by slot, a column for each name. Where two grams meet in a slot it is the commoner one's."""

    columns: int
    weights: dict[int, Floats] = field(default_factory=dict)
    owners: dict[int, tuple[str, Gram]] = field(default_factory=dict)
    seen: Counter[tuple[str, Gram]] = field(default_factory=Counter)

    def add(
        self,
        features: Sequence[Counts],
        vectorizer: DictVectorizer,
        weights: Floats,
        lexicon: Lexicon,
        column: int,
        trifle: float = _TRIFLE,
    ) -> None:
        """Adds to each slot what its gram weighs itself, on both sides, and as each of its concepts."""
        by_feature = dict(zip(vectorizer.feature_names_, weights.tolist(), strict=True))
        places = {place for place, _ in by_feature} - {_BOTH}
        grams = {what for _, what in by_feature if isinstance(what, tuple)} | set(lexicon)
        seen = Counter(feature for counts in features for feature in counts)
        for place in sorted(places):
            own = _OWN_SIDE if place in _SIDES else 1.0
            for gram in sorted(grams):
                weight = own * by_feature.get((place, gram), 0.0) + by_feature.get((_BOTH, gram), 0.0)
                for concept in lexicon.get(gram, ()):
                    weight += by_feature.get((place, concept), 0.0) + by_feature.get((_BOTH, concept), 0.0)
                if abs(weight) >= trifle:
                    self.seen[place, gram] += seen[place, gram]
                    self._put((place, gram), weight, column)

    def _put(self, gram: tuple[str, Gram], weight: float, column: int) -> None:
        slot = _slot(gram[1], (_SIDES | _IN_REPLY)[gram[0]])
        owner = self.owners.get(slot)
        if owner != gram:
            if owner is not None and self.seen[owner] >= self.seen[gram]:
                return
            self.owners[slot], self.weights[slot] = gram, np.zeros(self.columns)
        self.weights[slot][column] += weight


def _slot(gram: Gram, place: int) -> int:
    return slot_of([key_of(word) for word in gram], place)
