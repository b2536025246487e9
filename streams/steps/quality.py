"""Scores how usable an exchange is for training, by its form alone: what it is about never counts."""

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from streams.native import native
from streams.records import Conversation, Origin, QualityFacts, Role
from streams.rules.model import Pack

# The score starts at what the length of the answers gives and is multiplied once for each fault. With the
# usual floor of 0.6, one fault of form costs nothing and one of substance costs the record.
_FACTORS: dict[str, float] = {
    "unanswered": 0.9,
    "garbled": 0.5,
    "few_letters": 0.5,
    "repetitive": 0.5,
    "template": 0.4,
    "echo": 0.3,
    "boilerplate": 0.55,
    "shouting": 0.7,
    "truncated": 0.85,
    "markup": 0.85,
}

# Characters of an answer and the score they give, straight lines between: a nod, a sentence, a paragraph.
_LENGTHS: tuple[tuple[int, float], ...] = ((0, 0.2), (25, 0.45), (60, 0.75), (200, 0.95), (400, 1.0))
_TOO_LONG = 8000
_TOO_LONG_SCORE = 0.8
# Many short turns are a natural dialogue: this many turns may share the length of an answer.
_SHARING_TURNS = 3

# Characters by which the form of a text is judged: its beginning shows it.
_SAMPLE = 800
_LEAST_WORDS = 40
# Words are first told apart by a hash alone (FNV-1a, Fowler, Noll, Vo 1991).
_SLOTS, _SHIFT, _FACTOR = 1 << 10, np.uint64(54), np.uint64(0x100000001B3)
_SPACE = ord(" ")
# English answers of 40-250 words have 0.5-0.9 distinct words; a loop of one sentence falls below 0.25.
_DISTINCT = 0.25
_LETTERS = 0.55
_CAPITALS = 0.6
_LEAST_CAPITALS = 40
_LONG_ENOUGH_TO_END = 80
_SHORT_REFUSAL = 250

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER, _ASSISTANT = Role.USER, Role.ASSISTANT

_A, _Z, _SMALL_A, _SMALL_Z, _ASCII = ord("A"), ord("Z"), ord("a"), ord("z"), 0x80
_TEMPLATE = re.compile(
    r"\{\{\s*[a-z_][\w .-]{0,30}\}\}|\{(?:user|first|last|client|patient|bot)?_?name\}|\$\{\w{1,30}\}|<\|[a-z_]{2,20}\|>|\[/?INST\]|lorem ipsum"
    r"|[\[<](?:your|insert|client'?s?|patient'?s?|therapist'?s?|user|company)?[ _]?(?:name|here|text|topic|date)[\]>]",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|a|li|ul|strong|em)\b[^>]{0,200}>|&(?:nbsp|amp|quot|lt|gt|#\d{2,5});"
)
_REFUSAL = re.compile(
    r"as an? (?:ai|artificial intelligence|large language model|language model)\b"
    r"|i(?:'m| am) (?:just )?(?:an ai|a language model)\b|i cannot (?:fulfill|comply with) (?:this|that|your) request",
    re.IGNORECASE,
)
# UTF-8 read as Windows-1252, and bytes that were lost for good.
_GARBLED = re.compile("\ufffd|â€[™œ\u009d“”¦]|Ã[©¨¤¶¼±]")
_MOST_GARBLED = 0.004


def _by_length(characters: float) -> float:
    if characters > _TOO_LONG:
        return _TOO_LONG_SCORE
    for (low, low_score), (high, high_score) in pairwise(_LENGTHS):
        if characters < high:
            return low_score + (high_score - low_score) * (characters - low) / (high - low)
    return _LENGTHS[-1][1]


class _Letters(NamedTuple):
    """How many letters of ASCII a sample holds, and how many of its other characters."""

    capitals: int
    small: int
    others: int


@native
def _count_letters(sample: bytes) -> tuple[int, int, int]:
    capitals = small = others = 0
    for byte in sample:
        is_capital, is_small = (byte >= _A) & (byte <= _Z), (byte >= _SMALL_A) & (byte <= _SMALL_Z)
        capitals += is_capital
        small += is_small
        others += (byte < _ASCII) & (not is_capital) & (not is_small)
    return capitals, small, others


def _is_shouting(letters: _Letters) -> bool:
    if letters.capitals < _LEAST_CAPITALS:
        return False
    return letters.capitals > _CAPITALS * (letters.capitals + letters.small)


def _has_few_letters(characters: int, letters: _Letters) -> bool:
    # what is no ASCII counts as a letter: in other scripts it is, and in English it is a quote now and then
    return characters - letters.others < _LETTERS * characters


def _is_repetitive(sample: bytes) -> bool:
    words, slots = _count_words(sample)
    if slots >= _DISTINCT * words:
        return False
    own = sample.lower().split()
    return len(own) >= _LEAST_WORDS and len(set(own)) < _DISTINCT * len(own)


@native
def _count_words(sample: bytes) -> tuple[int, int]:
    """How many words between spaces, and in how many slots they fall: no more than there are different ones."""
    taken = np.zeros(_SLOTS, np.uint8)
    words = slots = 0
    key = np.uint64(0)
    for place in range(len(sample) + 1):
        byte = sample[place] if place < len(sample) else _SPACE
        if byte > _SPACE:
            key = (key ^ np.uint64(byte | _SPACE)) * _FACTOR  # small letters and capitals alike
        elif key:
            slot = key >> _SHIFT
            words += 1
            slots += 1 - taken[slot]
            taken[slot] = 1
            key = np.uint64(0)
    return words, slots


def _is_truncated(text: str) -> bool:
    last = text.rstrip()[-1:]
    return len(text) >= _LONG_ENOUGH_TO_END and (last.isalpha() or last in {",", "-", ";", "("})


def _has_template(text: str) -> bool:
    # the cheap look first: prose has none of these signs. Of "lorem ipsum" the rarest letters are the quickest to miss.
    is_possible = "{" in text or "[" in text or "<" in text or "psum" in text
    return is_possible and _TEMPLATE.search(text) is not None


def _is_garbled(text: str) -> bool:
    is_possible = "\ufffd" in text or "â" in text or "Ã" in text
    return is_possible and len(_GARBLED.findall(text)) > _MOST_GARBLED * len(text)


def _faults(answers: list[str], asked: str, everything: str) -> list[str]:
    judged = "\n".join(answers) or asked
    sampled = judged[:_SAMPLE]
    sample = sampled.encode("utf-8", "surrogatepass")
    letters = _Letters(*_count_letters(sample))
    found = []
    if not answers:
        found.append("unanswered")
    if _is_garbled(everything):
        found.append("garbled")
    if _has_few_letters(len(sampled), letters):
        found.append("few_letters")
    if _is_repetitive(sample):
        found.append("repetitive")
    if _has_template(everything):
        found.append("template")
    if answers and len(answers[-1]) == len(asked) and answers[-1].lower() == asked.lower():
        found.append("echo")
    if answers and len(judged) < _SHORT_REFUSAL * len(answers) and _REFUSAL.search(judged):
        found.append("boilerplate")
    if _is_shouting(letters):
        found.append("shouting")
    if answers and _is_truncated(answers[-1]):
        found.append("truncated")
    if ("<" in everything or "&" in everything) and _MARKUP.search(everything):
        found.append("markup")
    return found


def quality(conversation: Conversation, origin: Origin, pack: Pack) -> QualityFacts:
    """Score 0-1 of the assistant's turns (of the user's words where nobody answers), floor and faults.

    The floor is the pack's for the source's tier, else its default.
    """
    answers: list[str] = []
    asked: list[str] = []
    for message in conversation.messages:
        role = message.role
        if role is _ASSISTANT:
            answers.append(message.content)
        elif role is _USER:
            asked.append(message.content)
    everything = "\n".join((*asked, *answers))
    judged = answers or asked
    score = _by_length(sum(map(len, judged)) / max(1, min(len(judged), _SHARING_TURNS)))
    faults = _faults(answers, asked[-1] if asked else "", everything)
    for fault in faults:
        score *= _FACTORS[fault]
    floors = pack.policy.quality_floors
    floor = floors.get(str(origin.tier), floors["default"])
    return QualityFacts(round(score, 3), floor, tuple(faults))
