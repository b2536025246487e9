"""What a source wants kept of its records: named fields, scrubbed, and who speaks, as a keyed hash."""

import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import orjson

from streams.records import Conversation, Message, Origin, Role
from streams.rules.model import Pack
from streams.scrub import scrub
from streams.shapes.fields import canonical
from streams.steps.pii import pii
from streams.steps.scan import scan

# Labels, votes, dates: what is longer is text of the record, and that has its own place.
LONGEST_CHARACTERS = 200

Kept = dict[str, str | int | float | bool | None]


def kept_fields(line: bytes, names: tuple[str, ...], pack: Pack) -> Kept:
    """The named fields of a record, as the source writes their names; texts with placeholders for personal data.

    A field that is missing, no plain value or longer than LONGEST_CHARACTERS is null. Never raises for bad lines.
    """
    fields = _fields(line)
    found: Kept = {}
    texts: dict[str, str] = {}
    for name in names:
        value = fields.get(_canonical_name(name))
        if type(value) is str:
            found[name] = None
            if value.strip() and len(value) <= LONGEST_CHARACTERS:
                texts[name] = value.strip()
        else:
            found[name] = value if type(value) in (int, float, bool) else None
    if texts:
        spoken = Conversation(tuple(Message(Role.USER, text) for text in texts.values()), "kept")
        scrubbed = scrub(spoken, pii(spoken, scan(spoken, pack), pack))
        found |= {name: message.content for name, message in zip(texts, scrubbed.messages, strict=True)}
    return found


def persons(key: bytes) -> Callable[[Origin, bytes], str | None]:
    """A function from a record's origin and line to who speaks: HMAC-SHA-256 under the key, 32 hex digits.

    None where the source names no field, or the record has none. The source's name is no part of it: one
    person's records in two sources share a group where both use the same identifiers.
    """

    def person_of(origin: Origin, line: bytes) -> str | None:
        if not origin.person:
            return None
        value = _fields(line).get(_canonical_name(origin.person))
        if type(value) is not str and type(value) is not int:
            return None
        text = str(value).strip()
        return hmac.new(key, text.encode(), sha256).hexdigest()[:32] if text else None

    return person_of


def _canonical_name(name: str) -> str:
    return next(iter(canonical({name: None})))


def _fields(line: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}  # convert says what is wrong with it
    if type(document) is not dict:
        return {}
    return canonical(document)
