"""`forebay rules train words`: makes the word models from the examples and lexicons of the package."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from console.rules.acts import counts_of
from console.rules.fit_exchanges import train_exchanges
from console.rules.fit_replies import train_replies
from console.rules.sets import CALIBRATION, Row, rows
from console.rules.word_examples import (
    biased,
    categories,
    exchange_of,
    grounding,
    lexicon,
    sentences,
    unbiased,
    unsourced,
)
from streams.fold import fold
from streams.rules.model import Kind
from streams.rules.plain import plain
from streams.rules.stems import stem_keys
from streams.rules.word_model import (
    ACTS,
    BIAS,
    EXCHANGE_NAMES,
    NEAR_BIAS,
    REPLY_NAMES,
    WordModel,
    read_word_model,
)

EXCHANGES, REPLIES = "exchanges.npz", "replies.npz"

_THRESHOLDS = (-5.1, -4.5, -3.9, -3.3, -2.7, -2.4, -2.1, -1.8, -1.5, -1.2, -0.9, -0.6, -0.2, 0.0, 0.2)

# The share of bias that may be lost by asking whether an exchange is near it at all.
_TOO_FAR = 0.02


def train_words(out: Path, console: Console) -> None:
    """Write the models' files into `out`. Deterministic: the same examples, the same decisions."""
    of_categories, of_bias, of_acts, of_sources = categories(), biased(), sentences(), grounding()
    console.print(
        f"{len(of_categories)} exchanges of categories, {len(of_bias)} of bias;"
        f" {len(of_acts)} sentences of acts, {len(of_sources)} of sources"
    )
    files = {
        EXCHANGES: train_exchanges(
            of_categories, of_bias, unbiased(), lexicon(Kind.CATEGORIES, "categories")
        ),
        REPLIES: train_replies(
            of_acts, of_sources, unsourced(), (lexicon(Kind.EARS, "ears"), lexicon(Kind.TAGS, "grounded"))
        ),
    }
    for name, file in files.items():
        (out / name).write_bytes(file)
        console.print(f"wrote {out / name} ({len(file):,} bytes)")
    console.print(_calibration(files))


def _calibration(files: dict[str, bytes]) -> Table:
    """What the pack's thresholds are taken from: F1 of each name on sets of an author who wrote no examples."""
    table = Table(title="F1 on the calibration sets, by the threshold of the model alone")
    table.add_column("name")
    for threshold in _THRESHOLDS:
        table.add_column(f"{threshold:.1f}", justify="right")
    model, of_acts = read_word_model(files[REPLIES]), rows(Kind.EARS, CALIBRATION)
    of_sources, of_bias = (rows(Kind.TAGS, f"{name}_{CALIBRATION}") for name in ("grounded", "bias"))
    said: dict[str, tuple[list[float], list[bool]]] = {}
    for place, name in enumerate(REPLY_NAMES):
        own = of_acts if name in ACTS else of_sources
        replies = [stem_keys(plain(fold(exchange_of(row).assistant))) for row in own]
        said[name] = (
            [float(model.of_reply(reply)[place]) for reply in replies],
            [_holds(r, name) for r in own],
        )
    said[BIAS], least = _of_bias(read_word_model(files[EXCHANGES]), of_bias)
    table.caption = (
        f"{NEAR_BIAS}: {_TOO_FAR:.0%} of what is bias lies below {least:.2f}; bias is asked above it."
    )
    for name, (scores, labels) in said.items():
        counts = [counts_of(zip((s >= t for s in scores), labels, strict=True)) for t in _THRESHOLDS]
        table.add_row(name, *(f"{count.f1:.2f}" for count in counts))
    return table


def _of_bias(model: WordModel, own: Sequence[Row]) -> tuple[tuple[list[float], list[bool]], float]:
    """Scores of bias with what a person says of it, and the score from which on an exchange is near it.

    What is not near bias is not tagged, whatever the other name says: it has the lowest score.
    """
    is_bias = [_holds(row, BIAS) for row in own]
    scores = np.array(
        [
            model.of_exchange(*(stem_keys(plain(fold(text))) for text in (found.person, found.assistant)))
            for found in map(exchange_of, own)
        ]
    )
    near = scores[:, EXCHANGE_NAMES.index(NEAR_BIAS)]
    least = float(np.quantile(near[is_bias], _TOO_FAR))
    asked = np.where(near >= least, scores[:, EXCHANGE_NAMES.index(BIAS)], -np.inf)
    return (asked.tolist(), is_bias), least


def _holds(row: Row, name: str) -> bool:
    """Whether a person says so: by the acts of a line of EARS, by `y` of all others."""
    acts = row.get("acts")
    return name in acts if isinstance(acts, list) else row["y"] == 1
