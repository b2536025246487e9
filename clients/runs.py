"""The runs in S3: `run.json` of each, the pack that it keeps, and `CURRENT.json` that names the live one."""

from dataclasses import dataclass

from clients.errors import Fatal
from clients.packs import run_pack_files, store_pack
from clients.s3 import Documents, Put, S3Client
from streams.names import Layout, Names
from streams.runs import BEHAVIOUR, Current, Run, read_current, read_run
from streams.settings import Settings, split_url


@dataclass(frozen=True, slots=True)
class RunStore:
    """The runs below one output prefix."""

    documents: Documents
    layout: Layout

    async def current(self) -> Current | None:
        """The live run; None before the first one."""
        body = await self.documents.get(self.layout.current)
        return None if body is None else read_current(body)

    async def get(self, run: str) -> Run | None:
        body = await self.documents.get(self.layout.run_json(run))
        return None if body is None else read_run(body)

    async def all(self) -> list[Run]:
        """Every run that has a `run.json`, the oldest first."""
        found = []
        for name in await self.documents.folders(self.layout.runs):
            run = await self.get(name)
            if run is not None:
                found.append(run)
        return sorted(found, key=lambda run: (run.created_at_utc, run.run))

    async def create(self, run: Run, files: dict[str, bytes]) -> Run:
        """Write the pack, then `run.json`; a run that is there already is returned as it is.

        `run.json` comes last and only where none is: a death before it leaves no run, only pack files
        that the next try writes again with the same bytes.
        """
        await store_pack(self.documents, self.layout, run.run, files)
        if (
            await self.documents.put_if(self.layout.run_json(run.run), run.to_json(), matches="nothing")
            is Put.WRITTEN
        ):
            return run
        known = await self.get(run.run)
        if known is None:
            raise Fatal(f"run {run.run} vanished while it was made")
        return known

    async def pack_files(self, run: str) -> dict[str, bytes]:
        return await run_pack_files(self.documents, self.layout, run)

    async def promote(self, run: str, at_utc: str) -> Current:
        """Make `run` the live one. Raises Fatal when someone else flipped CURRENT.json meanwhile."""
        found = await self.documents.get_with_etag(self.layout.current)
        before = None if found is None else read_current(found[0])
        if before is not None and before.run == run:
            return before
        current = Current(run, None if before is None else before.run, at_utc)
        condition = "nothing" if found is None else found[1]
        if (
            await self.documents.put_if(self.layout.current, current.to_json(), matches=condition)
            is Put.TAKEN
        ):
            # a lost response looks the same as a lost race: read to know
            now = await self.current()
            if now is None or now.run != run:
                raise Fatal(
                    "CURRENT.json was changed by someone else meanwhile: look at `forebay runs` and try again"
                )
            return now
        return current


def run_store(client: S3Client, settings: Settings) -> RunStore:
    bucket, prefix = split_url(settings.output)
    return RunStore(Documents(client, bucket, settings), Layout(prefix))


def check_settings(run: Run, settings: Settings) -> None:
    """Raises Fatal when the settings would serve the run otherwise than it began."""
    if run.raw_topic != Names(settings.namespace).raw:
        raise Fatal(
            f"run {run.run} below {settings.output} reads {run.raw_topic}: it belongs to another namespace than "
            f"{settings.namespace}; give each namespace an output of its own (FOREBAY_OUTPUT)"
        )
    if run.topology != settings.topology:
        raise Fatal(
            f"run {run.run} was made {run.topology}, the settings say {settings.topology}: its offsets belong to other "
            f"agents; set FOREBAY_TOPOLOGY={run.topology}, or replay a pack of another version beside it"
        )


def check_behaviour(run: Run) -> None:
    """Raises Fatal when this code would decide otherwise than the run began."""
    if run.behaviour != BEHAVIOUR:
        raise Fatal(
            f"run {run.run} was made by behaviour {run.behaviour}, this Forebay has {BEHAVIOUR}: serve it with its own "
            "release, or start a new run beside it with `forebay replay`"
        )
