"""The dashboard's queries return data from a live run: real processes, scraped by a real Prometheus."""

import json
import shutil
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.local.stack import Stack
from grafana import dashboards
from tests.promises.drops import make_drops
from tests.promises.pipeline import pipeline, until

pytestmark = pytest.mark.servers

WITHOUT = shutil.which("prometheus") is None


def _ask(port: int, expr: str) -> list[dict[str, Any]]:
    address = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{expr}: {error.read()!r}") from error
    return found


@pytest.mark.skipif(WITHOUT, reason="Prometheus is not installed here (Debian: apt-get install prometheus)")
async def test_every_query_of_the_dashboard_returns_series_from_a_live_run(
    start_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    stack = start_stack(prometheus=True)
    assert stack.prometheus is not None
    state = stack.folder
    # the supervisor writes its targets below its state folder, where this Prometheus looks
    with pipeline(stack, tmp_path, state=str(state), workers=1, cut_seconds=1) as flow:
        flow.put(make_drops(seed=5, records=1500, objects=4).objects)
        command = flow.start("run", "--follow")
        silent: dict[str, str] = {}

        async def all_answer() -> bool:
            assert command.is_running()
            silent.clear()
            for title, expr in dashboards.expressions():
                if not _ask(stack.ports.prometheus, expr):
                    silent[title] = expr
            return not silent

        try:
            await until(all_answer, seconds=150, pause=2)
        except TimeoutError:
            raise AssertionError(f"without data: {silent}") from None
        command.send(signal.SIGTERM)
        assert await command.ended(15) == 0
