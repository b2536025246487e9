"""Reads `sources.yaml` into a catalogue, with everything that is wrong in it said at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from streams.catalogue import Catalogue, Source, conflicts
from streams.rules.fields import read_yaml
from streams.settings import split_url


class BadCatalogue(ValueError):
    """The file cannot be used. `faults` names each place in it, what is wrong, and what would be right."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def catalogue_of(places: Sequence[str], taken: Iterable[str] = ()) -> tuple[Source, ...]:
    """A source for each plain `s3://bucket/prefix/`, named by its last folder; names that are taken get a number."""
    found: list[Source] = []
    names = set(taken)
    for place in dict.fromkeys(places):
        bucket, prefix = split_url(place)
        stem = _as_name(prefix.rstrip("/").rpartition("/")[2] or bucket)
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem[:58]}-{number}"
        names.add(name)
        found.append(Source(name=name, place=place))
    return tuple(found)


def _as_name(text: str) -> str:
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in text.lower())
    return (name if name[:1].isalnum() else f"s{name}")[:64]


def parse_catalogue(body: bytes, places: Sequence[str] = (), output: str = "") -> Catalogue:
    """The catalogue in a YAML file, with the plain places of the settings behind it.

    Raises BadCatalogue with every fault at once. Sources in the output are refused: own output is never read.
    """
    document = _document(body)
    rows = document.get("sources", ())
    faults = [
        f"{name}: no such setting of the file; it has version and sources" for name in document
        if name not in ("version", "sources")
    ]  # fmt: skip
    if document.get("version", 1) != 1:
        faults.append("version: must be 1")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise BadCatalogue([*faults, "sources: must be a list of sources"])
    sources: list[Source] = []
    for number, row in enumerate(rows, start=1):
        try:
            sources.append(Source.model_validate(row))
        except ValidationError as error:
            name = row.get("name") if isinstance(row, Mapping) else None
            where = f"source {name if isinstance(name, str) else number}"
            faults += [f"{where}: {_sentence(fault)}" for fault in error.errors()]
    # those that are each right alone are held against each other, whatever is wrong with the rest
    faults += conflicts(sources)
    described = {(s.bucket, s.prefix) for s in sources}
    plain = [
        s for s in catalogue_of(places, (s.name for s in sources)) if (s.bucket, s.prefix) not in described
    ]
    faults += _in_output([*sources, *plain], output)
    if not faults:
        faults += conflicts([*sources, *plain])
    if faults:
        raise BadCatalogue(faults)
    return Catalogue(sources=(*sources, *plain))


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = read_yaml(body) if body.strip() else {}
    except ValueError as error:
        raise BadCatalogue([str(error)]) from None
    if not isinstance(document, Mapping):
        raise BadCatalogue(["the file must begin with `version: 1` and `sources:`"])
    return document


def _in_output(sources: Sequence[Source], output: str) -> list[str]:
    if not output:
        return []
    bucket, prefix = split_url(output)
    return [
        f"source {s.name}: {s.place} lies in the output {output}; own output is never read"
        for s in sources
        if s.bucket == bucket and s.prefix.startswith(prefix)
    ]


def _sentence(fault: Any) -> str:
    setting = ".".join(str(step) for step in fault["loc"])
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "no such setting; sources.example.yaml lists all there are"
    elif fault["type"] == "tuple_type":
        message = "must be a list, for example [upvotes]"
    elif fault["type"] in ("model_type", "model_attributes_type"):
        message = "must be settings below each other, for example `region: eu-west-1`"
    elif fault["type"] == "too_long":
        message = "names too many: at most 16"
    message = message.replace("Input should be", "must be")
    return ": ".join(part for part in (setting, message[:1].lower() + message[1:]) if part)
