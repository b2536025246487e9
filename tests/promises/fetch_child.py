"""A fetch process for tests: `python -m tests.promises.fetch_child once|follow`, settings from the environment."""

import asyncio
import signal
import sys
from dataclasses import asdict

import orjson

from clients.logs import start_logging
from console.environment import read_settings
from producers.intake import run_intake


async def _main(mode: str) -> None:
    settings = read_settings()
    start_logging(settings.log_level)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    report = await run_intake(settings, once=mode == "once", stop=stop)
    sys.stdout.write(orjson.dumps(asdict(report)).decode())


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
