"""What every test may ask for: real servers on this machine, and a proxy that puts faults before them."""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

# imported for every run: CPython 3.11.7 can die at a session's end ("AST constructor recursion depth mismatch")
# when pytest's plugin for it is there and the package itself was never imported
import hypothesis
import pytest

from console.local.ports import Ports
from console.local.stack import Stack
from tests.servers.proxy import FaultProxy
from tests.skips import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

ROOT = Path(__file__).parent.parent
JARS = ROOT / ".forebay" / "jars"  # fetched once for all runs
# One commit, one verdict: properties try the same examples in every run. To search on with new ones:
# pytest --hypothesis-profile=default
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

_SERVER_FIXTURES = {"stack", "private_stack", "start_stack"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a server carries the mark `servers`, whether or not its author thought of it."""
    for item in items:
        if _SERVER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder that FOREBAY_TEST_DATA names (default ../shared/data beside the project); skips without it."""
    folder = (ROOT / os.environ.get("FOREBAY_TEST_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip("no folder of real source files: set FOREBAY_TEST_DATA to it")
    return folder


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One set of servers for the whole session. Tests share it: use names of your own, and don't break it."""
    with (
        tempfile.TemporaryDirectory(prefix="forebay-stack-", ignore_cleanup_errors=True) as folder,
        Stack.start(Path(folder), jars=JARS) as started,
    ):
        yield started


@pytest.fixture
def start_stack() -> Iterator[Callable[..., Stack]]:
    """Starts servers of the test's own, stopped at its end: `start_stack(ports=…, prometheus=…)`.

    Without arguments: free ports, no Prometheus.
    """
    started: list[Stack] = []
    with tempfile.TemporaryDirectory(prefix="forebay-stack-", ignore_cleanup_errors=True) as folder:

        def start(*, ports: Ports | None = None, prometheus: bool = False) -> Stack:
            own = Path(folder) / str(len(started))
            started.append(Stack.start(own, ports=ports, prometheus=prometheus, jars=JARS))
            return started[-1]

        try:
            yield start
        finally:
            for one in started:
                one.stop()


@pytest.fixture
def private_stack(start_stack: Callable[..., Stack]) -> Stack:
    """Servers of the test's own, to be killed, frozen and restarted at will."""
    return start_stack()


@pytest.fixture
async def proxy() -> AsyncIterator[Callable[..., Awaitable[FaultProxy]]]:
    """Makes proxies, closed at the test's end: `await proxy(target_port)` or `await proxy(target_port, port)`.

    For Kafka the proxy comes first: `Ports.free(kafka_advertised=proxy.port)`, then `proxy.target_port = ports.kafka`.
    """
    made: list[FaultProxy] = []

    async def make(target_port: int, port: int = 0) -> FaultProxy:
        made.append(await FaultProxy.start(target_port, port))
        return made[-1]

    yield make
    for one in made:
        await one.close()
