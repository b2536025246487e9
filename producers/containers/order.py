"""The table of containers, in the order in which they are tried. A new one is a file and a row."""

from producers.containers.container import AnyContainer, Found, Sample
from producers.containers.csv import CSV
from producers.containers.json_array import JSON_ARRAY
from producers.containers.json_object import JSON_OBJECT
from producers.containers.jsonl import JSONL
from producers.containers.parquet import PARQUET
from producers.containers.tar import TAR
from producers.containers.transcript import TRANSCRIPT
from producers.containers.zip import ZIP

CONTAINERS: tuple[AnyContainer, ...] = (ZIP, TAR, PARQUET, JSON_ARRAY, JSON_OBJECT, JSONL, TRANSCRIPT, CSV)


def container_of(sample: Sample) -> tuple[AnyContainer, Found] | None:
    """The container that a sample shows, never its name; None where there is no row for it."""
    for row in CONTAINERS:
        found = row.find(sample)
        if found is not None:
            return row, found
    return None


def container_named(name: str) -> AnyContainer:
    """The row of that name. Raises KeyError: a ledger that names another was written by a newer Forebay."""
    for row in CONTAINERS:
        if row.name == name:
            return row
    raise KeyError(name)
