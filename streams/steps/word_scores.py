"""What the pack's word models say of a conversation: read once for all the steps that ask."""

from collections.abc import Callable, Mapping

import numpy as np

from streams.records import Role
from streams.rules.model import Pack
from streams.rules.stems import Reading, key_of, read
from streams.rules.word_model import Floats, WordModel, Words
from streams.steps.scan import Scan

Scores = Mapping[str, float]

_NOBODY: Scores = {}
# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER, _ASSISTANT = Role.USER, Role.ASSISTANT
# Stands between the sides: a byte that no text in UTF-8 holds.
_BETWEEN = b" \xff "
_BETWEEN_KEY = np.uint64(key_of(_BETWEEN.strip()))


def exchange_scores(scan: Scan, pack: Pack) -> Scores:
    """Log-odds by name (the categories, bias) of both sides together; none without a model or a word."""
    return _kept(scan, pack, "exchange", _of_exchange)


def reply_scores(scan: Scan, pack: Pack) -> Scores:
    """Log-odds by name (the four acts, grounded) of the assistant's words; none without a model or a word."""
    return _kept(scan, pack, "reply", _of_reply)


def _kept(scan: Scan, pack: Pack, what: str, ask: Callable[[Scan, Words], Scores]) -> Scores:
    """What was found out before, or is now."""
    if pack.words is None:
        return _NOBODY
    found = scan.kept.get(what)
    if found is None:
        found = scan.kept[what] = ask(scan, pack.words)
    return found


def _of_exchange(scan: Scan, words: Words) -> Scores:
    both, persons = _reading(scan)
    # the mark between the sides is always there
    return (
        _named(words.exchanges, words.exchanges.of_exchange(both, persons)) if len(both.keys) > 1 else _NOBODY
    )


def _of_reply(scan: Scan, words: Words) -> Scores:
    both, persons = _reading(scan)
    own = both.behind(persons)
    return _named(words.replies, words.replies.of_reply(own)) if len(own.keys) else _NOBODY


def _named(model: WordModel, scores: Floats) -> Scores:
    return dict(zip(model.names, scores.tolist(), strict=True))


def _reading(scan: Scan) -> tuple[Reading, int]:
    """The person's stems, a mark, the assistant's; and where the mark stands. Messages end as sentences do."""
    if not scan.readings:
        text, starts = scan.text, scan.starts
        sides: dict[Role, list[bytes]] = {_USER: [], _ASSISTANT: []}
        for place, message in enumerate(scan.conversation.messages):
            if message.role in sides:
                sides[message.role].append(text[starts[place] : starts[place + 1] - 1])
        both = read(b"\n".join(sides[_USER]) + _BETWEEN + b"\n".join(sides[_ASSISTANT]))
        scan.readings.append((both, int((both.keys == _BETWEEN_KEY).argmax())))
    return scan.readings[0]
