"""What each step costs a record, as rows and as a table for a person."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from rich.table import Table


class StepCost(TypedDict):
    """Microseconds of processor time that a step takes for one record, and its share of all steps."""

    step: str
    microseconds: float
    share: float


def step_costs(seconds_by_step: Mapping[str, float], records: int) -> list[StepCost]:
    """One row a step in the order in which they ran."""
    whole = sum(seconds_by_step.values())
    return [
        StepCost(step=step, microseconds=seconds / records * 1e6, share=seconds / whole if whole else 0.0)
        for step, seconds in seconds_by_step.items()
    ]


def step_table(costs: Sequence[StepCost], title: str) -> Table:
    """The rows as a table with their sum."""
    table = Table(title=title)
    table.add_column("step")
    table.add_column("µs a record", justify="right")
    table.add_column("share", justify="right")
    for cost in costs:
        table.add_row(cost["step"], f"{cost['microseconds']:.1f}", f"{cost['share']:.0%}")
    table.add_section()
    table.add_row("all", f"{sum(cost['microseconds'] for cost in costs):.1f}", "100%")
    return table
