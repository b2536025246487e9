"""Refine inside Faust: begins at the group's offsets, sends to the next topic."""

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from faust.types import TP, EventT

from agents.app import ForebayApp
from agents.dedup import Dedup
from agents.opened import Opened
from agents.refine import Refine
from agents.suspects import Marks
from agents.transport import SafeConsumer
from clients import kafka
from clients.backlog import Gate, backlog_bytes
from clients.catalogue import read_catalogue
from clients.errors import Fatal
from clients.pack_cache import open_pack
from clients.waiting import until_answered
from streams.chain import before_dedup, receive, warm_up
from streams.rules.model import Pack
from streams.steps.kept import persons
from streams.topology import PRESETS, SINK, Agent


@dataclass(frozen=True, slots=True)
class Rules:
    """A run's pack, as its steps read it and as its files hold it."""

    pack: Pack
    files: dict[str, bytes]


async def open_rules(opened: Opened, row: Agent) -> Rules:
    """The pack that the run keeps, with all that the row's steps need at hand. Raises Fatal when it is not the one that the run was made with."""
    files = await until_answered("s3", lambda: opened.store.pack_files(opened.run.run))
    pack = open_pack(files, Path(opened.settings.state))
    if pack.digest != opened.run.pack_digest:
        raise Fatal(
            f"the pack that run {opened.run.run} keeps in S3 is not the one it was made with: restore it"
        )
    warm_up(before_dedup(row.steps), pack)
    return Rules(pack, files)


class RefineWorker:
    """Refine inside Faust: begins at the group's offsets."""

    def __init__(self, opened: Opened, row: Agent, rules: Rules) -> None:
        settings, names, run = opened.settings, opened.names, opened.run
        policy = rules.pack.policy
        self._opened = opened
        self._topic: Any = None
        self._app: ForebayApp | None = None
        self._topic_name = run.raw_topic if row.reads == "raw" else names.stage(row.reads, run.run)
        following = {agent.reads: agent.name for agent in (*PRESETS[settings.topology], SINK)}
        self._target = names.stage(row.writes, run.run)
        group = names.agent_group(following[row.writes], run.run)
        self._gate = Gate(
            row.name,
            settings.decided_backlog_bytes,
            lambda: backlog_bytes(settings, group, self._target, run.partitions),
        )
        self._refine = Refine(
            row,
            run,
            rules.pack,
            rules.files,
            Dedup(opened.redis, names, run, policy.near_bands, policy.near_agreeing),
            Marks(opened.redis, names, run.run, row.name),
            self._gate,
            partial(
                receive,
                origin_of=read_catalogue(settings).origin_of,
                person_of=persons(settings.person_key.get_secret_value().encode()),
            ),
            self._send,
            window=settings.window,
            suspect_seconds=settings.suspect_seconds,
            step_error_share=settings.step_error_share,
        )

    def attached(self, app: ForebayApp) -> None:
        self._app = app
        self._topic = app.topic(self._target, value_type=bytes, key_type=bytes)

    async def _send(self, value: bytes, headers: list[tuple[str, bytes]], partition: int) -> Awaitable[Any]:
        sent: Awaitable[Any] = await self._topic.send(value=value, headers=headers, partition=partition)
        return sent

    async def begin_at(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]:
        """The group's offsets. Raises Fatal where one is missing or no longer in the log: never a silent skip."""
        settings, run = self._opened.settings, self._opened.run
        group = self._opened.names.agent_group(self._refine.name, run.run)
        # asked of the group itself: Faust gives a committed 0 as none, and no notes
        points = await kafka.resume_points(settings, group, self._topic_name, run.partitions)
        span = await kafka.extent(settings, self._topic_name, run.partitions)
        found: dict[TP, int] = {}
        delivered: dict[TP, int] = {}
        for tp in committed:
            point = points[tp.partition]
            if point is None:
                raise Fatal(
                    f"no start offset of {tp.topic} partition {tp.partition} for run {run.run}: start it by `forebay run`"
                )
            if not span.starts[tp.partition] <= point.offset <= span.ends[tp.partition]:
                raise Fatal(
                    f"{tp.topic} partition {tp.partition} holds {span.starts[tp.partition]} to "
                    f"{span.ends[tp.partition]}, the group stands at {point.offset}: retention has passed it or Kafka "
                    "was made anew"
                )
            found[tp] = point.offset
            delivered[tp] = int(point.note) if point.note else point.offset
        if self._app is not None:
            cast(SafeConsumer, self._app.consumer).delivered_to = dict(delivered)
        self._refine.begin(found, delivered)
        return found

    async def revoked(self) -> None:
        self._refine.begin({}, {})

    async def receive(self, event: EventT[Any]) -> None:
        await self._refine.receive(event)

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        return [self._refine.finish(), self._refine.acknowledge(), self._gate.watch()]

    def progress(self) -> tuple[bool, int]:
        refine = self._refine
        return refine.in_flight > 0 and self._gate.is_open and not refine.is_apart, refine.done

    def is_hungry(self) -> bool:
        """Whether it holds nothing and would take what comes."""
        return self._refine.in_flight == 0 and self._gate.is_open and not self._refine.is_apart

    async def finish(self) -> None:
        """What is in flight is delivered and acknowledged; nothing new is taken."""
        while self._refine.in_flight:  # noqa: ASYNC110 - it ends with the process a moment later
            await asyncio.sleep(0.02)
