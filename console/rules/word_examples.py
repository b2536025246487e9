"""Reads what the word models are trained on: labelled exchanges and replies, and the lexicons of their subjects."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable

import orjson

from streams.fold import fold
from streams.rules.fields import BadPack, read_yaml
from streams.rules.model import Kind
from streams.rules.stems import stem_words
from streams.rules.word_model import BIAS, GROUNDED

_FOLDER, _LEXICON, _ORDINARY = "examples", "lexicon.yaml", "ordinary"
# A phrase of the lexicon is one word or two: what the models have slots for.
_LONGEST_PHRASE = 2

Gram = tuple[bytes, ...]
Lexicon = dict[Gram, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """The person's and the assistant's words, and the name that holds of them (empty: none)."""

    person: str
    assistant: str
    name: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a reply with all names that hold of it."""

    text: str
    names: frozenset[str]


def categories() -> list[Exchange]:
    """Exchanges of each category: `categories/examples/<writer>/<category>.jsonl`, lines `{"chat": […]}`."""
    return [exchange_of(row, name) for name, row in _rows(Kind.CATEGORIES)]


def biased() -> list[tuple[Exchange, bool]]:
    """Exchanges, and whether bias is in them: `tags/examples/<writer>/bias.jsonl`, lines `{"y": 1, "chat": […]}`."""
    return _of_tag(BIAS)


def sentences() -> list[Sentence]:
    """Sentences with their acts: `ears/examples/<writer>/*.jsonl`, lines `{"sentences": [[text, [act, …]], …]}`."""
    found = []
    for _, row in _rows(Kind.EARS):
        for pair in _list(row["sentences"]):
            text, acts = _list(pair)
            found.append(Sentence(str(text), frozenset(map(str, _list(acts)))))
    return found


def grounding() -> list[Sentence]:
    """Replies with `grounded` as their name or none: `tags/examples/<writer>/grounded.jsonl`, lines as those of bias."""
    found = _of_tag(GROUNDED)
    return [Sentence(own.assistant, frozenset({GROUNDED} if is_named else ())) for own, is_named in found]


def unbiased() -> list[Exchange]:
    """The exchanges of all other names, and ordinary ones: their writers were not asked for bias."""
    others = [*categories(), *(exchange for exchange, _ in _of_tag(GROUNDED)), *_ordinary()]
    return [replace(exchange, name="") for exchange in others]


def unsourced() -> list[Sentence]:
    """The replies of all other exchanges, and of ordinary ones: their writers were asked for no source."""
    others = [*categories(), *(exchange for exchange, _ in biased()), *_ordinary()]
    return [Sentence(exchange.assistant, frozenset()) for exchange in others]


def _ordinary() -> list[Exchange]:
    """What people ask of any assistant: `tags/examples/<writer>/ordinary.jsonl`, lines `{"chat": […]}`."""
    return [exchange_of(row) for name, row in _rows(Kind.TAGS) if name == _ORDINARY]


def lexicon(kind: Kind, *subjects: str) -> Lexicon:
    """Which concepts each word or pair of words belongs to; of a file with several subjects, those named."""
    read = read_yaml((_place(kind) / _LEXICON).read_bytes())
    if not isinstance(read, dict):
        raise BadPack([f"{kind}/{_LEXICON}: must map subjects to concepts"])
    found: dict[Gram, set[str]] = {}
    for subject in subjects:
        for concept, phrases in read[subject].items():
            for phrase in str(phrases).split(","):
                gram = tuple(stem_words(fold(phrase)))
                if not 1 <= len(gram) <= _LONGEST_PHRASE:
                    raise BadPack([f"{kind}/{_LEXICON}: {concept}: a phrase of {len(gram)} words"])
                found.setdefault(gram, set()).add(concept)
    return {gram: tuple(sorted(concepts)) for gram, concepts in found.items()}


def digest_of(examples: Sequence[Exchange | Sentence], lexicons: Sequence[Lexicon]) -> str:
    """sha256 hex over names and texts in their order, and over what the lexicons say."""
    whole = hashlib.sha256()
    for example in examples:
        if isinstance(example, Exchange):
            parts = [example.name, example.person, example.assistant]
        else:
            parts = [*sorted(example.names), example.text]
        whole.update("\n".join([*parts, ""]).encode())
    for lexicon_of in lexicons:
        for gram, concepts in sorted(lexicon_of.items()):
            whole.update(b" ".join(gram) + f" {concepts}\n".encode())
    return whole.hexdigest()


def exchange_of(row: dict[str, object], name: str = "") -> Exchange:
    """The two sides of a line `{"chat": […]}`, each joined."""
    chat = [str(turn) for turn in _list(row["chat"])]
    return Exchange("\n".join(chat[::2]), "\n".join(chat[1::2]), name)


def _of_tag(name: str) -> list[tuple[Exchange, bool]]:
    return [(exchange_of(row), row["y"] == 1) for tag, row in _rows(Kind.TAGS) if tag == name]


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise BadPack(["a line of an example lacks its list"])
    return value


def _place(kind: Kind) -> Traversable:
    return resources.files("streams.rules") / kind.value


def _rows(kind: Kind) -> Iterator[tuple[str, dict[str, object]]]:
    """Each line with the name of its file, in the order of writers and files."""
    folder = _place(kind) / _FOLDER
    for writer in sorted(folder.iterdir(), key=lambda found: found.name):
        for file in sorted(writer.iterdir(), key=lambda found: found.name):
            for line in file.read_bytes().splitlines():
                if line.strip():
                    yield file.name.removesuffix(".jsonl"), orjson.loads(line)
