"""`forebay catalog` as a person reads it: names, places and figures, no text of a record."""

from collections import Counter
from collections.abc import Callable, Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.catalog.as_json import catalog_json, faults_of, print_json
from console.catalog.estimating import Estimate
from console.catalog.fields import ANSWERS, ASKS, TEXT, OneSided, Unfit
from console.catalog.look import FolderSeen, Seen, look_at
from console.catalog.sampling import SAMPLE_BYTES, SAMPLE_RECORDS, Sampled
from streams.settings import Settings

_ROWS = 12
_SHAPES = 5
_HOLDS = {
    ASKS: "asks, no answers",
    ANSWERS: "answers, nobody asks",
    TEXT: "one text in each record",
}
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


async def catalog(settings: Settings, place: str, console: Console, *, as_json: bool, samples: int) -> None:
    """Look and show. Raises as `look_at` does."""
    seen = await look_shown(settings, place, console, as_json=as_json, samples=samples)
    if as_json:
        print_json(console, catalog_json(seen))
    else:
        show(seen, console)


async def look_shown(
    settings: Settings, place: str, console: Console, *, as_json: bool, samples: int
) -> Seen:
    """Look at the place; at a terminal a line says how far it is, and goes when it is done."""
    if as_json or not console.is_terminal:
        return await look_at(settings, place, samples)
    with console.status("Listing …") as status:
        say: Callable[[str], None] = status.update
        return await look_at(settings, place, samples, say)


def show(seen: Seen, console: Console) -> None:
    """The tables and sentences of a catalog."""
    print_place(console, seen.place)
    console.print(_folders_table(seen))
    console.print(_totals(seen))
    faults = _faults_table(seen)
    if faults is not None:
        console.print(faults)
    if seen.unfit:
        console.print(_unfit_table(seen.unfit))
        console.print(
            "A new shape is a file in streams/shapes/ and a row in streams/shapes/order.py. "
            "Record numbers count from 0."
        )
    for line in _one_sided_lines(seen.one_sided):
        console.print(line)


def shown(text: str) -> str:
    """A key as it may be printed: what would move a terminal's cursor is replaced."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def told_bytes(size_bytes: float) -> str:
    for size, unit in _SIZES:
        if size_bytes >= size:
            return f"{size_bytes / size:,.1f} {unit}"
    return f"{size_bytes:,.0f} B"


def told_records(estimate: Estimate) -> str:
    """Exact numbers as they are; estimates with a tilde, and no figures that nobody knows."""
    if estimate.is_exact:
        return f"{estimate.records:,}"
    return f"~{rounded(estimate.records):,}"


def rounded(records: float) -> int:
    """Three figures: a sample does not know more."""
    step: int = 10 ** max(0, len(str(round(records))) - 3)
    return round(records / step) * step


def print_place(console: Console, place: str) -> None:
    """The place in a line of its own: it can look like markup, and is copied from the screen."""
    console.print(Text(shown(place)), soft_wrap=True)


def simple_table(title: str, *columns: str, numbers: Iterable[str] = ()) -> Table:
    heading = Text(title) if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column in numbers
        table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    return table


def _folders_table(seen: Seen) -> Table:
    table = simple_table(
        "",
        "folder", "objects", "bytes", "container", "shapes of the sampled records", "records",
        numbers=("objects", "bytes", "records"),
    )  # fmt: skip
    for one in seen.folders:
        table.add_row(
            Text(shown(one.folder.name) or "./"),
            f"{one.folder.objects:,}",
            told_bytes(one.folder.size_bytes),
            "\n".join(_containers(one)),
            _shapes(one.samples),
            told_records(one.estimate),
        )
    if len(seen.folders) > 1:
        table.add_section()
        table.add_row(
            "all", f"{seen.objects:,}", told_bytes(seen.size_bytes), "", "", told_records(seen.estimate)
        )
    return table


def container_name(sampled: Sampled) -> str:
    """`jsonl`, or `jsonl in gzip`; empty where none was found."""
    inside = "" if sampled.compression in ("", "none") else f" in {sampled.compression}"
    return f"{sampled.container}{inside}" if sampled.container else ""


def _containers(one: FolderSeen) -> list[str]:
    counts = Counter(container_name(sampled) or "none found" for sampled in one.samples)
    return [name if len(counts) == 1 else f"{name} × {count}" for name, count in counts.most_common()]


def _shapes(samples: Iterable[Sampled]) -> Text:
    shapes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for sampled in samples:
        shapes += sampled.shapes
        reasons += sampled.reasons
    whole = shapes.total() + reasons.total()
    text = Text()
    for counts, style in ((shapes, ""), (reasons, "yellow")):
        for name, count in counts.most_common(_SHAPES):
            text.append(f"{name} {_share(count, whole)}\n", style)
        if len(counts) > _SHAPES:
            rest = sum(count for _, count in counts.most_common()[_SHAPES:])
            text.append(f"{len(counts) - _SHAPES} others {_share(rest, whole)}\n", style)
    text.rstrip()
    return text


def _share(count: int, whole: int) -> str:
    share = count / whole
    if share == 1 or 0.1 <= share < 0.995:
        return f"{share:.0%}"
    return f"{min(share, 0.999):.1%}" if share >= 0.001 else "under 0.1%"


def _totals(seen: Seen) -> str:
    looked, exact = seen.asked, seen.estimate.is_exact
    sentences = []
    if not exact:
        sentences.append(
            f"~ is an estimate: plain bytes of a record seen, over all stored bytes. Seen were "
            f"{len(seen.samples):,} objects, of each at most {SAMPLE_BYTES >> 20} MiB or {SAMPLE_RECORDS} records."
        )
    known = sum(one.folder.known_objects for one in seen.folders)
    if known:
        sentences.append(f"{known:,} objects were read before: their numbers are the ledger's, and true.")
    if seen.all_folders > len(seen.folders):
        sentences.append(
            f"{seen.all_folders:,} folders are shown as {len(seen.folders):,}, the deep ones with those around them."
        )
    if looked.own_output:
        sentences.append(f"{looked.own_output:,} keys of Forebay's own output were passed over.")
    if looked.list_calls:
        sentences.append(
            f"This look took {looked.list_calls:,} LIST calls and {looked.reads:,} GETs of "
            f"{told_bytes(looked.read_bytes)} in all."
        )
    return " ".join(sentences) or "Every object was read whole: the numbers are true."


def _faults_table(seen: Seen) -> Table | None:
    faults = faults_of(seen)
    if not faults:
        return None
    table = simple_table(
        "Not readable, or not whole, of the sampled",
        "folder",
        "what",
        "objects",
        "for example",
        numbers=("objects",),
    )
    for folder, what, count, example in faults[: 2 * _ROWS]:
        table.add_row(Text(shown(folder) or "./"), Text(what, "yellow"), f"{count:,}", Text(shown(example)))
    if len(faults) > 2 * _ROWS:
        table.add_row(f"and {len(faults) - 2 * _ROWS:,} more: --json has all", "", "", "")
    return table


def _unfit_table(unfit: list[Unfit]) -> Table:
    table = simple_table(
        "Sampled records that fit no shape, by the names of their fields",
        "fields", "records", "objects", "for example",
        numbers=("records", "objects"),
    )  # fmt: skip
    for group in unfit[:_ROWS]:
        names = ", ".join(group.fields) or "(no object, or no fields)"
        table.add_row(Text(names), f"{group.records:,}", f"{group.objects:,}", Text(shown(group.example)))
    if len(unfit) > _ROWS:
        rest = unfit[_ROWS:]
        table.add_row(
            f"{len(rest):,} other sets: --json has all", f"{sum(g.records for g in rest):,}", "", ""
        )
    return table


def _one_sided_lines(found: list[OneSided]) -> list[Text]:
    if not found:
        return []
    lines = [Text("Files with one side of a dialogue only; Forebay does not join files:", "bold")]
    for one in found[:_ROWS]:
        if one.other is None:
            rest = "; no sampled file is its other side"
        else:
            by = (
                one.joined_by
                if one.joined_by == one.other_joined_by
                else f"{one.joined_by} = {one.other_joined_by}"
            )
            rest = f"; probably the other side of {shown(one.other)}, joined by {by}"
        lines.append(Text(f"  {shown(one.key)}: {_HOLDS[one.side]}{rest}"))
    if len(found) > _ROWS:
        lines.append(Text(f"  and {len(found) - _ROWS:,} more: --json has all"))
    return lines
