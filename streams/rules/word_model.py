"""A word model: how much an exchange, or the plainest sentence of a reply, reads like each of the things it names.

Linear over the slots of stems and of pairs of them (`word_weights.py`).
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.rules.model import CATEGORIES
from streams.rules.scorer import BadModel
from streams.rules.stems import Keys
from streams.rules.word_weights import (
    HALF,
    MOST_WEIGHT,
    NO_WEIGHT,
    SLOT_BITS,
    SLOTS_OF_NUMBER,
    WEIGHT_BITS,
    WEIGHTS_OF_LANE,
    Evidence,
    Table,
    of_exchange,
    of_reply,
)

LAYOUT = 2

ACTS = ("empathize", "acknowledge", "reflect", "support")
# Bias is told from what is near it by one name, and what is near it from all else by another.
BIAS, NEAR_BIAS = "bias", "near_bias"
EXCHANGE_NAMES = (*CATEGORIES, BIAS, NEAR_BIAS)
GROUNDED = "grounded"
REPLY_NAMES = (*ACTS, GROUNDED)

_LEAST_WEIGHT = 1e-9  # where no row has one


@dataclass(frozen=True, slots=True)
class WordModel:
    """`table` tells which slots have a row, and `lanes` has the rows: four weights in a number, in `units` by name.

    Scores are log-odds, in the order of `names`. `examples` is the digest of what it was trained on.
    """

    names: tuple[str, ...]
    table: Table
    lanes: Table
    units: Evidence
    bias: Evidence
    examples: str

    def of_exchange(self, person: Keys, assistant: Keys) -> Evidence:
        """What both sides together, as stems, are about."""
        return of_exchange(person, assistant, self.table, self.lanes, self.units, self.bias)

    def of_reply(self, reply: Keys) -> Evidence:
        """The most that any one sentence of a reply, as stems, says, for each name."""
        return of_reply(reply, self.table, self.lanes, self.units, self.bias)


def write_word_model(
    names: Sequence[str], rows: Mapping[int, npt.NDArray[np.float64]], bias: Sequence[float], examples: str
) -> bytes:
    """The model as a file: `rows` has weights by slot. Half precision moves no decision that matters."""
    slots = sorted(rows)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        layout=np.array(LAYOUT),
        slot_bits=np.array(SLOT_BITS),
        names=np.array(names),
        slots=np.array(slots, "<u4"),
        weights=np.array([rows[slot] for slot in slots], "<f2").reshape(len(slots), len(names)),
        bias=np.array(bias, "<f4"),
        examples=np.array(examples),
    )
    return out.getvalue()


def read_word_model(data: bytes) -> WordModel:
    """The model in a file that `write_word_model` made. Raises BadModel."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            layout = int(found["layout"]), int(found["slot_bits"])
            names = tuple(map(str, found["names"]))
            slots, bias = found["slots"].astype(np.intp), found["bias"].astype(np.float64)
            weights, examples = found["weights"].astype(np.float64), str(found["examples"])
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BadModel("not a word model's file") from error
    if layout != (LAYOUT, SLOT_BITS):
        raise BadModel(f"a word model of layout {layout[0]} with {layout[1]} bits; not what this code reads")
    fits = weights.shape == (len(slots), len(names)) and bias.shape == (len(names),)
    in_range = bool(((slots >= 0) & (slots < 1 << SLOT_BITS)).all() and (np.diff(slots) > 0).all())
    if not fits or not in_range or not np.isfinite(weights).all() or not np.isfinite(bias).all():
        raise BadModel("its weights are not what this code reads")
    units = np.maximum(np.abs(weights).max(axis=0, initial=0), _LEAST_WEIGHT) / MOST_WEIGHT
    return WordModel(names, _table(slots), _lanes(np.rint(weights / units)), units, bias, examples)


def _table(slots: npt.NDArray[np.intp]) -> Table:
    """The table of slots that have a row; they are in order."""
    has_row = np.zeros(1 << SLOT_BITS, np.uint64)
    has_row[slots] = 1
    of_number = has_row.reshape(-1, SLOTS_OF_NUMBER)
    before = np.cumsum(of_number.sum(axis=1)) - of_number.sum(axis=1)
    low: Table = (of_number << np.arange(SLOTS_OF_NUMBER, dtype=np.uint64)).sum(axis=1)
    return np.asarray(low | before.astype(np.uint64) << HALF)


def _lanes(units: npt.NDArray[np.float64]) -> Table:
    """Rows of units, -127 to 127, as numbers that hold four each; one row more, for `_note` may name it."""
    rows, names = units.shape
    lanes = -(-names // WEIGHTS_OF_LANE)
    padded = np.full((rows + 1, lanes * WEIGHTS_OF_LANE), NO_WEIGHT, np.uint64)
    padded[:rows, :names] = (units + NO_WEIGHT).astype(np.uint64)
    shifts = np.arange(WEIGHTS_OF_LANE, dtype=np.uint64) * np.uint64(WEIGHT_BITS)
    packed: Table = (padded.reshape(rows + 1, lanes, WEIGHTS_OF_LANE) << shifts).sum(axis=2)
    return packed
