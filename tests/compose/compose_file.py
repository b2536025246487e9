"""Reads docker-compose.yml as Compose would: anchors merged, variables filled in, one row a service."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"

# $$, ${NAME}, ${NAME-default} (used when unset), ${NAME:-default} (used when unset or empty)
_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>[A-Z0-9_]+)(?:(?P<rule>:?-)(?P<default>[^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its argument list (empty: the image's own) and its environment, both as the process sees them."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    raw: dict[str, Any]


def fill_in(text: str, environ: Mapping[str, str]) -> str:
    """`text` with its variables replaced. Raises ValueError where one has neither value nor default."""

    def value(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        name, rule, default = found["name"], found["rule"], found["default"]
        if name in environ and (environ[name] or rule != ":-"):
            return environ[name]
        if rule is None:
            raise ValueError(f"{name} has neither a value nor a default")
        return str(default)

    return _VARIABLE.sub(value, text)


def _filled(node: Any, environ: Mapping[str, str]) -> Any:
    match node:
        case str():
            return fill_in(node, environ)
        case list():
            return [_filled(item, environ) for item in node]
        case dict():
            return {key: _filled(item, environ) for key, item in node.items()}
        case _:
            return node


def read(path: Path = COMPOSE, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file, with the variables of `environ` (none by default, so that every default shows)."""
    document = _filled(yaml.safe_load(path.read_text(encoding="utf-8")), environ or {})
    assert isinstance(document, dict)
    return document


def services(path: Path = COMPOSE, environ: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Services by name, in the order of the file. Raises TypeError on a command or environment in another form."""
    found = {}
    for name, raw in read(path, environ)["services"].items():
        command, environment = raw.get("command", []), raw.get("environment", {})
        if not isinstance(command, list) or not isinstance(environment, dict):
            raise TypeError(f"{name}: command must be a list, environment a mapping")
        if not all(isinstance(value, str) for value in (*command, *environment.values())):
            raise TypeError(f"{name}: quote numbers and booleans, Compose reads them as text")
        found[name] = Service(name, tuple(command), dict(environment), raw)
    return found
