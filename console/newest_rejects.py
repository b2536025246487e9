"""What became of the newest records of the live run, by source: read from the files that it claimed last."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import orjson
from isal import igzip

from agents.claims import get_claim, last_claim
from clients.errors import Fatal, RetryLater
from clients.runs import RunStore, run_store
from clients.s3 import s3_client
from console.progress import open_tally
from streams.runs import Run
from streams.settings import Settings

NEWEST_FILES = 20
S3_SECONDS = 30.0
_MOST_BYTES = 64 << 20  # of those files: so much is read in a few seconds


@dataclass(frozen=True, slots=True)
class Rejects:
    """Records among the newest that the live run claimed, by source; `rejected` counts by source and reason."""

    records: Counter[str]
    rejected: Counter[tuple[str, str]]
    files: int

    def share(self, source: str) -> float | None:
        whole = self.records[source]
        return None if not whole else sum(n for (s, _), n in self.rejected.items() if s == source) / whole


async def live_rejects(settings: Settings) -> tuple[Rejects | None, str]:
    """What became of the newest records of the live run; None, and why, where there is none or S3 is away."""
    try:
        async with asyncio.timeout(S3_SECONDS), s3_client(settings) as client:
            store = run_store(client, settings)
            current = await store.current()
            run = None if current is None else await store.get(current.run)
            if run is None:
                return None, "there is no run yet"
            return await newest_rejects(settings, store, run), ""
    except TimeoutError:
        return None, f"S3 did not answer within {S3_SECONDS:.0f} s"
    except (RetryLater, Fatal) as error:
        return None, str(error)


async def newest_rejects(settings: Settings, store: RunStore, run: Run) -> Rejects:
    """Count the rows of the newest NEWEST_FILES files of `outcomes`, taking the partitions in turn.

    A file that its claim names and that is not there yet is passed over: its claim was made a moment ago.
    """
    hints = open_tally(Path(settings.state), settings.output, run).last
    last = await asyncio.gather(
        *(
            last_claim(store.documents, store.layout, run, partition, hints.get(partition, 0))
            for partition in range(run.partitions)
        )
    )
    at = {partition: claim for partition, claim in enumerate(last) if claim is not None}
    records: Counter[str] = Counter()
    rejected: Counter[tuple[str, str]] = Counter()
    files = read_bytes = 0
    while at and files < NEWEST_FILES and read_bytes < _MOST_BYTES:
        # a claim of each partition in turn, the newest first
        for partition, claim in sorted(at.items()):
            for file in claim.files:
                if file.dataset == "outcomes" and files < NEWEST_FILES:
                    body = await store.documents.get(store.layout.run(run.run) + file.key)
                    if body is not None:
                        files += 1
                        read_bytes += len(body)
                        _count_rows(body, records, rejected)
            if claim.number == 1:
                del at[partition]
            else:
                at[partition] = await get_claim(
                    store.documents, store.layout, run, partition, claim.number - 1
                )
    return Rejects(records, rejected, files)


def _count_rows(body: bytes, records: Counter[str], rejected: Counter[tuple[str, str]]) -> None:
    for line in igzip.GzipFile(fileobj=BytesIO(body)):  # type: ignore[no-untyped-call]
        row = orjson.loads(line)
        records[row["source"]] += 1
        if row["outcome"] == "rejected":
            rejected[row["source"], row["reason"]] += 1
