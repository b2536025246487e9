"""`forebay rules train`: makes the models of a gate from its examples and says how well they do."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from clients.errors import Fatal
from console.rules.fit import train, train_side
from console.rules.instances import Floats, marked_text
from console.rules.sets import CALIBRATION, EXAMPLES, TEST, labelled
from console.rules.validate import (
    Labels,
    alarms_at,
    area,
    curve,
    labels_of,
    leave_one_writer_out,
    scores,
    window_scores,
)
from streams.outcomes import Level
from streams.rules.fields import SUFFIX
from streams.rules.labelled import Example, near_copies
from streams.rules.model import Kind
from streams.rules.scorer import WINDOW_BYTES

# Strata of what people ask of any assistant: requests that tell nothing of anybody's life.
GENERAL = frozenset({"questions", "tasks"})

_RECALLS = (0.90, 0.95, 0.97, 0.98, 0.99)
_LENGTH_RECALLS = (0.95, 0.97, 0.975, 0.98, 0.985, 0.99)
_LENGTHS = (140, 250, 500, WINDOW_BYTES)


def train_gate(gate: Kind, out: Path, console: Console, *, is_validated: bool) -> None:
    """Write the gate's model files into `out`. Deterministic: the same examples, the same decisions.

    Raises Fatal where examples are near copies of each other: they would measure memory.
    """
    examples = labelled(gate, EXAMPLES)
    tested = [*labelled(gate, CALIBRATION), *labelled(gate, TEST)]
    copies = near_copies([*examples, *tested], gate)
    if copies:
        pairs = "; ".join(f"{one} and {other}" for one, other in copies[:20])
        raise Fatal(f"{len(copies)} pairs of {gate} examples are near copies, among them {pairs}")
    labels = labels_of(examples)
    console.print(
        f"{gate}: {len(examples)} examples ({int(labels.sum())} of 1), {sum(e.is_long for e in examples)} long"
    )
    model = train(examples, gate)
    _write(out / f"{gate}{SUFFIX}", model.file, console)
    if model.beside_file is not None:
        _write(out / f"{gate}_beside{SUFFIX}", model.beside_file, console)
    if gate is Kind.CRISIS:
        _train_sides(examples, out, console)
    if is_validated:
        own = leave_one_writer_out(examples, gate)
        console.print(_thresholds("cross-validated over writers", own, labels))
        console.print(_by_writer(examples, own))
    calibration = labelled(gate, CALIBRATION)
    if calibration:
        own, true = scores(model.scorer, calibration, gate, model.beside), labels_of(calibration)
        sizes = np.array([len(marked_text(example, gate)[0]) for example in calibration])
        console.print(_thresholds("calibration set", own, true))
        console.print(_by_length(own, true, sizes))
        if is_validated:
            table = Table(title="the curve, measured on the calibration set")
            for column in ("examples", "area", "false alarms at recall 0.95"):
                table.add_column(column, justify="right")
            for count, under, alarms in curve(examples, calibration, gate):
                table.add_row(str(count), f"{under:.3f}", f"{alarms:.2f}")
            console.print(table)


def _train_sides(examples: Sequence[Example], out: Path, console: Console) -> None:
    """The models that look again at what the gate's own raises: is it of somebody's life, and is it acute."""
    held = labelled(Kind.CRISIS, CALIBRATION)
    is_personal = [example.stratum not in GENERAL for example in examples]
    scope = train_side(examples, is_personal, Kind.CRISIS)
    _write(out / f"{Kind.CRISIS}_scope{SUFFIX}", scope.file, console)
    found = [example for example in held if example.label]
    if found:
        console.print(
            _recalls(
                "scope, on those of 1 in the calibration set", window_scores(scope.scorer, found, Kind.CRISIS)
            )
        )
    graver = [example for example in examples if example.level is not None]
    acute = train_side(graver, [example.level is Level.ACUTE for example in graver], Kind.CRISIS)
    _write(out / f"{Kind.CRISIS}_acute{SUFFIX}", acute.file, console)
    found = [example for example in held if example.level is not None]
    if found:
        is_acute = np.array([example.level is Level.ACUTE for example in found])
        console.print(
            _thresholds(
                "acute of 1, calibration set", window_scores(acute.scorer, found, Kind.CRISIS), is_acute
            )
        )


def _recalls(title: str, found: Floats) -> Table:
    table = Table(title=title)
    table.add_column("share above", justify="right")
    table.add_column("threshold", justify="right")
    for share in (0.98, 0.99, 0.995, 0.998):
        table.add_row(f"{share:.3f}", f"{float(np.quantile(found, 1 - share)):.3f}")
    return table


def _write(path: Path, file: bytes, console: Console) -> None:
    path.write_bytes(file)
    console.print(f"wrote {path} ({len(file):,} bytes)")


def _thresholds(title: str, found: Floats, labels: Labels) -> Table:
    table = Table(title=f"{title}: {len(found)} examples, area {area(found, labels):.3f}")
    for column in ("recall", "threshold", "false alarms"):
        table.add_column(column, justify="right")
    for recall in _RECALLS:
        threshold = float(np.quantile(found[labels], 1 - recall))
        table.add_row(f"{recall:.2f}", f"{threshold:.3f}", f"{alarms_at(found, labels, recall):.2f}")
    return table


def _by_length(found: Floats, labels: Labels, sizes: npt.NDArray[np.intp]) -> Table:
    """The thresholds that find the same share of each length: what the pack's are taken from."""
    table = Table(title="the calibration set by bytes of plain text: threshold (false alarms) at each recall")
    for column in ("up to", "examples", *(f"{recall:.3f}" for recall in _LENGTH_RECALLS)):
        table.add_column(column, justify="right")
    edges = (0, *_LENGTHS, sizes.max() + 1)
    for low, high in pairwise(edges):
        own = (sizes > low) & (sizes <= high)
        if (labels & own).any() and (~labels & own).any():
            cells = [
                f"{float(np.quantile(found[own & labels], 1 - recall)):.2f}"
                f" ({alarms_at(found[own], labels[own], recall):.2f})"
                for recall in _LENGTH_RECALLS
            ]
            table.add_row("longer" if high > _LENGTHS[-1] else str(high), str(int(own.sum())), *cells)
    return table


def _by_writer(examples: Sequence[Example], found: Floats) -> Table:
    table = Table(title="each writer, by a model that saw nothing of theirs")
    for column in ("writer", "examples", "area", "false alarms at recall 0.95"):
        table.add_column(column, justify="right")
    for writer in sorted({example.writer for example in examples}):
        places = [place for place, example in enumerate(examples) if example.writer == writer]
        own, labels = found[places], labels_of([examples[place] for place in places])
        # some wrote harmless ones alone: there is nothing to tell apart
        has_both = bool(labels.any() and not labels.all())
        table.add_row(
            writer,
            str(len(places)),
            f"{area(own, labels):.3f}" if has_both else "",
            f"{alarms_at(own, labels, 0.95):.2f}" if has_both else "",
        )
    return table
