"""`forebay try`: what the pipeline would make of files, as a summary for a person or as lines for a program."""

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from clients.errors import Fatal
from clients.pack_cache import open_pack
from clients.packs import pack_files
from console.drops_read import Batch, ObjectRead, read_drops
from console.screen import STEPS, decide_records
from streams.chain import Desk, run_steps
from streams.outcomes import OUTCOMES, Reason, name_of, reason_of
from streams.records import Record, Role
from streams.render import screen_line
from streams.rules.model import Pack
from streams.settings import Settings

CONVERT = "convert"
UNREAD = 4  # as `forebay ingest --once`: done, but objects could not be read whole
ROWS = 12


@dataclass(slots=True)
class Summary:
    """Counts of records by what a person asks first; objects as they ended."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    objects: list[ObjectRead] = field(default_factory=list)
    is_converted_only: bool = False

    @property
    def records(self) -> int:
        return sum(self.outcomes.values())

    def add(self, record: Record) -> None:
        outcome = record.outcome
        if outcome is None:  # `--until convert`: only what could be read is known
            reason = _why_not(record)
            self.outcomes["unreadable" if reason else "converted"] += 1
            if reason:
                self.reasons["unreadable", reason.value] += 1
        else:
            self.outcomes[name_of(outcome)] += 1
            if (why := reason_of(outcome)) is not None:
                self.reasons[name_of(outcome), why] += 1
        if record.conversation is not None:
            self.shapes[record.conversation.shape] += 1
        if record.categories is not None:
            self.categories[record.categories.categories[0].name] += 1
        if record.tags is not None:
            self.tags.update(name for name, tag in record.tags._asdict().items() if tag is not None)
        if record.language is not None:
            self.languages[record.language.code] += 1


async def try_place(
    settings: Settings,
    place: str,
    console: Console,
    *,
    as_json: bool,
    until: str | None,
    sample: int,
) -> int:
    """Read, decide, show. Returns the exit code: 4 where an object could not be read whole.

    Nothing is written anywhere but stdout, and nothing is a duplicate: Redis is not asked.
    """
    if until not in (None, CONVERT):
        raise Fatal(f"--until {until}: the step to stop after can be {CONVERT}")
    pack = open_pack(pack_files(settings.rules), Path(settings.state))
    summary = Summary(is_converted_only=until == CONVERT)
    async for found in read_drops(settings, place, sample):
        if isinstance(found, ObjectRead):
            summary.objects.append(found)
            if as_json:
                _write(_object_line(found))
            continue
        _decide(found, pack, until)
        for record in found.records:
            summary.add(record)
        if as_json:
            _write(b"".join(_line(record, found.key) for record in found.records))
    if not as_json:
        show(summary, console)
    return UNREAD if any(one.state not in ("complete", "reading") for one in summary.objects) else 0


def _decide(found: Batch, pack: Pack, until: str | None) -> None:
    if until is None:
        decide_records(found.records, pack)
        return
    steps = STEPS[: STEPS.index(CONVERT) + 1]
    desks = [Desk(record) for record in found.records]
    run_steps(desks, steps, pack, observe=lambda *_: None, clock=lambda: 0.0)


def _line(record: Record, key: str) -> bytes:
    if record.outcome is None:
        return orjson.dumps({"key": key, **_converted(record)}, option=orjson.OPT_APPEND_NEWLINE)
    # the line of `screen` as it stands, with one field put in front
    return b'{"key":' + orjson.dumps(key) + b"," + screen_line(record)[1:]


def _converted(record: Record) -> dict[str, object]:
    conversation, unreadable, reason = record.conversation, record.unreadable, _why_not(record)
    metadata: dict[str, object] = {}
    if unreadable is not None:
        metadata["fields"] = unreadable.fields
    if conversation is not None and conversation.reasoning is not None:
        metadata["reasoning"] = conversation.reasoning
    if conversation is not None and conversation.labels:
        metadata["labels"] = conversation.labels
    return {
        "record": record.source.record,
        "outcome": None,
        "reason": reason,
        "shape": None if conversation is None else conversation.shape,
        "single_turn": conversation is not None and conversation.single_turn,
        "messages": []
        if conversation is None
        else [{"role": m.role.value, "content": m.content} for m in conversation.messages],
        "metadata": metadata,
    }


def _why_not(record: Record) -> Reason | None:
    """Why nothing will come of a converted record, as far as that is known without the gate; else None."""
    conversation, unreadable = record.conversation, record.unreadable
    if record.refused is not None or unreadable is not None:
        return record.refused or (unreadable.reason if unreadable else None)
    if conversation is None:
        return Reason.STEP_ERROR
    # decided later, so that the gate sees it; but nothing between here and there changes it
    if not conversation.single_turn and all(m.role is not Role.ASSISTANT for m in conversation.messages):
        return Reason.NO_ASSISTANT_TURN
    return Reason.UNWANTED_REPLY if conversation.unwanted else None


def _object_line(found: ObjectRead) -> bytes:
    line = {
        "object": True,
        "key": found.key,
        "state": found.state,
        "reason": found.reason,
        "container": found.container,
        "compression": found.compression,
        "records": found.records,
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def show(summary: Summary, console: Console) -> None:
    """The summary as a person reads it: only names and figures, no word of a record."""
    objects = Counter(
        (one.state, one.reason or "", one.container or "?", one.compression or "?") for one in summary.objects
    )
    table = Table(title=f"{len(summary.objects):,} objects", title_justify="left")
    for column in ("state", "reason", "container", "compression"):
        table.add_column(column)
    table.add_column("objects", justify="right")
    for row, count in objects.most_common():
        table.add_row(*row, f"{count:,}")
    console.print(table)
    order = [name for name in (*OUTCOMES, "converted", "unreadable") if summary.outcomes[name]]
    _counts(
        console,
        f"{summary.records:,} records",
        {name: summary.outcomes[name] for name in order},
        summary.records,
    )
    reasons = {f"{outcome}: {why}": n for (outcome, why), n in summary.reasons.most_common()}
    _counts(console, "Why", reasons, summary.records)
    _counts(console, "Shapes", dict(summary.shapes.most_common()), summary.records)
    _counts(console, "Primary categories", dict(summary.categories.most_common()), summary.records)
    _counts(console, "Tags", dict(summary.tags.most_common()), summary.records)
    _counts(console, "Languages", dict(summary.languages.most_common()), summary.records)
    if not summary.is_converted_only:
        console.print("Duplicates are found by `forebay run` only: they need the records of all drops.")


def _counts(console: Console, title: str, counts: dict[str, int], whole: int) -> None:
    if not counts:
        return
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column("name", min_width=28)
    table.add_column("records", justify="right", min_width=9)
    table.add_column("share", justify="right")
    shown = list(counts.items())[:ROWS]
    rest = sum(counts.values()) - sum(count for _, count in shown)
    for name, count in [*shown, *([("others", rest)] if rest else [])]:
        table.add_row(name, f"{count:,}", f"{count / whole:.1%}")
    console.print(table)
