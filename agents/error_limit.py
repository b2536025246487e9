"""Stops a worker whose steps raise too often: bad code or bad rules must not drain a topic into `held`."""

import logging
from collections import deque
from collections.abc import Iterable

from clients import metrics
from clients.errors import Fatal
from streams.records import Record

log = logging.getLogger(__name__)

WINDOW = 1000

# What raises beside an agent's own steps: writing the lines, carrying them on, and dying with the process.
BESIDE_STEPS = ("render", "carry", "poison")


class ErrorLimit:
    """Counts and logs the failures of one agent's records; `share` of the last 1,000 is the most it bears."""

    def __init__(self, steps: Iterable[str], share: float) -> None:
        self._own = {*steps, *BESIDE_STEPS}
        self._most = int(share * WINDOW)
        self._failed: deque[bool] = deque(maxlen=WINDOW)

    def look(self, records: Iterable[Record]) -> None:
        """Look at a chunk before anything of it is sent. Raises Fatal when the limit is passed."""
        for record in records:
            # what an agent before this one counted is not counted again
            failed = record.failure is not None and record.failure.step in self._own
            self._failed.append(failed)
            if failed and record.failure is not None:
                metrics.STEP_ERRORS.labels(record.failure.step).inc()
                log.error(
                    "a step raised",
                    extra={
                        "step": record.failure.step,
                        "error": record.failure.error,
                        "key": record.source.key,
                        "record": record.source.record,
                    },
                )
        if sum(self._failed) > self._most:
            raise Fatal(
                f"{sum(self._failed)} of the last {len(self._failed)} records made a step raise: the code or the rules "
                "are wrong; nothing more is acknowledged"
            )
