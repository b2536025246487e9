"""`sources.yaml`: what the owner says of each source: where it lies, what of it is read, what it is worth.

It is no part of a run: each record keeps the facts that were used.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from streams.key_globs import KeyGlobs
from streams.records import Origin
from streams.rules.model import CATEGORY_ORDER
from streams.settings import BucketUrl, split_url

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class Server(BaseModel):
    """How the S3 of a source is reached, where that is not the settings' own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str = Field(default="", description="Endpoint URL, for example https://s3.example.org")
    region: str = Field(default="", description="Region, for example eu-central-1")
    path_style: bool | None = Field(default=None, description="Path-style addresses")
    profile: str = Field(default="", description="Profile of the AWS configuration, for example archive")
    role: str = Field(
        default="", description="Role to assume, for example arn:aws:iam::123456789012:role/reader"
    )

    @property
    def is_own(self) -> bool:
        return self == Server()


class Source(BaseModel):
    """One source: every key below `place` that the globs let through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    place: BucketUrl
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    server: Server = Server()
    events: str = Field(default="", pattern=r"^(https?://.*)?$")
    tier: int | None = Field(default=None, ge=1, le=6)
    licence: str | None = None
    category: str | None = None
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}$")
    stage: int | None = Field(default=None, ge=1, le=4)
    on_change: Literal["replace", "append"] = "replace"
    on_delete: Literal["keep", "retract"] = "keep"
    ready: Literal["at_once", "settle", "marker"] = "at_once"
    settle_seconds: float = Field(default=60, gt=0, le=86_400)
    marker: str = Field(default="_SUCCESS", min_length=1)
    keep_fields: tuple[str, ...] = Field(default=(), max_length=16)
    person: str = ""

    @field_validator("category")
    @classmethod
    def _known_category(cls, value: str | None) -> str | None:
        if value is not None and value not in CATEGORY_ORDER:
            raise ValueError(f"no such category; there are {', '.join(CATEGORY_ORDER)}")
        return value

    @field_validator("include", "exclude")
    @classmethod
    def _readable_globs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        KeyGlobs(value, ())
        return value

    @cached_property
    def bucket(self) -> str:
        return split_url(self.place)[0]

    @cached_property
    def prefix(self) -> str:
        return split_url(self.place)[1]

    @cached_property
    def _globs(self) -> KeyGlobs:
        return KeyGlobs(self.include, self.exclude)

    def holds(self, bucket: str, key: str) -> bool:
        """True for an object of this source. The marker of a multi-file drop is none."""
        if bucket != self.bucket or not key.startswith(self.prefix) or self.marks(bucket, key):
            return False
        return self._globs.let_through(key[len(self.prefix) :])

    def marks(self, bucket: str, key: str) -> bool:
        """True for the marker that ends one of its multi-file drops."""
        return (
            self.ready == "marker"
            and key.rpartition("/")[2] == self.marker
            and bucket == self.bucket
            and key.startswith(self.prefix)
        )

    def origin(self) -> Origin:
        """The facts that its records keep."""
        return Origin(
            self.name,
            self.tier,
            self.licence,
            self.category,
            self.language,
            self.stage,
            self.keep_fields,
            self.person,
        )


def conflicts(sources: Sequence[Source]) -> list[str]:
    """What is wrong between sources that are each right alone."""
    names = Counter(source.name for source in sources)
    faults = [f"two sources are named {name}" for name, count in names.items() if count > 1]
    places = Counter((s.bucket, s.prefix, s.include, s.exclude) for s in sources)
    faults += [
        f"two sources read s3://{b}/{p} with the same globs" for (b, p, *_), n in places.items() if n > 1
    ]
    servers: dict[str, Server] = {}
    for source in sources:
        # an object is known by bucket and key alone
        if servers.setdefault(source.bucket, source.server) != source.server:
            faults.append(f"bucket {source.bucket} is reached in two ways: give its sources one `server`")
    return faults


class Catalogue(BaseModel):
    """All sources. An object belongs to the one with the longest place that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        if faults := conflicts(self.sources):
            raise ValueError("; ".join(faults))
        return self

    @cached_property
    def _longest_first(self) -> tuple[Source, ...]:
        return tuple(sorted(self.sources, key=lambda s: (-len(s.prefix), s.ready != "marker")))

    @cached_property
    def _marker_names(self) -> frozenset[str]:
        return frozenset(source.marker for source in self.sources if source.ready == "marker")

    def of(self, bucket: str, key: str) -> Source | None:
        """The source of an object; None where none holds it."""
        return next((source for source in self._longest_first if source.holds(bucket, key)), None)

    def is_marker(self, bucket: str, key: str) -> bool:
        """True for the marker of a multi-file drop: it is no object, though a source around it may hold it."""
        if key.rpartition("/")[2] not in self._marker_names:
            return False
        for source in self._longest_first:
            if source.marks(bucket, key):
                return True
            if source.holds(bucket, key):
                return False
        return False

    def places(self) -> list[tuple[str, str]]:
        """Every (bucket, prefix) to list; one that lies in another is listed with it."""
        found: list[tuple[str, str]] = []
        for bucket, prefix in sorted({(source.bucket, source.prefix) for source in self.sources}):
            if not (found and found[-1][0] == bucket and prefix.startswith(found[-1][1])):
                found.append((bucket, prefix))
        return found

    def origin_of(self, bucket: str, key: str) -> Origin:
        """What is said of an object's source. One that no source holds any more goes by its bucket's name."""
        source = self.of(bucket, key)
        return Origin(bucket) if source is None else source.origin()
