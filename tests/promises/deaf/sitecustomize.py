"""Makes a worker deaf in a process that is started with this folder on PYTHONPATH: whatever Kafka sends is thrown away,
as it would be were the driver to wait for a seek that never ends."""

from typing import Any

import agents.transport

_getmany = agents.transport.SafeConsumer._getmany


async def _nothing(self: Any, *arguments: Any) -> dict[Any, Any]:
    self._seek_number += 1
    try:
        await _getmany(self, *arguments)
    finally:
        self._seek_number -= 1
    return {}


agents.transport.SafeConsumer._getmany = _nothing  # type: ignore[method-assign]
