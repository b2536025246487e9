"""What lines say of a record beside its outcome: its source, its messages, and every fact under its name."""

from collections.abc import Iterable
from typing import Any

from streams.records import Conversation, Finding, PiiFacts, Record, Span, Tag
from streams.scrub import shift

# The owner's trust in a tier (1 curated … 5 research); tier 6, reference, is not scored.
TRUST = {1: 0.99, 2: 0.95, 3: 0.90, 4: 0.85, 5: 0.80}

Fields = dict[str, Any]


def source_of(record: Record) -> Fields:
    source, origin = record.source, record.origin
    return {
        "bucket": source.bucket,
        "key": source.key,
        "version": source.version,
        "record": source.record,
        "name": origin.name,
        "tier": origin.tier,
        "trust": None if origin.tier is None else TRUST.get(origin.tier),
        "license": origin.license,
    }


def messages_of(conversation: Conversation) -> list[Fields]:
    # orjson writes a role as its text; asking each for its value is half of this function's time
    return [{"role": m.role, "content": m.content} for m in conversation.messages]


def add_facts(metadata: Fields, record: Record, conversation: Conversation, pii: PiiFacts | None) -> None:
    """Add every fact under its name, null where the step did not speak.

    Spans are moved to the scrubbed text that `pii` gives; with None they stay those of the converted one.
    """
    prints, place, language, ears = record.fingerprints, record.group, record.language, record.ears
    if record.kept is not None:
        metadata["fields"] = record.kept
    if record.person is not None:
        metadata["person"] = record.person
    metadata["shape"] = conversation.shape
    metadata["single_turn"] = conversation.single_turn
    metadata["content_hash"] = None if prints is None else prints.content_hash
    metadata["group"] = None if place is None else place.group
    metadata["split"] = None if place is None else place.split.value
    metadata["stage"] = None if place is None else place.stage
    metadata["categories"] = (
        None
        if record.categories is None
        else [
            {"name": c.name, "confidence": c.confidence, "from": c.from_}
            for c in record.categories.categories
        ]
    )
    metadata["ears"] = (
        None
        if ears is None
        else {
            "empathize": ears.empathize,
            "acknowledge": ears.acknowledge,
            "reflect": ears.reflect,
            "support": ears.support,
            "score": ears.score,
            "rules": ears.rules,
        }
    )
    metadata["quality"] = None if record.quality is None else record.quality.score
    metadata["language"] = (
        None if language is None else {"code": language.code, "confidence": language.confidence}
    )
    metadata["pii_status"] = None if record.pii is None else record.pii.status
    metadata["crisis"] = _finding(record.crisis, pii)
    metadata["unsafe_reply"] = _finding(record.unsafe_reply, pii)
    metadata["bias"] = None if record.tags is None else _tag(record.tags.bias)
    metadata["grounded"] = None if record.tags is None else _tag(record.tags.grounded)


def _finding(found: Finding | None, pii: PiiFacts | None) -> Fields | None:
    if found is None or found.level is None:
        return None
    spans: Iterable[Span] = found.spans if pii is None else shift(found.spans, pii)
    return {
        "level": found.level.value,
        "score": found.score,
        "rules": found.rules,
        "spans": [{"message": s.message, "start": s.start, "end": s.end} for s in spans],
    }


def _tag(tag: Tag | None) -> Fields | None:
    return None if tag is None else {"score": tag.score, "rules": tag.rules, "groups": tag.groups}
