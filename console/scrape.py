"""Reads the metrics of the pipeline's processes, from the endpoints in `<state>/targets`."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from prometheus_client.parser import text_string_to_metric_families

ASK_SECONDS = 2.0
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """One process: its name, kind, and where its metrics are."""

    child: str
    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Scrape:
    """What one process told; `samples` is None when it did not answer."""

    target: Target
    samples: tuple[Sample, ...] | None


def targets(state: Path) -> list[Target]:
    """The processes that a supervisor on this machine has running, by name."""
    found = []
    for path in sorted((state / "targets").glob("*.json")):
        try:
            for row in orjson.loads(path.read_bytes()):
                labels = row.get("labels", {})
                process = labels.get("process", path.stem)
                found += [Target(process, labels.get("kind", process), address) for address in row["targets"]]
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            # someone else's file, or one whose process just ended: it is no process of ours to show
            continue
    return found


async def scrape(state: Path) -> list[Scrape]:
    """All processes' metrics, asked at once. Never raises: a process that does not answer has none."""
    return list(await asyncio.gather(*(asyncio.to_thread(_ask, target) for target in targets(state))))


def total(scrapes: Iterable[Scrape], name: str, **labels: str) -> float:
    """The sum of a metric over processes and over the labels that are not named."""
    return sum(
        sample.value
        for one in scrapes
        for sample in one.samples or ()
        if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
    )


def by_label(scrapes: Iterable[Scrape], name: str, label: str) -> dict[str, float]:
    """The sum of a metric for each value of one label."""
    found: dict[str, float] = {}
    for one in scrapes:
        for sample in one.samples or ():
            if sample.name == name and label in sample.labels:
                found[sample.labels[label]] = found.get(sample.labels[label], 0.0) + sample.value
    return found


def _ask(target: Target) -> Scrape:
    try:
        with urllib.request.urlopen(f"http://{target.address}/metrics", timeout=ASK_SECONDS) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError, ValueError):
        return Scrape(target, None)
    return Scrape(
        target,
        tuple(
            Sample(sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ),
    )
