"""Compose's own commands and environment, run against local servers: no engine runs where these tests do."""

import signal
from pathlib import Path

import pytest

from console.local.stack import Stack
from streams.settings import Settings
from tests.compose.compose_file import Service, services
from tests.promises.drops import make_drops
from tests.promises.output import read_output
from tests.promises.pipeline import Pipeline, Process, pipeline, until

pytestmark = pytest.mark.servers

# What names the machine and not the pipeline: Compose's values hold inside its network only.
PLACES = (
    "FOREBAY_KAFKA_BOOTSTRAP", "FOREBAY_REDIS_URL", "FOREBAY_S3_ENDPOINT", "FOREBAY_S3_PATH_STYLE",
    "FOREBAY_S3_ACCESS_KEY", "FOREBAY_S3_SECRET_KEY", "FOREBAY_STATE", "FOREBAY_METRICS_HOST", "FOREBAY_METRICS_PORT",
)  # fmt: skip


def _start(flow: Pipeline, service: Service) -> Process:
    assert service.command[0] == "forebay"
    environment = {
        **service.environment,
        **{name: flow.environment[name] for name in PLACES if name in flow.environment},
        # without the gates' models, as in all tests that count outcomes: these may err on any one invented text
        "FOREBAY_RULES": flow.environment["FOREBAY_RULES"],
        "FOREBAY_METRICS_HOST": "127.0.0.1",
    }
    return flow.start(*service.command[1:], instead=environment)


async def test_setup_ingest_refine_and_sink_carry_a_drop_to_the_output(stack: Stack, tmp_path: Path) -> None:
    drops = make_drops(seed=11, records=600, objects=2)
    with pipeline(stack, tmp_path) as flow:
        chosen = {
            "FOREBAY_NAMESPACE": flow.bucket,
            "FOREBAY_SOURCES": f"s3://{flow.bucket}/drops/",
            "FOREBAY_OUTPUT": f"s3://{flow.bucket}/out/",
        }
        found = services(environ=chosen)
        # the defaults differ from those of the tests (partitions, cut), so ask as these processes do
        fields = {k.removeprefix("FOREBAY_").lower(): v for k, v in found["refine"].environment.items()}
        known = flow.settings.model_dump(
            include={"kafka_bootstrap", "s3_endpoint", "s3_path_style", "s3_access_key"}
        )
        flow.settings = Settings.model_validate(
            {
                **fields, **known, "sources": [fields["sources"]], "state": str(tmp_path / "state"),
                "redis_url": flow.settings.redis_url, "s3_secret_key": flow.settings.s3_secret_key,
            }
        )  # fmt: skip
        assert await _start(flow, found["setup"]).ended() == 0
        await flow.find_run()
        assert flow.run is not None
        assert await _start(flow, found["setup"]).ended() == 0, "a second start finds everything there"
        flow.put(drops.objects)
        processes = [_start(flow, found[name]) for name in ("ingest", "refine", "sink")]

        async def all_there() -> bool:
            assert all(process.is_running() for process in processes)
            processes[2].send(signal.SIGUSR1)
            return (
                len(read_output(flow.s3, flow.bucket, f"out/runs/{flow.run.run}/").lines["outcomes"])
                == drops.records
            )

        await until(all_there, seconds=120, pause=0.5)
        flow.stop()
        out = flow.output()
        out.check()
        assert out.fates()["crisis"] == drops.crisis
