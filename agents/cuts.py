"""Cuts the messages of a buffer into files under one claim, exactly once.

The chain of a cut of partition p, number n:
1. Join the held messages into files; names and content follow from the range alone. Dead here: nothing
   was written, the next owner reads the range again.
2. PUT the claim where none is. Dead here: the next owner finds it and finishes it.
   Another's claim is there: same range, go on with 3. Another range: adopt it. Read on to its end if need
   be, then 1 again for exactly its range, then 3.
3. PUT the files, whoever's claim it is: the content is the same. Dead here: as after 2.
4. Dedup answers below the claimed raw offset are forgotten. Dead before: the next cut forgets them.
5. Ack the messages in order. Dead before: they come again and are below the claim.
Only then the next cut of the partition begins. A revoked partition's cut is cancelled wherever it is,
which is the same as dying there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agents.buffer import Buffer, Cut
from agents.claims import Claim, claimed_files, counts, get_claim
from agents.files import BuiltFile, build
from agents.patient_bucket import PatientBucket
from clients.errors import Fatal, RetryLater
from clients.metrics import CLAIM_LATENCY, CLAIMED_RECORDS, CLAIMS, WRITTEN_BYTES
from clients.s3 import Put
from streams.names import Layout
from streams.runs import Run

log = logging.getLogger(__name__)

Forget = Callable[[int, int], Awaitable[None]]

# Bodies on their way at once: each is joined for its PUT only, so they bound what comes on top of buffers.
_PUTS_AT_ONCE = 4
# Below this a thread costs more than it frees.
_THREAD_BYTES = 256 << 10


class Cutter:
    """Runs the chain for one buffer at a time each; different partitions side by side. Raises Fatal only."""

    def __init__(
        self,
        bucket: PatientBucket,
        layout: Layout,
        run: Run,
        writer: str,
        forget: Forget,
        wall: Callable[[], float],
    ) -> None:
        self._bucket = bucket
        self._layout = layout
        self._run = run
        self._writer = writer
        self._forget = forget
        self._wall = wall
        self._puts = asyncio.Semaphore(_PUTS_AT_ONCE)

    async def cut(self, buffer: Buffer) -> None:
        """Cut what the buffer holds, or exactly the claim that it has adopted, and go on behind it.

        Returns early with a claim adopted where that ends behind what is held.
        """
        cut = buffer.cut()
        files = await self._built(cut)
        claim = self._claim(buffer.partition, cut, files)
        standing = buffer.adopted
        if standing is None:
            standing = await self._claimed(claim)
            if not standing.same_range(claim):
                buffer.adopted = standing
                if buffer.can_be_cut:
                    await self.cut(buffer)
                return
        if not standing.agrees(claim):
            raise Fatal(
                f"claim {claim.number} of partition {claim.partition} by {standing.writer} names other lines than the "
                "log holds: two versions of Forebay, or a log that was made anew"
            )
        await asyncio.gather(*(self._write(claim, file) for file in files))
        if standing.writer != self._writer or buffer.adopted is not None:
            CLAIMS.labels("finished" if buffer.is_found_unfinished else "adopted").inc()
        try:
            await self._forget(claim.partition, claim.raw_next)
        except RetryLater as error:
            # the next claim forgets these too: no reason to hold records back
            log.warning(
                "dedup answers are left to the next claim",
                extra={"partition": claim.partition, "reason": str(error)},
            )
        self._done(buffer, cut)

    async def _built(self, cut: Cut) -> tuple[BuiltFile, ...]:
        sections = [message.sections for message in cut.messages]
        if sum(message.size_bytes for message in cut.messages) < _THREAD_BYTES:
            return build(sections)
        return await asyncio.to_thread(build, sections)

    def _claim(self, partition: int, cut: Cut, files: tuple[BuiltFile, ...]) -> Claim:
        claimed = claimed_files(self._layout, self._run, partition, cut.number, files)
        return Claim(
            partition=partition,
            number=cut.number,
            first=cut.first,
            next=cut.next,
            raw_first=cut.raw_first,
            raw_next=cut.raw_next,
            raw_seen=cut.raw_seen,
            files=claimed,
            counts=counts(claimed),
            writer=self._writer,
            run=self._run.run,
            cluster_id=self._run.cluster_id,
            epoch=self._run.epoch,
        )

    async def _claimed(self, claim: Claim) -> Claim:
        """The claim that stands after the race: ours or another's. Raises Fatal where it starts elsewhere."""
        key = self._layout.claim(self._run.run, claim.partition, claim.number)
        standing = claim
        if await self._bucket.put_if(key, claim.to_json(), matches="nothing") is Put.TAKEN:
            standing = await get_claim(self._bucket, self._layout, self._run, claim.partition, claim.number)
        if standing.first != claim.first:
            raise Fatal(
                f"claim {claim.number} of partition {claim.partition} begins at {standing.first}, not at {claim.first}"
            )
        if standing.writer == self._writer and standing.agrees(claim):
            # a lost response of ours looks like a lost race until the claim is read
            CLAIMS.labels("written").inc()
            for dataset, records in claim.counts.items():
                CLAIMED_RECORDS.labels(dataset).inc(records)
        else:
            CLAIMS.labels("lost").inc()
            place = {"partition": claim.partition, "number": claim.number}
            log.info("another holds the claim", extra={**place, "next": standing.next, "ours": claim.next})
        return standing

    async def _write(self, claim: Claim, file: BuiltFile) -> None:
        async with self._puts:
            key = self._layout.file(self._run.run, file.dataset, file.split, claim.partition, claim.number)
            await self._bucket.put(key, file.body(), "application/gzip")
        WRITTEN_BYTES.inc(file.size_bytes)

    def _done(self, buffer: Buffer, cut: Cut) -> None:
        # no await here: a revoke comes before all of it or after all of it
        now = self._wall()
        for message in cut.messages:
            message.ack()
            CLAIM_LATENCY.observe(max(0.0, now - message.timestamp_ms / 1000))
        buffer.drop(cut)
