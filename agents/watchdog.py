"""Ends a process that has work and makes no progress: the supervisor starts it again.

Waiting for a server is not death. The clock runs in C (`faulthandler`), so a step that never gives the
interpreter back is ended too; what it prints are places in the code, never a record.
"""

import asyncio
import faulthandler
import sys
from collections.abc import Callable
from typing import IO

from clients import metrics

BEAT_SECONDS = 1.0
SERVERS = ("kafka", "redis", "s3")


def is_waiting_for_a_server() -> bool:
    """True while a client of this process waits for a server that does not answer."""
    return any(metrics.SERVER_WAITING.labels(server)._value.get() > 0 for server in SERVERS)


class Watchdog:
    """Ends the process `stall_seconds` after the last beat that found it well."""

    def __init__(
        self, stall_seconds: float, progress: Callable[[], tuple[bool, object]], out: IO[str] = sys.stderr
    ) -> None:
        """`progress` gives whether there is work, and something that is another with every piece done."""
        self._stall = stall_seconds
        self._progress = progress
        self._out = out

    async def watch(self) -> None:
        """Beat until cancelled."""
        last: object = None
        try:
            while True:
                has_work, done = self._progress()
                if not has_work or done != last or is_waiting_for_a_server():
                    faulthandler.dump_traceback_later(self._stall, exit=True, file=self._out)
                last = done
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            faulthandler.cancel_dump_traceback_later()
