"""What the features of the word models are, and what they weigh, slot by slot.

In training a word also counts as each concept that it stands for; what a concept weighs is then added to all of its
words, whether an example holds them or not. So the model knows more words than its few hundred examples.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction import DictVectorizer

from console.rules.word_examples import Gram, Lexicon
from streams.rules.stems import key_of
from streams.rules.word_weights import ANYWHERE, ASSISTANT, PERSON, START, slot_of

# A word tells first what it says on either side, then what it says on its own.
OWN_SIDE = 0.7
# Where a feature stands: on a side of an exchange or on either, in a sentence or at its start.
BY_PERSON, BY_ASSISTANT, BY_BOTH = "person", "assistant", "both"
IN_SENTENCE, AT_START = "anywhere", "start"
_SIDES = {BY_PERSON: PERSON, BY_ASSISTANT: ASSISTANT}
_PLACES = {**_SIDES, IN_SENTENCE: ANYWHERE, AT_START: START}

Floats = npt.NDArray[np.float64]
Feature = tuple[str, Hashable]
Counts = dict[Feature, float]


def grams_of(words: Sequence[bytes]) -> Iterator[Gram]:
    """Each word, and each with the one that follows it."""
    for place, word in enumerate(words):
        yield (word,)
        if place + 1 < len(words):
            yield (word, words[place + 1])


def without_rare_pairs(features: Sequence[Counts]) -> list[Counts]:
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


@dataclass
class WordRows:
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
        trifle: float,
    ) -> None:
        """Adds to each slot what its gram weighs itself, on both sides, and as each of its concepts."""
        by_feature = dict(zip(vectorizer.feature_names_, weights.tolist(), strict=True))
        places = {place for place, _ in by_feature} - {BY_BOTH}
        grams = {what for _, what in by_feature if isinstance(what, tuple)} | set(lexicon)
        seen = Counter(feature for counts in features for feature in counts)
        for place in sorted(places):
            own = OWN_SIDE if place in _SIDES else 1.0
            for gram in sorted(grams):
                weight = own * by_feature.get((place, gram), 0.0) + by_feature.get((BY_BOTH, gram), 0.0)
                for concept in lexicon.get(gram, ()):
                    weight += by_feature.get((place, concept), 0.0) + by_feature.get((BY_BOTH, concept), 0.0)
                if abs(weight) >= trifle:
                    self.seen[place, gram] += seen[place, gram]
                    self._put((place, gram), weight, column)

    def _put(self, gram: tuple[str, Gram], weight: float, column: int) -> None:
        slot = _slot(gram[1], _PLACES[gram[0]])
        owner = self.owners.get(slot)
        if owner != gram:
            if owner is not None and self.seen[owner] >= self.seen[gram]:
                return
            self.owners[slot], self.weights[slot] = gram, np.zeros(self.columns)
        self.weights[slot][column] += weight


def _slot(gram: Gram, place: int) -> int:
    return slot_of([key_of(word) for word in gram], place)
