"""A record's fields: their names made alike, the labels among them, and what may be shown of the names."""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2s
from typing import Any

from streams.shapes.content import PLACEHOLDERS

_LABEL_FIELDS = ("topic", "topics", "category", "categories", "tag", "tags", "label", "labels")
LABEL_NAMES = frozenset(_LABEL_FIELDS)
_LABEL_BREAK = re.compile(r"[,;|]")
MOST_LABELS = 16
LONGEST_LABEL = 64

# A space would let the first sentence of a table without a header through as its "name".
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,63}")
MOST_NAMES = 32

# Names of two words as a camel's back leaves them, and as a hump in snake case does.
_SAME_NAME = {
    "casedescription": "case_description",
    "chainofthought": "chain_of_thought",
    "chatbotresponse": "chatbot_response",
    "complexcot": "complex_cot",
    "finalanswer": "final_answer",
    "systemprompt": "system_prompt",
    "thoughtprocess": "thought_process",
    "userinput": "user_input",
    "answer_text": "answertext",
    "question_text": "questiontext",
    "question_title": "questiontitle",
}

_WORD = re.compile(r"\w+")
# The same for ASCII, at a fifth of the cost.
_ASCII_BREAKS = {code: " " for code in range(128) if not _WORD.fullmatch(chr(code))}


def canonical(document: dict[str, Any]) -> dict[str, Any]:
    """The same fields under lower-case names with underscores; where two fall together the plain one wins."""
    fields: dict[str, Any] = {}
    for name, value in document.items():
        key = name.strip("\ufeff \t").lower().replace(" ", "_").replace("-", "_")
        key = _SAME_NAME.get(key, key)
        if key == name or key not in fields:
            fields[key] = value
    return fields


def shown_names(document: Any) -> tuple[str, ...]:
    """Field names that may be written down: identifiers as they are, all else as a hash `#1a2b3c4d`.

    Of a list, the names of its first element. At most MOST_NAMES.
    """
    if type(document) is list:
        document = document[0] if document else None
    if type(document) is not dict:
        return ()
    names = list(document)[:MOST_NAMES]
    return tuple(name if _IDENTIFIER.fullmatch(name) else _hashed(name) for name in names)


def _hashed(name: str) -> str:
    return f"#{blake2s(name.encode(), digest_size=4).hexdigest()}"


def labels_of(fields: dict[str, Any]) -> tuple[str, ...]:
    """The record's own category words, in order, each once: topics, tags, labels that are text."""
    if LABEL_NAMES.isdisjoint(fields):
        return ()
    labels: dict[str, None] = {}
    for name in _LABEL_FIELDS:
        for label in _words_of(fields.get(name)):
            # a long "label" is prose that strayed into the column
            if label.lower() not in PLACEHOLDERS and len(label) <= LONGEST_LABEL:
                labels[label] = None
    return tuple(labels)[:MOST_LABELS]


def _words_of(value: Any) -> Iterable[str]:
    if type(value) is str:
        return (word.strip() for word in _LABEL_BREAK.split(value))
    if type(value) is list:
        return (word.strip() for word in value if type(word) is str)
    return ()


def question_key(text: str) -> str:
    """What several answers to one question share: its words, whatever their case, marks or spacing."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_BREAKS).split())
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
