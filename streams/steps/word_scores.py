"""What the pack's word models say of a conversation: read once for all the steps that ask."""

from collections.abc import Sequence

from streams.rules.model import Pack
from streams.rules.stems import stem_keys
from streams.steps.scan import Scan, WordScores
from streams.steps.spoken import ASSISTANT, PERSON, spoken_alone

Scores = Sequence[float]

_NOBODY: Scores = ()


def exchange_scores(scan: Scan, pack: Pack) -> Scores:
    """Log-odds of `EXCHANGE_NAMES`, in their order, for both sides together; none without a model or a word."""
    return _kept(scan, pack).exchange


def reply_scores(scan: Scan, pack: Pack) -> Scores:
    """Log-odds of `REPLY_NAMES`, in their order, for the assistant's words; none without a model or a word."""
    return _kept(scan, pack).reply


def _kept(scan: Scan, pack: Pack) -> WordScores:
    """Both, as found before or now: the words are read once, and only what they say is kept."""
    if pack.words is None:
        return WordScores(_NOBODY, _NOBODY)
    if not scan.word_scores:
        person, assistant = stem_keys(spoken_alone(scan, PERSON)), stem_keys(spoken_alone(scan, ASSISTANT))
        exchanges, replies = pack.words.exchanges, pack.words.replies
        has_words = len(person) + len(assistant) > 0
        scan.word_scores.append(
            WordScores(
                exchanges.of_exchange(person, assistant).tolist() if has_words else _NOBODY,
                replies.of_reply(assistant).tolist() if len(assistant) else _NOBODY,
            )
        )
    return scan.word_scores[0]
