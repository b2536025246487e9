"""Reads `sources.yaml` into a catalogue, with everything that is wrong in it said at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from streams.catalogue import Catalogue, Source
from streams.settings import split_url


class BadCatalogue(ValueError):
    """The file cannot be used. `faults` names each place in it, what is wrong, and what would be right."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def catalogue_of(places: Sequence[str]) -> tuple[Source, ...]:
    """A source for each plain `s3://bucket/prefix/`, named by its last folder; same names get a number."""
    found: list[Source] = []
    taken: set[str] = set()
    for place in dict.fromkeys(places):
        bucket, prefix = split_url(place)
        stem = _as_name(prefix.rstrip("/").rpartition("/")[2] or bucket)
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem[:58]}-{number}"
        taken.add(name)
        found.append(Source(name=name, place=place))
    return tuple(found)


def _as_name(text: str) -> str:
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in text.lower())
    return (name if name[:1].isalnum() else f"s{name}")[:64]


def parse_catalogue(body: bytes, places: Sequence[str] = (), output: str = "") -> Catalogue:
    """The catalogue in a YAML file, with the plain places of the settings behind it.

    Raises BadCatalogue with every fault at once. Sources in the output are refused: own output is never read.
    """
    try:
        document: Any = yaml.safe_load(body) if body.strip() else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise BadCatalogue([f"{where}not YAML"]) from None
    if not isinstance(document, Mapping):
        raise BadCatalogue(["the file must begin with `version: 1` and `sources:`"])
    faults: list[str] = []
    found: Catalogue | None = None
    try:
        found = Catalogue.model_validate(dict(document))
    except ValidationError as error:
        faults += [_sentence(fault, document) for fault in error.errors()]
    if found is not None:
        named = {(s.bucket, s.prefix) for s in found.sources}
        rest = [s for s in catalogue_of(places) if (s.bucket, s.prefix) not in named]
        try:
            found = Catalogue(sources=(*found.sources, *rest))
        except ValidationError as error:
            faults += [_sentence(fault, document) for fault in error.errors()]
        faults += _in_output(found.sources, output)
    if faults or found is None:
        raise BadCatalogue(faults)
    return found


def _in_output(sources: Sequence[Source], output: str) -> list[str]:
    if not output:
        return []
    bucket, prefix = split_url(output)
    return [
        f"source {s.name}: {s.place} lies in the output {output}; own output is never read"
        for s in sources
        if s.bucket == bucket and s.prefix.startswith(prefix)
    ]


def _sentence(fault: Any, document: Mapping[Any, Any]) -> str:
    where = ""
    steps = list(fault["loc"])
    if steps[:1] == ["sources"] and len(steps) > 1 and isinstance(steps[1], int):
        row = document["sources"][steps[1]] if isinstance(document.get("sources"), Sequence) else None
        name = row.get("name") if isinstance(row, Mapping) else None
        where = f"source {name if isinstance(name, str) else steps[1] + 1}"
        steps = steps[2:]
    setting = ".".join(str(step) for step in steps)
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "no such setting; sources.example.yaml lists all there are"
    return ": ".join(part for part in (where, setting, message[:1].lower() + message[1:]) if part)
