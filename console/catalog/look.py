"""Looks at a place: lists all of it, reads a few objects of each folder, and puts together what they show."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from aiokafka.errors import KafkaError

from clients.errors import Fatal, RetryLater
from clients.packs import pack_files
from console.catalog.estimating import Estimate, estimate, records_of
from console.catalog.fields import OneSided, Unfit, grouped, one_sided
from console.catalog.listing import Folder, Listed, folder_of, rolled_up
from console.catalog.places import Asked, KnownRecords, Place, open_place
from console.catalog.sampling import Sampled, sample
from console.drops_read import is_s3
from console.ledger_counts import NoLedger, ledger_rows
from producers.announcements import listing_name
from producers.ledger import read_entry
from producers.limits import Limits, limits_of
from producers.states import State
from streams.rules.fields import SUFFIX, BadPack, Fields, read_yaml
from streams.rules.policy import Policy, read_policy
from streams.settings import Settings, split_url

_AT_ONCE = 4
LEDGER_SECONDS = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder, what was looked into, and how many records it probably holds."""

    folder: Folder
    samples: list[Sampled]
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Seen:
    """What a place holds, by folder. `ledger` is true where the ledger could be asked."""

    place: str
    folders: list[FolderSeen]
    all_folders: int
    unfit: list[Unfit]
    one_sided: list[OneSided]
    asked: Asked
    ledger: bool
    policy: Policy

    @property
    def objects(self) -> int:
        return sum(seen.folder.objects for seen in self.folders)

    @property
    def size_bytes(self) -> int:
        return sum(seen.folder.size_bytes for seen in self.folders)

    @property
    def estimate(self) -> Estimate:
        parts = [seen.estimate for seen in self.folders]
        return Estimate(
            sum(part.records for part in parts),
            all(part.is_exact for part in parts),
            sum(part.raw_bytes for part in parts),
        )

    @property
    def samples(self) -> list[Sampled]:
        return [sampled for seen in self.folders for sampled in seen.samples]


async def look_at(settings: Settings, place: str, samples: int, say: Say = lambda _: None) -> Seen:
    """Look at a local folder or an S3 prefix. `say` is told how far it is; nothing is written anywhere.

    Raises Fatal where there is nothing, RetryLater where S3 does not answer. Without Kafka only the true
    numbers of objects that were read before are missing.
    """
    policy = policy_of(pack_files(settings.rules))
    known = await known_records(settings, place) if is_s3(place) else None
    async with open_place(settings, place) as opened:
        folders: dict[str, Folder] = {}
        listed = 0
        async for item, is_archived in opened.keys(known or {}):
            name = folder_of(item.key)
            if name not in folders:
                folders[name] = Folder(name)
            folders[name].add(item, is_archived=is_archived)
            listed += 1
            if listed % 10_000 == 0:
                say(f"{listed:,} keys listed …")
        if not listed:
            raise Fatal(f"{place}: there is no object" + _own(opened.asked))
        found = await _sampled(opened, rolled_up(folders.values()), samples, settings, policy, say)
    files = [(one.key, one.sides) for seen in found for one in seen.samples]
    unfit = [(opened.name + one.key, one.unfit) for seen in found for one in seen.samples]
    return Seen(
        opened.name,
        found,
        len(folders),
        grouped(unfit),
        one_sided(files),
        opened.asked,
        known is not None,
        policy,
    )


def _own(asked: Asked) -> str:
    return " but Forebay's own output, which is never read" if asked.own_output else ""


async def _sampled(
    place: Place, folders: list[Folder], samples: int, settings: Settings, policy: Policy, say: Say
) -> list[FolderSeen]:
    limits = limits_of(settings)
    chosen = [(folder, item) for folder in folders for item in folder.chosen(samples)]
    turns = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def look(item: Listed) -> Sampled:
        nonlocal done
        async with turns:
            into = Sampled(item.key, item.size_bytes, item.known_records)
            ending = await place.look(
                item.key, partial(_look, into=into, limits=limits, json_depth=policy.json_depth)
            )
            if ending is not None:
                into.end(ending)
            done += 1
            say(f"{done:,} of {len(chosen):,} samples read …")
            return into

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [(folder.name, group.create_task(look(item))) for folder, item in chosen]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None  # one server is away for all of them
    by_folder: dict[str, list[Sampled]] = {}
    for name, task in tasks:
        by_folder.setdefault(name, []).append(task.result())
    return [
        FolderSeen(folder, by_folder.get(folder.name, []), estimate(folder, by_folder.get(folder.name, [])))
        for folder in folders
    ]


def _look(stored: BinaryIO, into: Sampled, limits: Limits, json_depth: int) -> None:
    sample(stored, into, limits, json_depth)
    into.estimate = records_of(into, stored)


async def known_records(settings: Settings, place: str) -> KnownRecords | None:
    """What the ledger says of the versions below an S3 prefix that were read to their end; None where it cannot
    be asked within LEDGER_SECONDS: it is worth a moment, not a wait."""
    bucket, prefix = split_url(place)
    found: KnownRecords = {}
    with suppress(RetryLater, KafkaError, OSError, TimeoutError, NoLedger):
        async with asyncio.timeout(LEDGER_SECONDS):
            async with aclosing(ledger_rows(settings)) as rows:
                async for key, value in rows:
                    if value is None:
                        continue
                    entry = read_entry(key, value)
                    v = entry.version
                    if v.bucket != bucket or not v.key.startswith(prefix):
                        continue
                    name = listing_name(v.bucket, v.key, v.etag, v.modified_seconds)
                    if entry.state in (State.COMPLETE, State.DAMAGED):
                        found[name] = entry.records
                    else:
                        found.pop(name, None)
        return found
    return None


def policy_of(files: dict[str, bytes]) -> Policy:
    """The policy of a rule pack without compiling its rules, which takes seconds. Raises BadPack."""
    faults: list[str] = []
    for name in sorted(name for name in files if not name.endswith(SUFFIX)):
        try:
            fields = Fields(read_yaml(files[name]), name, faults)
        except ValueError as error:
            raise BadPack([f"{name}: {error}"]) from None
        if fields.text("kind", "") == "policy":
            policy = read_policy(fields)
            if not faults:
                return policy
    raise BadPack(faults or ["kind policy: exactly one file, found 0"])
