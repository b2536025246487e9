"""Says in which language the help-seeker writes, and leans towards "not English" where that is in doubt.

Two witnesses: the share of English function words, which is cheap, sees the whole text and settles nearly
all of it, and py3langid (a naive Bayes over byte n-grams, 140 languages) for what they do not settle. A cry
in a language that the gate cannot read must not pass as English: so a foreign turn or a foreign sentence
inside English ones makes the record foreign, and a text that neither witness knows is `und`.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import py3langid.langid as langid

from streams.fold import fold
from streams.records import Conversation, LanguageFacts, Origin
from streams.rules.lexicon import ENGLISH, ENGLISH_FUNCTION, FOREIGN
from streams.rules.model import Pack
from streams.rules.plain import Plain, plain
from streams.rules.words import WordLists, words_of
from streams.steps.scan import Scan
from streams.steps.spoken import ASSISTANT, PERSON, spoken

UNKNOWN = "und"

# English prose has 0.3-0.5 function words of the list; the other languages tried stay below 0.05.
_SHARE = 0.16
# So many words on end without one of the list are looked at alone: in English that is one text in twenty.
_NO_HIT = bytes(14)
_IS_ENGLISH, _IS_FOREIGN = 1, 2
_ONLY_ENGLISH = bytes.maketrans(bytes([_IS_FOREIGN]), b"\0")
# Fewer words than this are judged by the wider list: a function word more or less is chance there.
_SHORT_WORDS = 8
# Letters of another script that make a record foreign: a short word or two.
_SCRIPT_LETTERS = 3
_BEYOND_LATIN = re.compile("[\u0250-\U0010ffff]")
# py3langid's own probabilities: what is needed to overrule English words around, or to name a language.
_SURE = 0.5
_LIKELY = 0.25
# Characters that py3langid reads: more does not change its mind and costs 0.1 µs each.
_SAMPLE = 500
# Bytes of an assistant's turn that are read: the gate for replies reads it, but a person's danger is not in it.
_REPLY_SAMPLE = 150
_MOST_REPLIES = 3


class _Text(NamedTuple):
    """Whether it is ASCII, a byte for each of its words (_IS_ENGLISH, _IS_FOREIGN or 0), and how to get the whole of it.

    Nearly all texts are English by these bytes alone: then nobody asks for its words or for how it is written.
    """

    is_ascii: bool
    lists: bytes
    words: Callable[[], list[bytes]]
    written: Callable[[], str]


@cache
def _lists() -> WordLists:
    return WordLists(ENGLISH_FUNCTION, FOREIGN)


@cache
def _identifier() -> langid.LanguageIdentifier:
    # read once from the package's own file; the model is part of the installed version
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def _identify(text: str) -> tuple[str, float]:
    # two digits: the last ones of a float depend on the processor, and a record must not
    code, confidence = _identifier().classify(text[:_SAMPLE])
    return str(code), round(float(confidence), 2)


def _other_script(text: str) -> str:
    """The words of the text that hold letters of another script than Latin; empty where these are few."""
    # in C: what it finds in English is quotes, dashes and emoji
    if not any(map(str.isalpha, _BEYOND_LATIN.findall(text))):
        return ""
    # compatibility forms first: mathematical letters and the like are Latin in disguise; and a word that
    # folds to ASCII is made of look-alikes
    words = [word for word in unicodedata.normalize("NFKC", text).split() if not fold(word).isascii()]
    letters = [c for word in words for c in _BEYOND_LATIN.findall(word) if c.isalpha() and not _is_latin(c)]
    return " ".join(words) if len(letters) >= _SCRIPT_LETTERS else ""


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("LATIN", "MODIFIER"))


def _short(text: str, words: list[bytes]) -> tuple[str, float]:
    """The language of a few words: English where half of them are common English ones and none is foreign."""
    words = [word.replace(b"'", b"") for word in words]
    is_foreign = not FOREIGN.isdisjoint(words)
    known = sum(map(ENGLISH.__contains__, words))
    if not is_foreign and known * 2 >= len(words):
        return "en", round(known / (len(words) + 1), 3)
    code, confidence = _identify(text)
    if code == "en":
        return (UNKNOWN, confidence) if is_foreign else (code, confidence)
    return (code, confidence) if confidence >= _LIKELY else (UNKNOWN, confidence)


def _foreign_stretch(read: _Text) -> tuple[str, float] | None:
    """The language of the least English stretch of an English text, where it is surely another one."""
    english = read.lists.translate(_ONLY_ENGLISH)
    run = english.find(_NO_HIT)
    if run < 0 and read.lists.count(_IS_FOREIGN) < 2:
        return None
    words, suspects = read.words(), []
    if run >= 0:
        suspects.append(words[run : run + len(_NO_HIT)])
    places = [place for place, of_list in enumerate(read.lists) if of_list == _IS_FOREIGN]
    if len({words[place] for place in places}) >= 2:
        # two that stand near each other are a sentence; scattered ones are names and quotes
        for here, there in pairwise(places):
            if there - here <= 4 and not any(english[here : there + 1]):
                suspects.append(words[max(0, here - 1) : there + 3])
                break
    for suspect in suspects:
        code, confidence = _identify(b" ".join(suspect).decode("utf-8", "surrogatepass"))
        if code != "en" and confidence >= _SURE:
            return code, confidence
    return None


def _judge(read: _Text) -> tuple[str, float] | None:
    """Language and confidence of a text; None where it holds no word."""
    # the cheap look first: what English and its neighbours write folds to ASCII
    script = "" if read.is_ascii else _other_script(read.written())
    if script:
        return _identify(script)
    count = len(read.lists)
    share = read.lists.count(_IS_ENGLISH) / count if count else 0.0
    # emoji, figures and lone apostrophes are no words, in any language
    if share == 0 and not any(map(str.isalpha, read.written())):
        return None
    if count < _SHORT_WORDS:
        return _short(read.written(), read.words())
    if share >= _SHARE:
        return _foreign_stretch(read) or ("en", round(min(0.99, 0.6 + share), 3))
    code, confidence = _identify(read.written())
    # English without its function words is a list or none at all: then the identifier must be sure
    if (code == "en" and (confidence < _SURE or _IS_FOREIGN in read.lists)) or confidence < _LIKELY:
        return UNKNOWN, confidence
    return code, confidence


def _said(scan: Scan) -> _Text:
    """The words of the person, or of everyone where roles were guessed."""
    places, words = spoken(scan, PERSON)
    return _read(words, lambda: scan.maybe_by(PERSON).text, lambda: _written(scan, places))


def _answered(scan: Scan) -> _Text:
    """Samples of the first replies."""
    text, starts, places = scan.text, scan.starts, scan.side(ASSISTANT).places[:_MOST_REPLIES]
    # a message that is shorter is taken with the separator behind it
    sample = b"".join(
        [text[starts[p] : min(starts[p] + _REPLY_SAMPLE, starts[p + 1])] + b"\n" for p in places]
    )
    return _read(plain(sample), lambda: sample, lambda: _written(scan, places, _REPLY_SAMPLE))


def _read(words: Plain, folded: Callable[[], bytes], written: Callable[[], str]) -> _Text:
    return _Text(words.text.isascii(), _lists().of_each(words), lambda: words_of(folded()), written)


def _written(scan: Scan, places: Sequence[int], most: int | None = None) -> str:
    return "\n".join(scan.conversation.messages[place].content[:most] for place in places)


def language(
    conversation: Conversation, scan: Scan, pack: Pack, origin: Origin | None = None
) -> LanguageFacts:
    """The language of the user's words (of everyone's where roles were guessed): ISO 639-1, or `und`.

    All turns are judged as one text, in which a foreign stretch makes the whole foreign. Replies are sampled
    and count only where they are surely in a language that the pack's gate is not measured for. A text
    without any word counts as the pack's language with confidence 0. What the source says is taken only where
    the text says nothing (`und`): an owner's word must not let a cry in another language pass as English.
    """
    policy = pack.policy
    verdict = _judge(_said(scan))
    if verdict is None or verdict[0] in policy.gated_languages:
        answered = None if conversation.roles_guessed else _judge(_answered(scan))
        if (
            answered is not None
            and answered[0] not in policy.gated_languages
            and answered[0] != UNKNOWN
            and answered[1] >= _SURE
        ):
            verdict = answered
    if verdict is None:
        verdict = ("en" if "en" in policy.gated_languages else min(policy.gated_languages), 0.0)
    code, confidence = verdict
    if (
        code == UNKNOWN
        and origin is not None
        and origin.language
        and origin.language not in policy.gated_languages
    ):
        code = origin.language
    return LanguageFacts(
        code,
        confidence,
        is_gated=code in policy.gated_languages,
        is_wanted=not policy.wanted_languages or code in policy.wanted_languages,
    )
