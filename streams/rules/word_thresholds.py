"""From which log-odds on the word models of a pack say something: its file of kind `words`."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.rules.fields import Fields
from streams.rules.scorer import BadModel
from streams.rules.word_model import BIAS, EXCHANGE_NAMES, NEAR_BIAS, REPLY_NAMES, WordModel, read_word_model

_LOWEST, _HIGHEST = -50.0, 50.0  # log-odds beyond which nothing is told apart


@dataclass(frozen=True, slots=True)
class Words:
    """The pack's word models, and from which log-odds on each of `REPLY_NAMES`, in their order, is said.

    Bias is said where an exchange reaches both of its thresholds.
    """

    exchanges: WordModel
    replies: WordModel
    thresholds: tuple[float, ...]
    bias_threshold: float
    near_bias_threshold: float


def read_words(fields: Fields, files: Mapping[str, bytes], faults: list[str]) -> Words | None:
    """The models in the pack's file of kind `words`. What is wrong, a missing file too, becomes a fault."""
    exchanges = _model(fields, "exchanges", EXCHANGE_NAMES, files)
    replies = _model(fields, "replies", REPLY_NAMES, files)
    table = Fields(fields.table("thresholds"), f"{fields.place}: thresholds", faults)
    thresholds = tuple([table.number(name, _LOWEST, _HIGHEST) for name in REPLY_NAMES])
    of_bias, near_bias = (table.number(name, _LOWEST, _HIGHEST) for name in (BIAS, NEAR_BIAS))
    table.close()
    if exchanges is None or replies is None:
        return None
    return Words(exchanges, replies, thresholds, of_bias, near_bias)


def _model(fields: Fields, key: str, names: tuple[str, ...], files: Mapping[str, bytes]) -> WordModel | None:
    file = fields.text(key)
    if file and file not in files:
        fields.fault(f"{file} is missing: `forebay rules train words` makes it")
    elif file:
        try:
            model = read_word_model(files[file])
        except BadModel as error:
            fields.fault(f"{file}: {error}")
        else:
            if model.names == names:
                return model
            fields.fault(f"{file}: it does not name {', '.join(names)}")
    return None
