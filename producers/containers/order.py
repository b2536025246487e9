"""The table of containers, in the order in which they are tried. A new one is a file and a row."""

from producers.containers.container import Container, Found, Sample
from producers.containers.csv import CSV
from producers.containers.jsonl import JSONL

CONTAINERS: tuple[Container, ...] = (JSONL, CSV)


def container_of(sample: Sample) -> tuple[Container, Found] | None:
    """The container that a sample shows, never its name; None where there is no row for it."""
    for row in CONTAINERS:
        found = row.find(sample)
        if found is not None:
            return row, found
    return None


def container_named(name: str) -> Container:
    """The row of that name. Raises KeyError: a ledger that names another was written by a newer Forebay."""
    for row in CONTAINERS:
        if row.name == name:
            return row
    raise KeyError(name)
