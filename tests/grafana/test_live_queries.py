"""A real Prometheus answers every query of the dashboard: when all has happened, and when nothing has yet."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grafana import dashboards
from grafana.panels import COLUMNS, HEALTH, TOP, WINDOW

ROOT = Path(__file__).parents[2]
# Figures of which there is none before the first record or assignment: the panels say "no data".
NOT_YET = {"Kept share", "Behind"}
CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: forebay
    file_sd_configs: [{{files: ["{targets}"]}}]
"""


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _ask(port: int, expr: str) -> list[dict[str, Any]]:
    address = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
    with urllib.request.urlopen(address, timeout=5) as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return result


def _wait_for_scrapes(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            # a rate needs two scrapes; a third makes sure that they are inside every window
            found = _ask(port, "count_over_time(forebay_received_records_total[1m]) >= 3")
            if found:
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass  # not listening yet
        time.sleep(0.2)
    raise AssertionError("Prometheus did not scrape the process in time")


@pytest.fixture(scope="module", params=["events", ""], ids=["busy", "fresh"])
def prometheus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, str]]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    port = _free_port()
    arguments = [request.param] if request.param else []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.grafana.serve_events", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        target = {"targets": [f"127.0.0.1:{int(serving.stdout.readline())}"], "labels": {"process": "one"}}
        (folder / "one.json").write_text(json.dumps([target]))
        (folder / "prometheus.yml").write_text(CONFIG.format(targets=folder / "*.json"))
        asking = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for_scrapes(port)
            yield port, request.param
        finally:
            for process in (asking, serving):
                process.terminate()
                process.wait(timeout=10)


def test_every_query_returns_series(prometheus: tuple[int, str]) -> None:
    port, events = prometheus
    empty = {title for title, expr in dashboards.expressions() if not _ask(port, expr)}
    assert empty == (set() if events else NOT_YET)


def test_every_label_of_a_legend_is_on_every_series(prometheus: tuple[int, str]) -> None:
    port, events = prometheus
    for panel in (*TOP, *(panel for _, _, panels in COLUMNS for panel in panels), *HEALTH):
        for query in panel.queries:
            for series in _ask(port, query.expr.replace(WINDOW, "1m")):
                for label in re.findall(r"\{\{(\w+)\}\}", query.legend):
                    value = series["metric"].get(label)
                    # the zero of `or_none` has its first label only
                    assert value or (not events and label == "reason"), (panel.title, series["metric"])


def test_the_law_check_counts_what_has_no_outcome(prometheus: tuple[int, str]) -> None:
    port, events = prometheus
    (series,) = _ask(port, dict(dashboards.expressions())["Law check"])
    # one record received, four outcomes counted: three too many
    assert float(series["value"][1]) == (3 if events else 0)
