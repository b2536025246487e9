"""Says so while Kafka takes long over something that is not to be interrupted: a transaction, an announcement."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from clients.metrics import SERVER_WAITING

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
PATIENCE_SECONDS = 3.0


async def watched(what: str, work: Coroutine[Any, Any, Answer]) -> Answer:
    """The work's result, or its error. Cancelling the caller cancels the work."""
    task = asyncio.ensure_future(work)
    since = time.monotonic()
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        if not done:
            SERVER_WAITING.labels("kafka").set(1)
            log.warning("waiting for a server", extra={"server": "kafka", "what": what})
            await asyncio.wait({task})
            SERVER_WAITING.labels("kafka").set(0)
            waited = round(time.monotonic() - since, 1)
            log.info("the server answers again", extra={"server": "kafka", "waited_seconds": waited})
        return task.result()
    finally:
        task.cancel()
