"""Prometheus, where the machine has it. It reads the scrape targets that running Forebay processes write."""

import http.client
import json
import os
from pathlib import Path

from console.local.ports import LOCALHOST, Ports
from console.local.server import Plan

_ASK_SECONDS = 2.0

_CONFIG = """\
global:
  scrape_interval: 5s
  scrape_timeout: 4s
scrape_configs:
  - job_name: forebay
    file_sd_configs:
      - files: [{targets}]
        refresh_interval: 5s
"""


def plan(folder: Path, ports: Ports, *, program: str, targets: Path, logs: Path) -> Plan:
    """Writes its configuration into `folder` and says how to run it. `targets`: folder of the scrape targets,
    files `*.json` in the form of Prometheus' file_sd_config."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    targets.mkdir(parents=True, exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text(_CONFIG.format(targets=json.dumps(str(targets / "*.json"))))
    return Plan(
        name="prometheus",
        address=f"{LOCALHOST}:{ports.prometheus}",
        command=(
            *(program, f"--config.file={config}", f"--storage.tsdb.path={data}"),
            *(f"--web.listen-address={LOCALHOST}:{ports.prometheus}", "--storage.tsdb.retention.time=15d"),
        ),
        environment=dict(os.environ),
        folder=folder,
        log=logs / "prometheus.log",
        is_ready=lambda: _is_ready(ports.prometheus),
    )


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
