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

from streams.native import native
from streams.rules.ngrams import FEW_SLOT_BITS, ORDERS, SLOT_BITS, Sums, Weights, running_sums

# About 180 words: as much as danger told quietly needs around it. Larger ones measured no better and lose one
# sentence among many (see the README's page on screening).
WINDOW_BYTES = 1000
# About 90 words: a few sentences that say it, however much stands around them. Of 150 to 800 bytes it loses least
# of what is hidden in 3,000 words.
PASSAGE_BYTES = 500
_STRIDES = 4  # windows start so many times within the length of one

LAYOUT = 5
_LARGEST_WEIGHT = np.iinfo(np.int8).max
_LARGEST_UNIT = 1.0  # log-odds: a weight of several thousands is none that training finds


class BadModel(ValueError):
    """A file that is no model, or one of another layout; the message says which."""


class Score(NamedTuple):
    """Log-odds of the gravest window, and where in the plain text it starts and ends."""

    value: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scorer:
    """Weights by slot (2^bits of them) in units of so many log-odds, and the bias in log-odds.

    `examples` is the digest of what it was trained on.
    """

    weights: Weights
    bits: int
    unit: float
    bias: float
    examples: str

    def score(self, text: bytes) -> Score:
        """The score of the gravest window of a plain text (`ngrams.plain`)."""
        return self.scores(text, (WINDOW_BYTES,))[0]

    def scores(self, text: bytes, sizes: Sequence[int]) -> list[Score]:
        """The gravest window of each size in a plain text; all of the text where it is no longer than that.

        A window's evidence is divided by the root of its places, so that short and long ones compare.
        """
        sums = running_sums(text, self.weights, self.bits)
        found = []
        for asked in sizes:
            size = min(asked, len(text))
            evidence, start = _gravest(sums, size)
            value = self.bias + self.unit * evidence / sqrt(len(ORDERS) * size)
            found.append(Score(value, start, start + size))
        return found


@native
def _gravest(sums: Sums, size: int) -> tuple[int, int]:
    """The evidence of the first of the gravest windows of a size, and its start."""
    last, stride = len(sums) - 1 - size, max(1, size // _STRIDES)
    gravest, start, at = sums[size] - sums[0], 0, 0
    while at < last:
        at = min(at + stride, last)
        own = sums[at + size] - sums[at]
        if own > gravest:
            gravest, start = own, at
    return gravest, start


def write_scorer(weights: npt.NDArray[np.float64], bias: float, examples: str) -> bytes:
    """The model as a file, its weights in whole units: the rounding moves no decision that matters."""
    unit = max(float(np.abs(weights).max()), 1e-9) / _LARGEST_WEIGHT
    out = io.BytesIO()
    np.savez_compressed(
        out,
        layout=np.array(LAYOUT),
        weights=np.rint(weights / unit).astype(np.int8),
        unit=np.array(unit),
        bias=np.array(bias),
        examples=np.array(examples),
    )
    return out.getvalue()


def read_scorer(data: bytes) -> Scorer:
    """The model in a file that `write_scorer` made. Raises BadModel."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            layout = int(found["layout"])
            if layout != LAYOUT:
                raise BadModel(f"a model of layout {layout}; this code reads {LAYOUT}")
            weights = found["weights"]
            unit, bias, examples = float(found["unit"]), float(found["bias"]), str(found["examples"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, BadModel):
            raise
        raise BadModel("not a model file") from error
    bits = len(weights).bit_length() - 1 if weights.ndim == 1 else 0
    fits = bits in (SLOT_BITS, FEW_SLOT_BITS) and len(weights) == 1 << bits and weights.dtype == np.int8
    if not fits or not 0 < unit < _LARGEST_UNIT or not np.isfinite(bias):
        raise BadModel("its weights are not what this code reads")
    return Scorer(weights, bits, unit, bias, examples)
