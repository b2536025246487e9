"""What is known of an object: its version, its state, and where reading on starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Every state of an object version. The last five are final."""

    FOUND = "found"
    READING = "reading"
    COMPLETE = "complete"
    DAMAGED = "damaged"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    GONE = "gone"


FINAL = frozenset({State.COMPLETE, State.DAMAGED, State.REFUSED, State.SUPERSEDED, State.GONE})


# Finished versions that no longer stand in their bucket.
ABSENT = frozenset({State.SUPERSEDED, State.GONE})


class ObjectReason(StrEnum):
    """Why an object version is in its state. A new one is a row here, never a text made up elsewhere."""

    NONE = ""
    # refused: it holds no records that we could read
    EMPTY = "empty"
    UNKNOWN_CONTAINER = "unknown_container"
    ARCHIVED = "archived"
    OWN_OUTPUT = "own_output"
    EXPANSION = "expansion"  # far more plain bytes than stored ones: a bomb
    TOO_MANY_MEMBERS = "too_many_members"
    TOO_DEEP = "too_deep"  # archives or compressions within others
    # refused, or damaged where something stood before it: a member of an archive
    ENCRYPTED = "encrypted"
    MEMBER_TOO_LARGE = "member_too_large"  # one that must be held whole to be read
    # damaged: what stands before the position was read
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TRAILING_BYTES = "trailing_bytes"
    READER_ERROR = "reader_error"
    # found, and stays so: tried again at each sweep
    DENIED = "denied"


# Damage of these kinds says that the object is no data, not that data is broken.
REFUSALS = frozenset({ObjectReason.EXPANSION, ObjectReason.TOO_DEEP, ObjectReason.TOO_MANY_MEMBERS})


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, as a HEAD settled it.

    `version` is the version id where the bucket has versions, else `<etag>@<last modified, seconds>`: the
    same bytes can come back under a key. It is empty while no HEAD was allowed to settle it.
    """

    bucket: str
    key: str
    version: str
    version_id: str
    etag: str
    modified_seconds: int
    size_bytes: int

    @property
    def place(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Position:
    """All that reading on needs: behind `byte` of the decompressed object stands record number `record`.

    `carry` is JSON that only the container understands (a CSV's header and delimiter). `compression` names
    two with a plus where one is around the other. `encoding` is empty for UTF-8.
    """

    compression: str
    container: str
    byte: int
    record: int
    carry: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = ""

    def row(self) -> list[Any]:
        """As JSON; `Position(*row)` reads it."""
        return [self.compression, self.container, self.byte, self.record, self.carry, self.encoding]


@dataclass(frozen=True, slots=True)
class Ending:
    """How reading a version ended. `at_byte` says where damage begins, in the decompressed object."""

    state: State
    reason: ObjectReason = ObjectReason.NONE
    at_byte: int | None = None
    successor: ObjectVersion | None = None
    detail: str = ""
