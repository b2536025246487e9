"""`forebay rules check`: proves a pack's examples and measures each of its steps on its test set."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from console.rules.acts import Measure, measure_categories, measure_ears, measure_tag
from console.rules.cost import rule_costs
from console.rules.measure import Share, Verdict, by_stratum, called_acute, false_alarms, judge, recall
from console.rules.padding import PADDED_WORDS, SHORT_WORDS, padded, short_ones
from console.rules.sets import TEST, labelled
from streams.outcomes import Level
from streams.rules.gate_model import GateModel
from streams.rules.model import Kind, Pack

_GATES = (Kind.CRISIS, Kind.UNSAFE_REPLY)
# What a gate without a model promises: the same as the shipped pack's recall, and few false alarms.
_LEAST_RECALL, _MOST_ALARMS = 0.95, 0.05
_DEAREST = 12


def check(pack: Pack, console: Console) -> bool:
    """Print what is measured; whether all that the pack promises holds. Its examples were proven at loading."""
    console.print(
        f"Pack {pack.label}: {len(pack.rules)} rules with their examples, {len(pack.models)} models."
    )
    faults = [fault for gate in _GATES for fault in _check_gate(gate, pack, console)]
    others = Table(title="Other steps, on their test sets")
    for column in ("what", "measured", "goal", ""):
        others.add_column(column)
    for row in _others(pack):
        others.add_row(row.what, row.measured, row.goal, "" if row.is_met else "below")
    console.print(others)
    console.print(_dearest(pack))
    for fault in faults:
        console.print(f"[bold]Not held:[/bold] {fault}")
    if not faults:
        console.print("All that the pack promises of its gates holds.")
    return not faults


def _others(pack: Pack) -> Iterator[Measure]:
    yield from measure_ears(pack)
    yield from measure_categories(pack)
    yield from measure_tag(pack, "bias")
    yield from measure_tag(pack, "grounded")


def _dearest(pack: Pack) -> Table:
    costs = rule_costs(pack)
    table = Table(title="The dearest rules, each looked for alone in records of 4.3 kB")
    table.add_column("rule", no_wrap=True)
    table.add_column("µs a record", justify="right")
    for cost in costs[:_DEAREST]:
        table.add_row(cost.rule, f"{cost.microseconds:.1f}")
    rest = sum(cost.microseconds for cost in costs[_DEAREST:]) / max(1, len(costs) - _DEAREST)
    table.caption = f"The other {max(0, len(costs) - _DEAREST)}: {rest:.1f} on average."
    return table


def _check_gate(gate: Kind, pack: Pack, console: Console) -> list[str]:
    examples = labelled(gate, TEST)
    if not examples:
        return [f"{gate}: there is no test set"]
    verdicts = judge(examples, gate, pack)
    model = pack.models.get(gate)
    console.print(_strata(gate, verdicts))
    hidden = judge(map(padded, short_ones(examples)), gate, pack) if gate is Kind.CRISIS else []
    console.print(_summary(gate, verdicts, hidden, model))
    return list(_broken(gate, verdicts, model))


def _broken(gate: Kind, verdicts: Sequence[Verdict], model: GateModel | None) -> Iterator[str]:
    found, alarms = recall(verdicts), false_alarms(verdicts)
    least = _LEAST_RECALL if model is None else model.least_recall
    most = _MOST_ALARMS if model is None else model.most_false_alarms
    if found.least < least:
        yield f"{gate}: recall is only sure to be above {found.least:.3f}, the pack promises {least:.3f}"
    if alarms.share > most:
        yield f"{gate}: {alarms.share:.3f} false alarms, the pack promises {most:.3f} at most"


def _strata(gate: Kind, verdicts: Sequence[Verdict]) -> Table:
    table = Table(title=f"{gate}: each stratum of the test set, the worst first")
    table.add_column("stratum", no_wrap=True)
    for column in ("found", "recall", "at least", "false alarms", "share", "at most"):
        table.add_column(column, justify="right")
    for name, found, alarms in by_stratum(verdicts):
        table.add_row(name, *_cells(found, found.least), *_cells(alarms, alarms.most))
    return table


def _cells(share: Share, bound: float) -> tuple[str, str, str]:
    if not share.of:
        return "", "", ""
    return f"{share.hits}/{share.of}", f"{share.share:.2f}", f"{bound:.2f}"


def _summary(
    gate: Kind, verdicts: Sequence[Verdict], hidden: Sequence[Verdict], model: GateModel | None
) -> Table:
    table = Table(title=f"{gate}: as a whole (one-sided 95 % bounds after Clopper and Pearson)")
    table.add_column("of the test set", no_wrap=True)
    for column in ("found", "recall", "at least", "false alarms", "share", "at most"):
        table.add_column(column, justify="right")
    rules_alone = [v for v in verdicts if v.example.label and set(v.found.rules) - _names(model)]
    rows: list[tuple[str, list[Verdict]]] = [("all", list(verdicts))]
    rows += [
        (f"{'long' if is_long else 'short'} texts", [v for v in verdicts if v.example.is_long is is_long])
        for is_long in (False, True)
    ]
    rows += [
        (f"language {language}", [v for v in verdicts if v.example.language == language])
        for language in sorted({v.example.language for v in verdicts})
    ]
    rows += [
        (f"author {author}", [v for v in verdicts if v.example.writer == author])
        for author in sorted({v.example.writer for v in verdicts})
    ]
    if hidden:
        alone = {example.id for example in short_ones(v.example for v in verdicts)}
        rows.append((f"one turn, {SHORT_WORDS} words", [v for v in verdicts if v.example.id in alone]))
        rows.append((f"the same within {PADDED_WORDS} words", list(hidden)))
    for name, own in rows:
        found, alarms = recall(own), false_alarms(own)
        table.add_row(name, *_cells(found, found.least), *_cells(alarms, alarms.most))
    table.caption = f"A rule spoke on {len(rules_alone)} of those found."
    if gate is Kind.CRISIS:
        acute, elevated = called_acute(verdicts, Level.ACUTE), called_acute(verdicts, Level.ELEVATED)
        table.caption += (
            f" Of those raised, {acute.hits}/{acute.of} acute and {elevated.hits}/{elevated.of} elevated"
            " ones are called acute."
        )
    return table


def _names(model: GateModel | None) -> set[str]:
    return set() if model is None else {model.rule}
