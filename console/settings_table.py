"""The table of all settings, made from the model: what the README shows and `forebay settings` prints."""

import types
import typing
from dataclasses import dataclass

from pydantic import SecretStr
from rich.table import Table

from streams.settings import Settings

PREFIX = "FOREBAY_"

_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
# examples for settings whose default is empty or a secret
_EXAMPLES = {
    "sources": "s3://chats/drops/,s3://chats/archive/",
    "sources_file": "sources.yaml",
    "output": "s3://chats/forebay/",
    "rules": "my-rules",
    "kafka_username": "forebay",
    "kafka_password": "…",
    "kafka_ca_file": "/etc/ssl/kafka-ca.pem",
    "redis_url": "redis://127.0.0.1:6379/0",
    "s3_endpoint": "https://s3.example.org",
    "s3_access_key": "…",
    "s3_secret_key": "…",
    "s3_sse": "AES256",
    "s3_kms_key": "alias/forebay",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its variable, its default with unit, what it takes, what it means."""

    variable: str
    default: str
    takes: str
    meaning: str


def env_name(name: str) -> str:
    return PREFIX + name.upper()


def example(name: str) -> str:
    """A value that this setting takes."""
    return _EXAMPLES.get(name) or str(Settings.model_fields[name].default)


def settings_rows() -> list[Row]:
    """Every setting in the order of the model."""
    return [
        Row(env_name(name), _default(name), _takes(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def settings_markdown() -> str:
    """The table as Markdown, as it stands in the README."""
    lines = ["| setting | default | takes | meaning |", "|---|---|---|---|"]
    for row in settings_rows():
        cells = (f"`{row.variable}`", f"`{row.default}`" if row.default else "", row.takes, row.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def settings_view() -> Table:
    """The table as a person reads it in a terminal."""
    table = Table(title="Settings: environment variables, or lines of forebay.env", title_justify="left")
    for column in ("setting", "default", "takes", "meaning"):
        table.add_column(column, overflow="fold")
    for row in settings_rows():
        table.add_row(row.variable, row.default, row.takes, row.meaning)
    return table


def _default(name: str) -> str:
    value = Settings.model_fields[name].default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if name.endswith("_bytes"):
        for size, unit in _SIZES:
            if value >= size and value % size == 0:
                return f"{value} ({value // size} {unit})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _takes(name: str) -> str:
    """Unit and limits, in words."""
    field = Settings.model_fields[name]
    choices = _choices(field.annotation)
    if choices:
        return ", ".join(choice or "(empty)" for choice in choices)
    unit = next((u for u in ("seconds", "bytes", "days") if name.endswith(f"_{u}")), "")
    if field.annotation is bool:
        unit = "true or false"
    least = most = ""
    for limit in field.metadata:
        if (value := getattr(limit, "ge", None)) is not None:
            least = f"from {value:,}"
        if (value := getattr(limit, "gt", None)) is not None:
            least = f"above {value:,}"
        if (value := getattr(limit, "le", None)) is not None:
            most = f"to {value:,}" if least.startswith("from") else f"up to {value:,}"
    limits = " ".join(part for part in (least, most) if part)
    return ", ".join(part for part in (unit, limits) if part)


def _choices(annotation: object) -> tuple[str, ...]:
    if isinstance(annotation, types.UnionType):
        return ()
    return (
        tuple(str(value) for value in typing.get_args(annotation))
        if typing.get_origin(annotation) is typing.Literal
        else ()
    )
