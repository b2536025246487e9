"""Reads a rule pack: the one that ships with Forebay, a folder, or the copy that a run keeps in S3."""

from importlib import resources
from pathlib import Path

from clients.errors import Fatal
from clients.s3 import Documents
from streams.names import Layout
from streams.rules.fields import SUFFIX

# What a pack is made of; anything else in its folder (notes, backups) is no part of it.
_SUFFIXES = (".yaml", SUFFIX)


def shipped_files() -> dict[str, bytes]:
    """The pack in the package, as {name: bytes}."""
    folder = resources.files("streams.rules") / "pack"
    return {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(_SUFFIXES)}


def folder_files(folder: Path) -> dict[str, bytes]:
    """The pack in a folder, as {name relative to it: bytes}. Raises Fatal where there is none."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.name.endswith(_SUFFIXES)
    }
    if not found:
        raise Fatal(f"no rule pack in {folder}: it needs pack.yaml and the rules beside it")
    return found


def pack_files(rules: str) -> dict[str, bytes]:
    """The pack that the settings name: `rules` is a folder, or empty for the shipped one."""
    return folder_files(Path(rules)) if rules else shipped_files()


async def store_pack(documents: Documents, layout: Layout, run: str, files: dict[str, bytes]) -> None:
    """Keep the pack with its run, so that every worker of the run reads the same bytes. Idempotent."""
    for name, body in files.items():
        content = "application/octet-stream" if name.endswith(SUFFIX) else "application/yaml"
        await documents.put(layout.pack(run) + name, body, content)


async def run_pack_files(documents: Documents, layout: Layout, run: str) -> dict[str, bytes]:
    """The pack that a run keeps. Raises Fatal where it is missing."""
    prefix = layout.pack(run)
    found: dict[str, bytes] = {}
    for key in await documents.keys(prefix):
        body = await documents.get(key)
        if body is not None:
            found[key.removeprefix(prefix)] = body
    if not found:
        raise Fatal(f"run {run} keeps no rule pack in S3")
    return found
