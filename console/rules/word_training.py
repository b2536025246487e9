"""`forebay rules train words`: makes the word models, and the one of bias, from the examples and lexicons of the package."""

from pathlib import Path

from rich.console import Console

from console.rules.fit import train_bias
from console.rules.fit_words import train_exchanges, train_replies
from console.rules.word_examples import biased, categories, grounding, lexicon, sentences
from streams.rules.model import Kind

EXCHANGES, REPLIES, BIAS = "exchanges.npz", "replies.npz", "bias.npz"


def train_words(out: Path, console: Console) -> None:
    """Write the models' files into `out`. Deterministic: the same examples, the same decisions."""
    of_categories, of_bias, of_acts, of_sources = categories(), biased(), sentences(), grounding()
    console.print(
        f"{len(of_categories)} exchanges of categories, {len(of_bias)} of bias;"
        f" {len(of_acts)} sentences of acts, {len(of_sources)} of sources"
    )
    files = {
        EXCHANGES: train_exchanges(of_categories, lexicon(Kind.CATEGORIES, "categories")),
        REPLIES: train_replies(
            of_acts, of_sources, (lexicon(Kind.EARS, "ears"), lexicon(Kind.TAGS, "grounded"))
        ),
        BIAS: train_bias(of_bias),
    }
    for name, file in files.items():
        (out / name).write_bytes(file)
        console.print(f"wrote {out / name} ({len(file):,} bytes)")
