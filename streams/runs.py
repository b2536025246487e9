"""A run: one rule pack, one behaviour of the code, and what both have made of the topics."""

from dataclasses import asdict, dataclass

import orjson

# Raise when code changes what any record becomes; a golden digest in the tests fails when it was not.
BEHAVIOUR = 8


def run_id(pack_version: str, pack_digest: str, behaviour: int = BEHAVIOUR) -> str:
    """The run's name: `2026.11.1-ab12cd34-b1`. Safe in topic names, Redis keys and S3 keys."""
    return f"{pack_version}-{pack_digest[:8]}-b{behaviour}"


@dataclass(frozen=True, slots=True)
class Run:
    """What `run.json` pins. `start_offsets` are those of `raw` by partition (index = partition)."""

    run: str
    pack_version: str
    pack_digest: str
    behaviour: int
    cluster_id: str
    epoch: int
    raw_topic: str
    start_offsets: tuple[int, ...]
    expected_records: int
    max_false_drops: float
    created_at_utc: str
    topology: str = "fused"

    @property
    def partitions(self) -> int:
        return len(self.start_offsets)

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)


def read_run(data: bytes) -> Run:
    """The run in a `run.json`. Raises ValueError or TypeError where it is not one."""
    fields = orjson.loads(data)
    fields["start_offsets"] = tuple(fields["start_offsets"])
    return Run(**fields)


@dataclass(frozen=True, slots=True)
class Current:
    """What `CURRENT.json` says: the run that readers should read, and the one before it."""

    run: str
    previous: str | None
    promoted_at_utc: str

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)


def read_current(data: bytes) -> Current:
    return Current(**orjson.loads(data))
