"""A trained gate model: how much a text, or the gravest passage of it, reads like what the gate must find.

The model is linear over the slots of `ngrams.py`, so a window's score is a difference of two running sums: every
window of a text costs little more than the text as a whole.
"""

import io
import zipfile
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.rules.ngrams import (
    FEW_SLOT_BITS,
    ORDERS,
    SLOT_BITS,
    Weights,
    gravest,
    total,
)
from streams.rules.plain import Plain

# About 180 words: as much as danger told quietly needs around it. Larger ones measured no better and lose one
# sentence among many (see the README's page on screening).
WINDOW_BYTES = 1000

LAYOUT = 6
_LARGEST_WEIGHT = np.iinfo(np.int8).max
_LARGEST_UNIT = 1.0  # log-odds: a weight of several thousands is none that training finds


class BadModel(ValueError):
    """A file that is no model, or one of another layout; the message says which."""


class Score(NamedTuple):
    """Log-odds of a part of a plain text, and where it starts and ends."""

    value: float
    start: int
    end: int


class Reading(NamedTuple):
    """The mean of what a text says as a whole, in its gravest window and in its gravest passage; and the two parts.

    A text of no more than two passages is read as a whole only, and its passage is that whole.
    """

    value: float
    window: Score
    passage: Score


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

    def score(self, text: Plain) -> Score:
        """The score of the gravest window of a text."""
        length = len(text.text)
        size = min(WINDOW_BYTES, length)
        _, (evidence, start), _ = gravest(text, self.weights, self.bits, (size, size))
        return Score(self.bias + self.unit * evidence, start, start + size)

    def whole(self, text: Plain) -> float:
        """The score of all of a text, whatever its length."""
        evidence = total(text, self.weights, self.bits)
        return self.bias + self.unit * evidence / sqrt(max(1, len(ORDERS) * len(text.starts)))

    def read(self, text: Plain, passage_bytes: int) -> Reading:
        """What is said in all of a text and in its gravest parts; a passage has half of WINDOW_BYTES or less.

        The mean of the three tells long texts better than any one of them: most of a person's words bear out what one
        sentence says, or do not.
        """
        length = len(text.text)
        if length <= 2 * passage_bytes:
            only = Score(self.whole(text), 0, length)
            return Reading(only.value, only, only)
        sizes = min(WINDOW_BYTES, length), passage_bytes
        evidence, *parts = gravest(text, self.weights, self.bits, sizes)
        window, passage = (
            Score(self.bias + self.unit * own, start, start + size)
            for (own, start), size in zip(parts, sizes, strict=True)
        )
        mean = (self.bias + self.unit * evidence + window.value + passage.value) / 3
        return Reading(mean, window, passage)


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
