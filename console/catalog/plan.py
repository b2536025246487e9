"""`forebay plan`: what reading a place would take: hours, Kafka's disk, Redis' memory, S3 requests."""

import math
from dataclasses import dataclass
from typing import Any

from agents.dedup import sizing
from console.catalog import prices
from console.catalog.look import Seen
from streams.names import DATASETS
from streams.outcomes import Split
from streams.rules.policy import Policy
from streams.settings import Settings

# What `decided` holds of a record beside its raw bytes: facts, and its row of `outcomes`. Measured on the bench's
# corpus: 1,471 bytes at records of 1.2 kB, 1,594 at 4.3 kB; real files of short records had up to 1,540.
DECIDED_ADDED_BYTES = 1600
# ISA-L level 1 presses the output to at most 38 % (agents/files.py).
PRESSED_SHARE = 0.38
# What the filters take beyond their size: shards are made a twentieth larger, for they fill unevenly.
SHARD_ROOM = 1.05
# A file of each dataset, three of kept: the most that a cut writes.
_CUT_FILES = len(DATASETS) + len(Split) - 1
_HEADROOM = 1.2


@dataclass(frozen=True, slots=True)
class Requests:
    """S3 requests of one kind: how many, why, and what they cost in USD."""

    what: str
    calls: int
    usd: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The figures for reading a place once. Bytes are those on all of Kafka's replicas, before compression."""

    records: int
    is_exact: bool
    objects: int
    record_bytes: float
    rate: float
    seconds: float
    raw_bytes: int
    raw_is_cut: bool
    decided_bytes: int
    filter_bytes: int
    set_filter_bytes: int
    expected_records: int
    wanted_records: int
    claims: int
    requests: tuple[Requests, ...]
    sweep_usd_a_day: float

    @property
    def fits(self) -> bool:
        """True where a new run's filters, as the settings have them, hold all of these records."""
        return self.records <= self.expected_records

    @property
    def usd(self) -> float:
        return sum(row.usd for row in self.requests)

    def to_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "is_exact": self.is_exact,
            "objects": self.objects,
            "raw_bytes_of_a_record": round(self.record_bytes),
            "records_per_second": self.rate,
            "hours": self.seconds / 3600,
            "kafka_raw_bytes": self.raw_bytes,
            "kafka_raw_is_cut_by_retention": self.raw_is_cut,
            "kafka_decided_bytes": self.decided_bytes,
            "redis_filter_bytes": self.filter_bytes,
            "redis_filter_bytes_as_set": self.set_filter_bytes,
            "expected_records": self.expected_records,
            "expected_records_fits": self.fits,
            "expected_records_wanted": self.wanted_records,
            "claims": self.claims,
            "requests": [{"what": r.what, "calls": r.calls, "usd": r.usd} for r in self.requests],
            "usd": self.usd,
            "sweeps_usd_a_day": self.sweep_usd_a_day,
            "prices": prices.WHERE,
        }


def make_plan(seen: Seen, settings: Settings, rate: float) -> Plan:
    """The plan for a place that was looked at, at so many records a second. `rate` must be above 0."""
    found = seen.estimate
    records = found.records
    record_bytes = found.raw_bytes / records if records else 0.0
    seconds = records / rate
    raw_bytes, raw_is_cut = _kept(
        found.raw_bytes, record_bytes * rate, settings.raw_retention_days, settings.raw_retention_bytes
    )
    decided = record_bytes + DECIDED_ADDED_BYTES
    decided_bytes, _ = _kept(round(records * decided), decided * rate, settings.decided_retention_days, 0)
    claims = _claims(settings, records, seconds, decided)
    sweeps = max(1, math.ceil(seconds / settings.sweep_seconds))
    lists = prices.list_calls(seen.objects) * sweeps
    puts = claims * (1 + _CUT_FILES)
    return Plan(
        records=records,
        is_exact=found.is_exact,
        objects=seen.objects,
        record_bytes=record_bytes,
        rate=rate,
        seconds=seconds,
        raw_bytes=raw_bytes * settings.kafka_replication,
        raw_is_cut=raw_is_cut,
        decided_bytes=decided_bytes * settings.kafka_replication,
        filter_bytes=_filters(records, settings, seen.policy),
        set_filter_bytes=_filters(settings.expected_records, settings, seen.policy),
        expected_records=settings.expected_records,
        wanted_records=_with_headroom(records),
        claims=claims,
        requests=(
            Requests("HEAD and GET, one each an object", 2 * seen.objects, prices.get_or_head_usd(2 * seen.objects)),
            Requests(f"LIST, {sweeps:,} {'sweep' if sweeps == 1 else 'sweeps'} meanwhile", lists, prices.put_or_list_usd(lists)),
            Requests(f"PUT, {claims:,} claims with up to {_CUT_FILES} files each", puts, prices.put_or_list_usd(puts)),
        ),
        sweep_usd_a_day=prices.put_or_list_usd(
            prices.list_calls_a_day(seen.objects, settings.sweep_seconds)
        ),
    )  # fmt: skip


def _kept(whole: int, bytes_a_second: float, days: float, cap_bytes: int) -> tuple[int, bool]:
    """What a topic holds at most at one time, of so many bytes that pass through it, and whether that is less."""
    held = min(whole, round(bytes_a_second * days * prices.DAY_SECONDS))
    if cap_bytes:
        held = min(held, cap_bytes)
    return held, held < whole


def _filters(records: int, settings: Settings, policy: Policy) -> int:
    size = sizing(max(records, 1000), settings.max_false_drops, policy.near_bands, policy.near_agreeing)
    return math.ceil(size.size_bytes * SHARD_ROOM)


def _with_headroom(records: int) -> int:
    """A fifth more, in two figures: what a person would set."""
    wanted = max(1000, math.ceil(records * _HEADROOM))
    step: int = 10 ** (len(str(wanted)) - 2)
    return math.ceil(wanted / step) * step


def _claims(settings: Settings, records: int, seconds: float, decided_record_bytes: float) -> int:
    """Claims of all partitions: each cuts when it is old enough or large enough, whichever comes first."""
    if not records:
        return 0
    a_partition = settings.partitions / settings.sinks
    cut_bytes = min(settings.cut_bytes, settings.buffers_bytes / a_partition)
    pressed = records * decided_record_bytes * PRESSED_SHARE
    by_size = math.ceil(pressed / cut_bytes)
    by_age = settings.partitions * math.ceil(seconds / settings.cut_seconds)
    return max(by_size, by_age)
