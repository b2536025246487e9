"""A trained gate model: how much a text, or the gravest passage of it, reads like what the gate must find.

The model is linear over the slots of `ngrams.py`, so a window's score is a difference of two running sums: every
window of a text costs little more than the text as a whole.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.rules.ngrams import ORDERS, SLOT_BITS, Floats, Reading, read

# About 180 words: as much as danger told quietly needs around it. Larger ones measured no better and lose one
# sentence among many (see the README's page on screening).
WINDOW_BYTES = 1000
# About 45 words: a sentence or two that say it outright, however much stands around them.
PASSAGE_BYTES = 250
_STRIDES = 4  # windows start so many times within the length of one

LAYOUT = 1


class BadModel(ValueError):
    """A file that is no model, or one of another layout; the message says which."""


class Score(NamedTuple):
    """Log-odds of the gravest window, and where in the plain text it starts and ends."""

    value: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scorer:
    """Weights by slot, and the bias, in log-odds. `examples` is the digest of what it was trained on."""

    weights: Floats
    bias: float
    examples: str

    def score(self, text: bytes) -> Score:
        """The score of the gravest window of a plain text (`ngrams.plain`)."""
        return self.scores(read(text), (WINDOW_BYTES,))[0]

    def scores(self, reading: Reading, sizes: Sequence[int]) -> list[Score]:
        """The gravest window of each size in a text; all of the text where it is no longer than that.

        A window's evidence is divided by the root of its places, so that short and long ones compare.
        """
        evidence = np.zeros(reading.size + 1)
        for own in reading.slots:
            evidence[1 : len(own) + 1] += self.weights.take(own)
        np.cumsum(evidence, out=evidence)
        return [self._gravest(evidence, min(size, reading.size)) for size in sizes]

    def _gravest(self, evidence: npt.NDArray[np.float64], size: int) -> Score:
        last = len(evidence) - 1 - size
        starts = np.append(np.arange(0, last, max(1, size // _STRIDES)), last)
        sums = evidence[starts + size] - evidence[starts]
        gravest = int(sums.argmax())
        start = int(starts[gravest])
        return Score(self.bias + float(sums[gravest]) / sqrt(len(ORDERS) * size), start, start + size)


def write_scorer(weights: npt.NDArray[np.float64], bias: float, examples: str) -> bytes:
    """The model as a file: half precision, which moves no decision that matters and halves the file."""
    out = io.BytesIO()
    np.savez_compressed(
        out,
        layout=np.array(LAYOUT),
        slot_bits=np.array(SLOT_BITS),
        weights=weights.astype("<f2"),
        bias=np.array(bias),
        examples=np.array(examples),
    )
    return out.getvalue()


def read_scorer(data: bytes) -> Scorer:
    """The model in a file that `write_scorer` made. Raises BadModel."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            layout, bits = int(found["layout"]), int(found["slot_bits"])
            if (layout, bits) != (LAYOUT, SLOT_BITS):
                raise BadModel(
                    f"a model of layout {layout} with {bits} bits; this code reads {LAYOUT}, {SLOT_BITS}"
                )
            weights = found["weights"].astype(np.float32)
            bias, examples = float(found["bias"]), str(found["examples"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, BadModel):
            raise
        raise BadModel("not a model file") from error
    if weights.shape != (1 << SLOT_BITS,) or not np.isfinite(weights).all() or not np.isfinite(bias):
        raise BadModel("its weights are not what this code reads")
    return Scorer(weights, bias, examples)
