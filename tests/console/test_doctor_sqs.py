"""The doctor names each queue of bucket events that cannot be read, and takes no message away."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from console.doctor_sqs import event_queues
from streams.settings import Settings

KEYS = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}


@pytest.fixture
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


async def test_a_queue_that_can_be_read_and_one_that_is_not_there(moto: str, tmp_path: Path) -> None:
    sqs = boto3.client("sqs", endpoint_url=moto, **KEYS)
    url = sqs.create_queue(QueueName="drops")["QueueUrl"].replace("http://localhost", "http://127.0.0.1")
    url = f"{moto}/{url.split('/', 3)[3]}"
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    file = tmp_path / "sources.yaml"
    file.write_text(
        f"sources:\n- {{name: a, place: s3://a/, events: '{url}'}}\n- {{name: b, place: s3://b/, events: '{url}-gone'}}\n"
    )
    settings = Settings.model_validate(
        {"sources_file": str(file), "s3_access_key": "k", "s3_secret_key": "s"}
    )
    here, gone = await event_queues(settings)
    assert here.is_well
    assert not gone.is_well
    assert "cannot be read" in gone.found
    assert "sqs:ReceiveMessage" in gone.do
    found = sqs.receive_message(QueueUrl=url)
    assert len(found["Messages"]) == 1


async def test_without_events_there_is_nothing_to_look_at() -> None:
    assert await event_queues(Settings.model_validate({"sources": ("s3://a/",)})) == []
