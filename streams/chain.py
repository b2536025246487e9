"""Runs the steps over a chunk's records, contains what a step raises, and settles each record's outcome."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from streams.chunks import RawChunk
from streams.decide import decide, diverted
from streams.outcomes import Held, Reason
from streams.records import Failure, Origin, Record, Source, Unreadable
from streams.rules.model import Pack
from streams.steps.categories import categories
from streams.steps.convert import convert
from streams.steps.crisis import crisis
from streams.steps.ears import ears
from streams.steps.fingerprints import fingerprints
from streams.steps.group import group
from streams.steps.kept import kept_fields
from streams.steps.language import language
from streams.steps.pii import pii
from streams.steps.quality import quality
from streams.steps.scan import Scan, scan
from streams.steps.tags import tags
from streams.steps.unsafe_reply import unsafe_reply


@dataclass(slots=True)
class Desk:
    """A record at work: beside its facts, what only the steps of one agent share (never carried on)."""

    record: Record
    scan: Scan | None = None


class NoScan(RuntimeError):
    """A step that reads the scan stands in an agent that does not make one: the topology is wrong."""


def _scan_of(desk: Desk) -> Scan:
    if desk.scan is None:
        raise NoScan
    return desk.scan


def _convert(desk: Desk, pack: Pack) -> None:
    record = desk.record
    if record.origin.keep_fields:
        record.kept = kept_fields(record.line, record.origin.keep_fields, pack)
    found = convert(record.line, pack.policy.json_depth)
    # the line is the largest thing a record holds, and nothing reads it again
    record.line = b""
    if isinstance(found, Unreadable):
        record.unreadable = Unreadable(found.reason, found.fields)
        record.conversation = found.heard
    else:
        record.conversation = found


def _scan(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.scan = scan(desk.record.conversation, pack)


def _pii(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.pii = pii(desk.record.conversation, _scan_of(desk), pack)


def _crisis(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.crisis = crisis(desk.record.conversation, _scan_of(desk), pack)


def _unsafe_reply(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.unsafe_reply = unsafe_reply(desk.record.conversation, _scan_of(desk), pack)


def _language(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.language = language(desk.record.conversation, _scan_of(desk), pack, desk.record.origin)


def _quality(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.quality = quality(desk.record.conversation, desk.record.origin, pack)


def _ears(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.ears = ears(desk.record.conversation, _scan_of(desk), pack)


def _categories(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.categories = categories(desk.record.conversation, _scan_of(desk), pack, desk.record.origin)


def _tags(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    desk.record.tags = tags(desk.record.conversation, _scan_of(desk), pack)


def _fingerprints(desk: Desk, pack: Pack) -> None:
    assert desk.record.conversation is not None
    folded = None if desk.scan is None else desk.scan.said()
    desk.record.fingerprints = fingerprints(desk.record.conversation, pack, folded)


def _group(desk: Desk, pack: Pack) -> None:
    record = desk.record
    assert record.conversation is not None
    record.group = group(
        record.conversation, record.origin, record.crisis, record.categories, pack, record.person, desk.scan
    )


# A new step is a row here, a field of Record and a place in the topology.
STEPS: dict[str, Callable[[Desk, Pack], None]] = {
    "convert": _convert,
    "scan": _scan,
    "pii": _pii,
    "crisis": _crisis,
    "unsafe_reply": _unsafe_reply,
    "language": _language,
    "quality": _quality,
    "ears": _ears,
    "categories": _categories,
    "tags": _tags,
    "fingerprints": _fingerprints,
    "group": _group,
}

# What no pure function does: `dedup` asks Redis, `decide` is `divert` and `settle` around it.
AGENT_STEPS = ("dedup", "decide")


def before_dedup(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps for `run_steps`: those that stand before `dedup` and `decide`.

    Raises ValueError for an unknown step, and for one after them: a record that a later step held must not
    have claimed its fingerprint.
    """
    pure = tuple(step for step in steps if step not in AGENT_STEPS)
    unknown = [step for step in pure if step not in STEPS]
    if unknown:
        raise ValueError(f"unknown steps: {', '.join(unknown)}")
    if tuple(steps[: len(pure)]) != pure:
        raise ValueError("a step stands after dedup")
    return pure


def receive(
    chunk: RawChunk,
    origin_of: Callable[[str, str], Origin],
    person_of: Callable[[Origin, bytes], str | None] | None = None,
) -> list[Record]:
    """The chunk's records in order; one that intake refused carries its reason and no line.

    `origin_of` gives what the owner says of a bucket and key; it is asked once for each part. `person_of` says
    who speaks, where the source names a field for that.
    """
    records: list[Record] = []
    part_before, origin = None, Origin("")
    for part, number, found in chunk.items():
        if part is not part_before:
            part_before, origin = part, origin_of(part.bucket, part.key)
        source = Source(part.bucket, part.key, part.version, number)
        if isinstance(found, Reason):
            records.append(Record(source, origin, refused=found))
        else:
            person = person_of(origin, found) if person_of is not None and origin.person else None
            records.append(Record(source, origin, found, person))
    return records


def run_steps(
    desks: Sequence[Desk],
    steps: Sequence[str],
    pack: Pack,
    *,
    observe: Callable[[str, float], None],
    clock: Callable[[], float],
) -> None:
    """Run each step over all records in turn and tell `observe` its name and seconds, once for the chunk.

    A step that raises marks its record with a Failure (step and exception type, never its text): facts found
    so far stay, later steps leave the record alone. Running out of memory and being told to stop are not the
    record's fault: they pass through. `dedup` and `decide` are not run here.
    """
    ready, is_known = list[Desk](), False
    for name in steps:
        step = STEPS[name]
        # a record is converted once; every other step needs the conversation that this gave
        if name == "convert":
            fresh = [d for d in desks if d.record.refused is None and d.record.conversation is None]
            ready = [d for d in fresh if d.record.unreadable is None and d.record.failure is None]
        elif not is_known:
            ready = [d for d in desks if d.record.conversation is not None and d.record.failure is None]
        # which are ready stays as it is until one fails
        is_known = name != "convert"
        began = clock()
        for desk in ready:
            try:
                step(desk, pack)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - bad data is an outcome: the record is held by name
                desk.record.failure = Failure(name, type(error).__name__)
                is_known = False
        observe(name, clock() - began)


def warm_up(steps: Sequence[str], pack: Pack) -> None:
    """Run an invented record through the steps: what is read or compiled when first needed is so before real ones."""
    turns = b'[{"role": "user", "content": "ya no duermo bien, la casa es muy fria"}, {"role": "assistant", "content": "ok"}]'
    desk = Desk(Record(Source("", "", "", 0), Origin(""), b'{"messages": ' + turns + b"}"))
    run_steps([desk], steps, pack, observe=lambda *_: None, clock=lambda: 0.0)


def divert(records: Iterable[Record]) -> list[Record]:
    """Set the outcome of each record that needs no look at others; returns the rest, which dedup asks about."""
    asking = []
    for record in records:
        try:
            record.outcome = diverted(record)
        except Exception as error:  # noqa: BLE001 - one record must not stop the chunk's others
            _hold(record, error)
        if record.outcome is None:
            asking.append(record)
    return asking


def settle(records: Iterable[Record]) -> None:
    """Set the outcome of every record that has none yet."""
    for record in records:
        if record.outcome is not None:
            continue
        try:
            record.outcome = decide(record)
        except Exception as error:  # noqa: BLE001 - one record must not stop the chunk's others
            _hold(record, error)


def _hold(record: Record, error: Exception) -> None:
    record.failure = Failure("decide", type(error).__name__)
    record.outcome = Held(Reason.STEP_ERROR)
