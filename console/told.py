"""Ends a command when a person or a supervisor says so: SIGTERM and Ctrl-C, once."""

import asyncio
import fcntl
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from clients.errors import Fatal

Answer = TypeVar("Answer")


async def until_told(work: Coroutine[Any, Any, Answer]) -> Answer | None:
    """What `work` returns, or None when SIGTERM or SIGINT ended it first; its `finally` blocks have run.

    A second signal changes nothing: ending is bounded, and the first has been heard.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def tell() -> None:
        if not told.is_set():
            told.set()
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    try:
        return await task
    except asyncio.CancelledError:
        if told.is_set():
            return None
        raise
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextmanager
def alone(state: Path, what: str) -> Iterator[None]:
    """One command of this kind in a state folder; the lock ends with its process. Raises Fatal if taken."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fatal(
                f"`forebay {what}` is running already in {state}: end it first, or set another FOREBAY_STATE"
            ) from None
        yield
