"""Reads the settings: command line, then the environment, then `forebay.env` here, then what `forebay up` left."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from clients.catalogue import read_catalogue
from console.settings_table import PREFIX, env_name, example
from streams.catalogue_file import BadCatalogue
from streams.settings import Settings

OWN_FILE = "forebay.env"
LOCAL_FILE = "local.env"
# read by the test suite and by the demo, not by Forebay's processes
NOT_OURS = ("FOREBAY_TEST_",)

# What leads to one server belongs together: a bucket's name from here must never meet keys from there.
_SERVERS = (
    frozenset(
        {
            "kafka_bootstrap", "kafka_security", "kafka_sasl_mechanism",
            "kafka_username", "kafka_password", "kafka_ca_file",
        }
    ),
    frozenset({"redis_url"}),
    frozenset({"s3_endpoint", "s3_region", "s3_path_style", "s3_access_key", "s3_secret_key"}),
)  # fmt: skip


class BadSettings(Exception):
    """The settings cannot be used. `faults` names each one, what is wrong with it, and an example."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


class _Names(Settings, BaseSettings):
    """The same model with the names of its environment variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, enable_decoding=False, extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class _Layer:
    origin: str
    values: Mapping[str, Any]


def read_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings of this process. Raises BadSettings naming everything that is wrong at once.

    `overrides` come from the command line. Of `<state>/local.env` a server's lines are used only where
    nothing above says how to reach that server.
    """
    faults: list[str] = []
    here = EnvSettingsSource(_Names)
    layers = [
        _Layer("the command line", {k: v for k, v in (overrides or {}).items() if v is not None}),
        _Layer("the environment", here()),
    ]
    faults += _unknown(os.environ, "the environment")
    own, own_faults = _file(Path(OWN_FILE))
    layers.append(own)
    faults += own_faults
    state = next((layer.values["state"] for layer in layers if layer.values.get("state")), ".forebay")
    local, local_faults = _file(Path(str(state)) / LOCAL_FILE)
    layers.append(_Layer(local.origin, _without_reached(local.values, layers)))
    faults += local_faults

    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in reversed(layers):
        values |= layer.values
        origins |= dict.fromkeys(layer.values, layer.origin)
    if isinstance(values.get("sources"), str):
        values["sources"] = tuple(part.strip() for part in values["sources"].split(",") if part.strip())
    if isinstance(values.get("sources_file"), str) and values["sources_file"]:
        values["sources_file"] = os.fspath(Path(values["sources_file"]).absolute())
    settings, invalid = _validate(values, origins)
    faults += invalid
    if settings is not None:
        try:
            read_catalogue(settings)
        except BadCatalogue as bad:
            faults += bad.faults
    if settings is None or faults:
        raise BadSettings(faults)
    return settings


def to_environment(settings: Settings) -> dict[str, str]:
    """Every setting as an environment variable: a child that gets them sees just what its parent saw."""
    found = {}
    for name, value in settings:
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
        elif isinstance(value, tuple):
            text = ",".join(value)
        elif isinstance(value, bool):
            text = "true" if value else "false"
        else:
            text = str(value)
        found[env_name(name)] = text
    return found


def local_values(environment: Mapping[str, str]) -> dict[str, str]:
    """Settings by name from FOREBAY_… variables, for use as overrides."""
    return {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}


def _file(path: Path) -> tuple[_Layer, list[str]]:
    if not path.is_file():
        return _Layer(str(path), {}), []
    source = DotEnvSettingsSource(
        _Names, env_file=path, env_file_encoding="utf-8", dotenv_filtering="only_existing"
    )
    named = {name.upper(): value or "" for name, value in source.env_vars.items()}
    faults = [
        f"{name} in {path}: only names that begin with {PREFIX} are read there; see `forebay settings`"
        for name in named
        if not name.startswith(PREFIX)
    ]
    return _Layer(str(path), source()), faults + _unknown(named, str(path))


def _without_reached(values: Mapping[str, Any], above: list[_Layer]) -> dict[str, Any]:
    given = {name for layer in above for name in layer.values}
    reached = {name for server in _SERVERS if server & given for name in server}
    return {name: value for name, value in values.items() if name not in reached}


def _unknown(names: Mapping[str, str], origin: str) -> list[str]:
    known = {env_name(name) for name in Settings.model_fields}
    shorts = [name.removeprefix(PREFIX) for name in known]
    faults = []
    for name in sorted(names):
        if not name.startswith(PREFIX) or name in known or name.startswith(NOT_OURS):
            continue
        # the prefix is common to all: with it everything would look near
        nearest = difflib.get_close_matches(name.removeprefix(PREFIX), shorts, 1, 0.6)
        hint = f"did you mean {PREFIX}{nearest[0]}?" if nearest else "`forebay settings` lists all there are"
        faults.append(f"{name} in {origin}: no such setting; {hint}")
    return faults


def _validate(values: dict[str, Any], origins: Mapping[str, str]) -> tuple[Settings | None, list[str]]:
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        wrong = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
        faults = [_sentence(fault, values, origins) for fault in error.errors() if fault["loc"]]
        together = [line for fault in error.errors() if not fault["loc"] for line in _together(fault["msg"])]
    if wrong and not together:
        # what disagrees is found only once each value alone is right: ask again without the wrong ones
        try:
            Settings.model_validate({name: value for name, value in values.items() if name not in wrong})
        except ValidationError as error:
            lines = [line for fault in error.errors() if not fault["loc"] for line in _together(fault["msg"])]
            together = [line for line in lines if not any(env_name(name) in line for name in wrong)]
    return None, faults + together


def _together(message: str) -> list[str]:
    """Faults of several settings at once, with the names that a person types."""
    lines = []
    for line in message.removeprefix("Value error, ").split("; "):
        words = [
            env_name(word.strip(":,")) + word[len(word.strip(":,")) :]
            if word.strip(":,") in Settings.model_fields
            else word
            for word in line.split(" ")
        ]
        lines.append(" ".join(words))
    return lines


def _sentence(fault: Any, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    name = str(fault["loc"][0])
    if name not in Settings.model_fields:
        return f"{name} on {origins.get(name, 'the command line')}: no such setting"
    message = str(fault["msg"]).removeprefix("Value error, ")
    message = (
        message.replace("Input should be", "must be").replace("String should", "must").split(", unable")[0]
    )
    shown = _shown(name, fault["input"])
    origin = f" ({origins[name]})" if name in origins else ""
    return f"{env_name(name)}{shown}{origin}: {message[:1].lower()}{message[1:]}; example: {env_name(name)}={example(name)}"


def _shown(name: str, value: Any) -> str:
    # a value that might be a secret, pasted under the wrong name, is not repeated on a screen
    if any(word in name for word in ("password", "key", "url")) or (
        "://" in str(value) and "@" in str(value)
    ):
        return ""
    text = str(value)
    return f"={text}" if len(text) <= 60 else f"={text[:57]}…"
