"""Runs a chunk that ended a worker twice apart: record by record in a child, which may die instead.

Only the record that ends the child is held as `poison`; the child's results are the chunk's.
"""

import multiprocessing
import resource
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from redis.asyncio import Redis

from streams.chain import Desk, run_steps
from streams.names import Names
from streams.records import Failure, Record
from streams.rules.pack import read_pack

CHILD_MEMORY_BYTES = 4 << 30
START_SECONDS = 60.0
MARK_SECONDS = 7 * 86_400
SUSPECT_MARKS = 2


class Marks:
    """Counts in Redis how often a chunk was begun and not ended: a mark that stays is a death."""

    def __init__(self, redis: Redis, names: Names, run: str, agent: str) -> None:
        self._redis = redis
        self._prefix = names.redis(run, f"begun:{agent}")

    async def mark(self, partition: int, offset: int) -> bool:
        """Mark the chunk as begun. True when it was begun twice before and ended neither time."""
        key = f"{self._prefix}:{partition}:{offset}"
        begun = await self._redis.incr(key)
        await self._redis.expire(key, MARK_SECONDS)
        return int(begun) > SUSPECT_MARKS

    async def unmark(self, partition: int, offset: int) -> None:
        await self._redis.delete(f"{self._prefix}:{partition}:{offset}")


def run_apart(
    records: Sequence[Record],
    steps: Sequence[str],
    pack_files: Mapping[str, bytes],
    database: bytes,
    seconds: float,
) -> list[Record]:
    """The records after `steps`, run in children of this process. Blocks: call it in a thread.

    A record that kills the child or takes longer than `seconds` comes back with the failure `poison` and
    no facts; the others as the steps left them. If this process dies meanwhile, the child ends at its
    closed pipe or its processor limit, and the chunk comes again.
    """
    done: list[Record] = []
    context = multiprocessing.get_context("spawn")
    while len(done) < len(records):
        rest = list(records[len(done) :])
        ours, theirs = context.Pipe()
        child = context.Process(
            target=_child, args=(theirs, rest, tuple(steps), dict(pack_files), database, seconds), daemon=True
        )
        child.start()
        theirs.close()
        patience = START_SECONDS
        try:
            # end of file: the child is dead, and the record it was at is the poison
            with suppress(EOFError):
                while len(done) < len(records) and ours.poll(patience):
                    done.append(ours.recv())
                    patience = seconds
        finally:
            child.kill()
            child.join()
            ours.close()
        if len(done) < len(records):
            victim = records[len(done)]
            done.append(Record(victim.source, victim.origin, failure=Failure("poison", "ended its process")))
    return done


def _child(
    pipe: Connection,
    records: list[Record],
    steps: tuple[str, ...],
    pack_files: dict[str, bytes],
    database: bytes,
    seconds: float,
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY_BYTES, CHILD_MEMORY_BYTES))
    spent = int(seconds * (len(records) + 1) + START_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (spent, spent))
    pack = read_pack(pack_files, database)
    for record in records:
        run_steps([Desk(record)], steps, pack, observe=lambda step, took: None, clock=time.perf_counter)
        pipe.send(record)
    pipe.close()
