"""When the next sweep begins: after its interval, or before, where an event asked for it."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress

# Asked-for times are rounded up to an eighth of the wait, within these, so that a flood of events asks for few.
_SHORTEST_GRAIN_SECONDS, _LONGEST_GRAIN_SECONDS = 1.0, 60.0


class EarlySweeps:
    """The times that were asked for. They are in memory alone: dying costs one sweep interval, no object."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds and never goes back."""
        self._clock = clock
        self._due: set[float] = set()
        self._asked = asyncio.Event()
        self._began = clock()

    def ask(self, seconds: float) -> None:
        """A sweep that begins in `seconds`, or a second to a minute later: never before."""
        grain = min(max(seconds / 8, _SHORTEST_GRAIN_SECONDS), _LONGEST_GRAIN_SECONDS)
        self._due.add(math.ceil((self._clock() + seconds) / grain) * grain)
        self._asked.set()

    def begin(self) -> None:
        """A sweep begins: it answers what was due by now, not what is asked for while it lists."""
        self._began = self._clock()
        self._due = {due for due in self._due if due > self._began}

    async def rest(self, seconds: float) -> None:
        """Return when the next sweep is due: `seconds` from now, or at the first time that was asked for.

        An early one waits for as long as the last took, so that a busy bucket is not listed all the time.
        """
        ended = self._clock()
        rested = ended + max(_SHORTEST_GRAIN_SECONDS, ended - self._began)
        while True:
            self._asked.clear()
            due = min(ended + seconds, max(rested, min(self._due, default=math.inf)))
            left = due - self._clock()
            if left <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), left)
