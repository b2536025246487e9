"""What the pack's word models say of a conversation: read once for all the steps that ask."""

from collections.abc import Callable, Mapping

from streams.records import Role
from streams.rules.model import Pack
from streams.rules.stems import Reading, read
from streams.rules.word_model import Evidence, WordModel, Words
from streams.steps.scan import Scan

Scores = Mapping[str, float]

_NOBODY: Scores = {}
# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER, _ASSISTANT = Role.USER, Role.ASSISTANT


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
    person, assistant = _readings(scan)
    if not len(person.keys) + len(assistant.keys):
        return _NOBODY
    return _named(words.exchanges, words.exchanges.of_exchange(person, assistant))


def _of_reply(scan: Scan, words: Words) -> Scores:
    _, assistant = _readings(scan)
    return _named(words.replies, words.replies.of_reply(assistant)) if len(assistant.keys) else _NOBODY


def _named(model: WordModel, scores: Evidence) -> Scores:
    return dict(zip(model.names, scores.tolist(), strict=True))


def _readings(scan: Scan) -> tuple[Reading, Reading]:
    """The person's words and the assistant's. Messages end as sentences do."""
    if not scan.readings:
        text, starts = scan.text, scan.starts
        sides: dict[Role, list[bytes]] = {_USER: [], _ASSISTANT: []}
        for place, message in enumerate(scan.conversation.messages):
            if message.role in sides:
                sides[message.role].append(text[starts[place] : starts[place + 1] - 1])
        scan.readings.append((read(b"\n".join(sides[_USER])), read(b"\n".join(sides[_ASSISTANT]))))
    return scan.readings[0]
