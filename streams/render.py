"""Writes what is known of records as lines: the decided chunk's datasets and outcomes, and `screen`'s answer.

Same records, same bytes: the order of fields is the order written here, and nothing comes from outside.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import orjson

from streams.chunks import Section
from streams.metadata import Fields, add_facts, messages_of, source_of
from streams.names import DATASETS, SPLIT_DATASET
from streams.outcomes import TEXTLESS, Held, Kept, Outcome, Reason, Rejected, Split, name_of, reason_of
from streams.records import Failure, Finding, PiiFacts, Record, Source
from streams.scrub import scrub
from streams.steps.scan import REASONING

SCHEMA = 1

# A record is of generation 0 until it is driven through the steps once more; the highest one wins.
GENERATION = 0

# The order of sections in a decided chunk.
SECTIONS: tuple[tuple[str, str], ...] = tuple(
    (dataset, split)
    for dataset in DATASETS
    for split in ([s.value for s in Split] if dataset == SPLIT_DATASET else [""])
)

_LINE = orjson.OPT_APPEND_NEWLINE


def record_id(source: Source) -> str:
    """32 hex digits that follow from the place alone: sha256 over bucket, key, version and number."""
    place = "\0".join((source.bucket, source.key, source.version, str(source.record)))
    return sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def render(
    records: Sequence[Record], pack_label: str, raw_partition: int, raw_offset: int
) -> tuple[bytes, tuple[Section, ...]]:
    """Value and sections of the decided chunk: every record once in its dataset and once in `outcomes`.

    Every record must have its outcome. One whose line cannot be written becomes `held: step_error` here, so
    count outcomes after this call. Empty sections are left out.
    """
    lines: dict[tuple[str, str], list[bytes]] = {section: [] for section in SECTIONS}
    rows = lines["outcomes", ""]
    for record in records:
        identifier = record_id(record.source)
        try:
            line, row = _both(record, identifier, pack_label, raw_partition, raw_offset)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - text that no JSON can hold must not stop the chunk
            record.failure = Failure("render", type(error).__name__)
            record.outcome = Held(Reason.STEP_ERROR)
            line, row = _both(record, identifier, pack_label, raw_partition, raw_offset)
        outcome = _outcome(record)
        lines[name_of(outcome), outcome.split.value if isinstance(outcome, Kept) else ""].append(line)
        rows.append(row)
    sections, pieces = [], []
    for (dataset, split), found in lines.items():
        if found:
            piece = b"".join(found)
            pieces.append(piece)
            sections.append(Section(dataset, split, len(found), len(piece)))
    return b"".join(pieces), tuple(sections)


def _both(
    record: Record, identifier: str, pack_label: str, raw_partition: int, raw_offset: int
) -> tuple[bytes, bytes]:
    line = orjson.dumps(_dataset_line(record, identifier, pack_label), option=_LINE)
    row = _outcomes_row(record, identifier, pack_label, raw_partition, raw_offset)
    return line, orjson.dumps(row, option=_LINE)


def _outcome(record: Record) -> Outcome:
    if record.outcome is None:
        raise ValueError("a record without an outcome")
    return record.outcome


def is_textless(record: Record) -> bool:
    """Whether no word of the record may be written: it was never read safely, or PII has not spoken."""
    outcome = record.outcome
    if record.conversation is None or record.pii is None or isinstance(outcome, Rejected):
        return True
    return isinstance(outcome, Held) and outcome.reason in TEXTLESS


def _dataset_line(record: Record, identifier: str, pack_label: str) -> Fields:
    outcome = _outcome(record)
    conversation, pii = record.conversation, record.pii
    if is_textless(record) or conversation is None or pii is None:
        return _reference(record, outcome, identifier, pack_label)
    scrubbed = scrub(conversation, pii)
    metadata: Fields = {
        "source": source_of(record),
        "outcome": name_of(outcome),
        "reason": reason_of(outcome),
    }
    add_facts(metadata, record, conversation, pii)
    metadata["rules"] = pack_label
    metadata["schema"] = SCHEMA
    if scrubbed.reasoning is not None:
        metadata["reasoning"] = scrubbed.reasoning
    return {"id": identifier, "messages": messages_of(scrubbed), "metadata": metadata}


def _reference(record: Record, outcome: Outcome, identifier: str, pack_label: str) -> Fields:
    """What is kept of a record without its text: where it stands, why, its shape or its fields' names."""
    conversation, unreadable, failure = record.conversation, record.unreadable, record.failure
    line: Fields = {
        "id": identifier,
        "source": source_of(record),
        "outcome": name_of(outcome),
        "reason": reason_of(outcome),
        "shape": None if conversation is None else conversation.shape,
        "fields": () if unreadable is None else unreadable.fields,
    }
    if failure is not None:
        line["failure"] = {"step": failure.step, "error": failure.error}
    line["rules"] = pack_label
    line["schema"] = SCHEMA
    return line


def _level(found: Finding | None) -> Fields | None:
    if found is None or found.level is None:
        return None
    return {"level": found.level.value, "score": found.score, "rules": found.rules}


def _pii_counts(pii: PiiFacts | None) -> dict[str, int]:
    # most records have none, and a Counter is dear to make
    return {} if pii is None or not pii.spans else dict(Counter([span.type for span in pii.spans]))


def _outcomes_row(
    record: Record, identifier: str, pack_label: str, raw_partition: int, raw_offset: int
) -> Fields:
    """One row for every record whatever its outcome: facts by number and name, never a word of its text."""
    outcome = _outcome(record)
    conversation, prints, place, quality = (
        record.conversation,
        record.fingerprints,
        record.group,
        record.quality,
    )
    source, failure, tags = record.source, record.failure, record.tags
    return {
        "id": identifier,
        "bucket": source.bucket,
        "key": source.key,
        "version": source.version,
        "record": source.record,
        "source": record.origin.name,
        "tier": record.origin.tier,
        "raw_partition": raw_partition,
        "raw_offset": raw_offset,
        "generation": GENERATION,
        "outcome": name_of(outcome),
        "reason": reason_of(outcome),
        "failure": None if failure is None else {"step": failure.step, "error": failure.error},
        "shape": None if conversation is None else conversation.shape,
        "crisis": _level(record.crisis),
        "unsafe_reply": _level(record.unsafe_reply),
        "content_hash": None if prints is None else prints.content_hash,
        "bands": () if prints is None else prints.bands,
        "group": None if place is None else place.group,
        "split": None if place is None else place.split.value,
        "stage": None if place is None else place.stage,
        "category": None if record.categories is None else record.categories.categories[0].name,
        "bias": tags.bias.score if tags is not None and tags.bias is not None else None,
        "grounded": tags.grounded.score if tags is not None and tags.grounded is not None else None,
        "ears": None if record.ears is None else record.ears.score,
        "pii": _pii_counts(record.pii),
        "pii_status": None if record.pii is None else record.pii.status,
        "quality": None if quality is None else quality.score,
        "quality_faults": () if quality is None else quality.faults,
        "language": None if record.language is None else record.language.code,
        "turns": 0 if conversation is None else len(conversation.messages),
        "characters": 0 if conversation is None else sum([len(m.content) for m in conversation.messages]),
        "rules": pack_label,
        "schema": SCHEMA,
    }


def screen_line(record: Record) -> bytes:
    """The line of `forebay screen`: messages as converted, spans in code points of these, every fact.

    Spans of the reasoning stand apart (`pii_reasoning`), as it is no message. A record that a step failed on
    shows no text here either.
    """
    outcome, conversation = _outcome(record), record.conversation
    line: Fields = {
        "record": record.source.record,
        "outcome": name_of(outcome),
        "reason": reason_of(outcome),
        "shape": None if conversation is None else conversation.shape,
        "single_turn": conversation is not None and conversation.single_turn,
        "messages": [],
    }
    metadata: Fields = {}
    if conversation is not None:
        if not (isinstance(outcome, Held) and outcome.reason in TEXTLESS):
            line["messages"] = messages_of(conversation)
            if conversation.reasoning is not None:
                metadata["reasoning"] = conversation.reasoning
        add_facts(metadata, record, conversation, None)
        spans = () if record.pii is None else record.pii.spans
        metadata["pii"] = [
            {"message": s.message, "start": s.start, "end": s.end, "type": s.type}
            for s in spans
            if s.message != REASONING
        ]
        metadata["pii_reasoning"] = [
            {"start": s.start, "end": s.end, "type": s.type} for s in spans if s.message == REASONING
        ]
        metadata["bands"] = () if record.fingerprints is None else record.fingerprints.bands
        metadata["quality_faults"] = () if record.quality is None else record.quality.faults
    else:
        metadata["fields"] = () if record.unreadable is None else record.unreadable.fields
    if record.failure is not None:
        metadata["failure"] = {"step": record.failure.step, "error": record.failure.error}
    line["metadata"] = metadata
    return orjson.dumps(line, option=_LINE)
