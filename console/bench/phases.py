"""The phases of a bench: each agent alone with its topic already full, then all of them at once."""

import asyncio
from collections.abc import Callable

from clients.errors import Fatal
from clients.runs import RunStore, run_store
from clients.s3 import S3Client
from clients.topics import create_topics, intake_topics
from console.bench.field import Field
from console.bench.figures import WHOLE, Phase
from console.drain import Drain
from console.lag import agents_of, lag
from console.ledger_counts import read_objects
from console.local.stack import Stack
from console.parts import INGEST, ingest_part, run_parts
from console.progress import Tally
from console.run_command import live_run
from streams.runs import Run
from streams.settings import Settings
from streams.topology import SINK

Say = Callable[[str], None]
_ASK_SECONDS = 0.5


class Phases:
    """The phases over one set of servers. Raises Fatal where records are missing or a process ends early."""

    def __init__(self, stack: Stack, client: S3Client, say: Say) -> None:
        self._stack = stack
        self._client = client
        self._say = say

    async def fetch(self, settings: Settings, name: str, records: int) -> Phase:
        """Ingest alone, once over its source; counted from the moment at which it owns its lanes."""
        await create_topics(settings, intake_topics(settings))
        field = Field(settings, self._stack)
        try:
            await field.start([ingest_part(once=True)])
            await field.until(lambda: field.has_told(INGEST, "intake ended"))
            field.end()
            await field.gone(INGEST)
        finally:
            await field.stop()
        await self._check_ledger(settings, records)
        return field.phase(name, records)

    async def refine(self, settings: Settings, records: int) -> tuple[Phase, Run]:
        """The agents before the sink, over the `raw` that `fetch` has filled, until all is acknowledged."""
        run = await live_run(settings, self._store(settings), self._say)
        field = Field(settings, self._stack)
        try:
            await field.start([part for part in run_parts(settings, run.run) if part.kind != SINK.name])
            for agent in agents_of(settings)[:-1]:

                async def is_done(agent: object = agent) -> bool:
                    return (await lag(settings, run, agent)).behind == 0  # type: ignore[arg-type]

                await field.ask(is_done, _ASK_SECONDS)
            field.end()
        finally:
            await field.stop()
        return field.phase("refine", records), run

    async def sink(self, settings: Settings, run: Run, records: int) -> Phase:
        """The sinks alone, over the `decided` that refine has filled, until the last claim is acknowledged."""
        store = self._store(settings)
        field = Field(settings, self._stack)
        try:
            await field.start([part for part in run_parts(settings, run.run) if part.kind == SINK.name])
            drain = asyncio.create_task(Drain(settings, run, field.supervisor).to_the_end())
            await field.until(drain.done)
            drain.result()
            field.end()
        finally:
            await field.stop()
        tally = Tally(run)
        await tally.advance(store)
        _check_tally(tally, records)
        return field.phase("sink", records)

    async def whole(self, settings: Settings, records: int) -> tuple[Phase, Tally]:
        """All at once, S3 to S3. The clock runs from the moment at which all processes are ready (the agents
        have joined their groups, ingest owns its lanes and has not listed yet) until every record is claimed.
        """
        await create_topics(settings, intake_topics(settings))
        store = self._store(settings)
        run = await live_run(settings, store, self._say)
        tally = Tally(run)
        field = Field(settings, self._stack)

        async def is_claimed() -> bool:
            await tally.advance(store)
            return tally.committed >= records

        try:
            await field.start(run_parts(settings, run.run))
            await field.start([ingest_part(once=True)])
            # the agents' idle time while ingest started is no work
            field.ours.reset()
            await field.until(lambda: field.supervisor.done_code(INGEST) is not None)
            drain = asyncio.create_task(Drain(settings, run, field.supervisor).to_the_end())
            try:
                await field.ask(is_claimed, _ASK_SECONDS)
                field.end()
                # the files of the last claim are written now
                await drain
            finally:
                drain.cancel()
        finally:
            await field.stop()
        await tally.advance(store)
        _check_tally(tally, records)
        await self._check_ledger(settings, records)
        return field.phase(WHOLE, records), tally

    def _store(self, settings: Settings) -> RunStore:
        return run_store(self._client, settings)

    async def _check_ledger(self, settings: Settings, records: int) -> None:
        counts = await read_objects(settings)
        found = 0 if counts is None else counts.records
        if found != records:
            raise Fatal(f"bench: {records:,} records were put, the ledger has {found:,}")


def _check_tally(tally: Tally, records: int) -> None:
    if tally.committed != records or not tally.law_holds():
        raise Fatal(f"bench: {records:,} records went in, {tally.committed:,} came out: {tally.outcomes()}")
