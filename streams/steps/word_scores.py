"""What the pack's word models say of a conversation: read once for all the steps that ask."""

from collections.abc import Mapping

from streams.rules.model import Pack, Reads
from streams.rules.stems import stem_keys
from streams.rules.word_model import Evidence, WordModel
from streams.steps.scan import Scan, WordScores

Scores = Mapping[str, float]

_NOBODY: Scores = {}
# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_PERSON, _ASSISTANT = int(Reads.USER), int(Reads.ASSISTANT)


def exchange_scores(scan: Scan, pack: Pack) -> Scores:
    """Log-odds by name (the categories) of both sides together; none without a model or a word."""
    return _kept(scan, pack).exchange


def reply_scores(scan: Scan, pack: Pack) -> Scores:
    """Log-odds by name (the four acts, grounded) of the assistant's words; none without a model or a word."""
    return _kept(scan, pack).reply


def _kept(scan: Scan, pack: Pack) -> WordScores:
    """Both, as found before or now: the words are read once, and only what they say is kept."""
    if pack.words is None:
        return WordScores(_NOBODY, _NOBODY)
    if not scan.word_scores:
        person, assistant = stem_keys(scan.side(_PERSON).text), stem_keys(scan.side(_ASSISTANT).text)
        exchanges, replies = pack.words.exchanges, pack.words.replies
        has_words = len(person) + len(assistant) > 0
        scan.word_scores.append(
            WordScores(
                _named(exchanges, exchanges.of_exchange(person, assistant)) if has_words else _NOBODY,
                _named(replies, replies.of_reply(assistant)) if len(assistant) else _NOBODY,
            )
        )
    return scan.word_scores[0]


def _named(model: WordModel, scores: Evidence) -> Scores:
    return dict(zip(model.names, scores.tolist(), strict=True))
