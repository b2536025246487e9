"""Opens a rule pack without compiling it anew: the compiled patterns are kept beside the worker's state.

Compiling takes 10 s of a core, loading 0.05 s; a worker that is started again should not pay for it.
"""

import contextlib
import hashlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from streams.rules.pack import Pack, read_pack

_SUM_BYTES = 32


def open_pack(files: Mapping[str, bytes], state: Path) -> Pack:
    """The pack in `files`, its examples proven. Raises BadPack. A cache that does not fit is made anew."""
    path = state / "packs" / f"{_name(files)}.hs"
    stored = _stored(path)
    pack = read_pack(files, stored)
    body = pack.database_bytes()
    # also where it was made for another CPU: then `read_pack` has compiled it anew
    if body != stored:
        # without a folder to write to it is merely slower
        with contextlib.suppress(OSError):
            _keep(path, body)
    return pack


def _name(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256(platform.machine().encode())
    for name in sorted(files):
        whole.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return whole.hexdigest()[:32]


def _stored(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    # half a file, or one that a disk has spoiled, must not reach the library that maps it
    body = data[_SUM_BYTES:]
    return body if hashlib.sha256(body).digest() == data[:_SUM_BYTES] else None


def _keep(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # several workers start side by side: each writes its own file, the last rename wins with the same bytes
    arriving = path.with_suffix(f".{os.getpid()}")
    arriving.write_bytes(hashlib.sha256(body).digest() + body)
    arriving.replace(path)
