"""What a run has committed, counted from its claims; each claim is read once per machine and remembered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from agents.claims import read_claim
from clients.runs import RunStore
from streams.names import SPLIT_DATASET
from streams.outcomes import OUTCOMES
from streams.runs import Run

ASK_AT_ONCE = 16


@dataclass(slots=True)
class Tally:
    """Counts of one run up to the last claim seen of each partition."""

    run: Run
    last: dict[int, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    raw_done: dict[int, int] = field(default_factory=dict)
    files: int = 0
    size_bytes: int = 0

    @property
    def claims(self) -> int:
        return sum(self.last.values())

    @property
    def committed(self) -> int:
        """Records with a row in `outcomes`: all that have been decided and claimed."""
        return self.records.get("outcomes", 0)

    def outcomes(self) -> dict[str, int]:
        """Records by outcome, in the order in which people read them."""
        return {name: self.records.get(name, 0) for name in OUTCOMES}

    def law_holds(self) -> bool:
        """received = kept + crisis + held + duplicate + rejected, over the claims."""
        return self.committed == sum(self.outcomes().values())

    async def advance(self, store: RunStore) -> None:
        """Read the claims that came since. Raises RetryLater or Fatal as S3 does."""
        await asyncio.gather(*(self._partition(store, number) for number in range(self.run.partitions)))

    async def _partition(self, store: RunStore, partition: int) -> None:
        step = 1
        while True:
            first = self.last.get(partition, 0) + 1
            numbers = range(first, first + step)
            keys = [store.layout.claim(self.run.run, partition, number) for number in numbers]
            bodies = await asyncio.gather(*(store.documents.get(key) for key in keys))
            for number, body in zip(numbers, bodies, strict=True):
                # claims have no holes: behind the first that is not there, there is none
                if body is None:
                    return
                self._add(body, partition, number)
            step = ASK_AT_ONCE

    def _add(self, body: bytes, partition: int, number: int) -> None:
        claim = read_claim(body, self.run, partition, number)
        for file in claim.files:
            self.records[file.dataset] = self.records.get(file.dataset, 0) + file.records
            if file.dataset == SPLIT_DATASET:
                self.splits[file.split] = self.splits.get(file.split, 0) + file.records
            self.files += 1
            self.size_bytes += file.bytes
        self.raw_done[partition] = claim.raw_next
        self.last[partition] = number


def open_tally(state: Path, output: str, run: Run) -> Tally:
    """The tally that this machine remembers of the run, or an empty one."""
    tally = Tally(run)
    try:
        found = orjson.loads(_path(state, run).read_bytes())
        if found.pop("of") == _identity(output, run):
            tally.last = _by_number(found["last"])
            tally.raw_done = _by_number(found["raw_done"])
            tally.records, tally.splits = dict(found["records"]), dict(found["splits"])
            tally.files, tally.size_bytes = int(found["files"]), int(found["size_bytes"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # only a shortcut: without it all claims are read again
        return Tally(run)
    return tally


def keep_tally(state: Path, output: str, tally: Tally) -> None:
    """Remember it. A death in between leaves the old one."""
    path = _path(state, tally.run)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {
        "of": _identity(output, tally.run),
        "last": {str(p): n for p, n in tally.last.items()},
        "raw_done": {str(p): n for p, n in tally.raw_done.items()},
        "records": tally.records,
        "splits": tally.splits,
        "files": tally.files,
        "size_bytes": tally.size_bytes,
    }
    arriving = path.with_suffix(".arriving")
    arriving.write_bytes(orjson.dumps(body))
    arriving.replace(path)


async def tally_of(store: RunStore, state: Path, output: str, run: Run) -> Tally:
    """What the run has committed until now."""
    tally = open_tally(state, output, run)
    await tally.advance(store)
    keep_tally(state, output, tally)
    return tally


def _path(state: Path, run: Run) -> Path:
    return state / "progress" / f"{run.run}.json"


def _identity(output: str, run: Run) -> list[str]:
    # a run of the same name that was deleted and made anew is another one
    return [output, run.run, run.cluster_id, str(run.epoch), run.created_at_utc]


def _by_number(found: Mapping[str, int]) -> dict[int, int]:
    return {int(number): int(value) for number, value in found.items()}
