import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aioboto3
import pytest
import redis.asyncio
from aiobotocore.config import AioConfig
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from botocore.exceptions import ClientError

from console.local import leave_running
from console.local.ports import Ports
from console.local.stack import Stack
from console.local.unavailable import PortTaken, Unavailable
from tests.conftest import JARS, ROOT
from tests.servers.proxy import FaultProxy

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client


@asynccontextmanager
async def bucket(stack: Stack) -> "AsyncIterator[S3Client]":
    env = stack.environment()
    async with aioboto3.Session().client(
        "s3",
        endpoint_url=env["FOREBAY_S3_ENDPOINT"],
        region_name="us-east-1",
        aws_access_key_id=env["FOREBAY_S3_ACCESS_KEY"],
        aws_secret_access_key=env["FOREBAY_S3_SECRET_KEY"],
        config=AioConfig(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    ) as client:
        yield client


async def produce(bootstrap: str, topic: str, value: bytes, *, create: bool = False) -> None:
    if create:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait(topic, value)
    await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [(await asyncio.wait_for(anext(aiter(consumer)), 60)).value for _ in range(count)]
    finally:
        await consumer.stop()


def a_name() -> str:
    return f"local-{uuid.uuid4().hex[:12]}"


async def test_kafka_keeps_a_message_and_stamps_it_itself(stack: Stack) -> None:
    topic, bootstrap = a_name(), stack.environment()["FOREBAY_KAFKA_BOOTSTRAP"]
    await produce(bootstrap, topic, b"one", create=True)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    message = await asyncio.wait_for(consumer.getone(), 60)
    await consumer.stop()
    assert (message.value, message.timestamp_type) == (b"one", 1)  # 1: LogAppendTime


async def test_a_second_conditional_put_loses_and_the_first_stays(stack: Stack) -> None:
    name = a_name()
    async with bucket(stack) as s3:
        await s3.create_bucket(Bucket=name)
        await s3.put_object(Bucket=name, Key="claim", Body=b"first", IfNoneMatch="*")
        with pytest.raises(ClientError) as lost:
            await s3.put_object(Bucket=name, Key="claim", Body=b"second", IfNoneMatch="*")
        assert lost.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
        assert await (await s3.get_object(Bucket=name, Key="claim"))["Body"].read() == b"first"


async def test_redis_has_bloom_filters_inside_lua_and_evicts_nothing(stack: Stack) -> None:
    client = redis.asyncio.Redis.from_url(stack.environment()["FOREBAY_REDIS_URL"])
    key = a_name()
    await client.execute_command("BF.RESERVE", key, "0.0001", "1000", "NONSCALING")  # type: ignore[no-untyped-call]
    script = "return redis.call('BF.ADD', KEYS[1], ARGV[1])"
    assert [await client.eval(script, 1, key, "word") for _ in range(2)] == [1, 0]
    assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
    await client.aclose()


def test_every_server_says_that_it_is_ready(stack: Stack) -> None:
    assert all(": ready, process" in line for line in stack.health())
    if stack.prometheus is None:
        pytest.skip("Prometheus is not installed here (on Debian: apt-get install prometheus)")
    assert any(line.startswith("prometheus") for line in stack.health())


async def test_each_server_comes_back_from_kill_9_with_its_data(private_stack: Stack) -> None:
    env, topic = private_stack.environment(), a_name()
    bootstrap = env["FOREBAY_KAFKA_BOOTSTRAP"]
    client = redis.asyncio.Redis.from_url(env["FOREBAY_REDIS_URL"])
    await produce(bootstrap, topic, b"before", create=True)
    await client.set("before", "kept")
    await client.aclose()
    async with bucket(private_stack) as s3:
        await s3.create_bucket(Bucket="kept")
        await s3.put_object(Bucket="kept", Key="before", Body=b"kept")
    for server in private_stack.servers:
        before = server.pid
        server.kill()
        assert server.health().endswith("not running")
        await asyncio.to_thread(server.restart)
        assert server.pid != before
    assert private_stack.environment() == env
    await produce(bootstrap, topic, b"after")
    assert await consume(bootstrap, topic, 2) == [b"before", b"after"]
    anew = redis.asyncio.Redis.from_url(
        env["FOREBAY_REDIS_URL"]
    )  # the old one's connection died with the server
    assert await anew.get("before") == b"kept"
    await anew.aclose()
    async with bucket(private_stack) as s3:
        assert await (await s3.get_object(Bucket="kept", Key="before"))["Body"].read() == b"kept"


async def test_a_frozen_server_answers_nothing_until_it_is_thawed(private_stack: Stack) -> None:
    client = redis.asyncio.Redis.from_url(private_stack.environment()["FOREBAY_REDIS_URL"])
    assert await client.ping()
    private_stack.redis.freeze()
    assert ": frozen" in private_stack.redis.health()
    asking = asyncio.ensure_future(client.ping())
    assert not (await asyncio.wait({asking}, timeout=0.3))[0]
    private_stack.redis.thaw()
    assert await asking
    await client.aclose()


async def test_kafka_sends_its_clients_through_a_proxy_that_its_ports_name(
    start_stack: Callable[..., Stack], proxy: Callable[..., Awaitable[FaultProxy]]
) -> None:
    through = await proxy(0)
    ports = Ports.free(kafka_advertised=through.port)
    through.target_port = ports.kafka
    own = await asyncio.to_thread(start_stack, ports=ports)
    topic = a_name()
    # even a client that is shown the broker's own door is sent on to the proxy
    await produce(f"127.0.0.1:{ports.kafka}", topic, b"x" * 10_000, create=True)
    assert through.bytes_to_server > 10_000
    assert own.environment()["FOREBAY_KAFKA_BOOTSTRAP"] == f"127.0.0.1:{through.port}"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    # program files that are here already, for `up` to find
    (tmp_path / "jars").symlink_to(JARS)
    return tmp_path


@pytest.mark.servers
def test_up_leaves_servers_that_down_ends_and_each_may_be_said_twice(state: Path, stack: Stack) -> None:
    said: list[str] = []
    code = (
        "import sys; from pathlib import Path; from console.local.leave_running import up; "
        "from console.local.ports import Ports; up(Path(sys.argv[1]), ports=Ports.free(), prometheus=False)"
    )
    # another process, as the command is: its servers must outlive it
    subprocess.run([sys.executable, "-c", code, str(state)], cwd=ROOT, check=True)
    try:
        env = (state / leave_running.ENVIRONMENT_FILE).read_text()
        up = leave_running.attached(state)
        assert up is not None
        assert all(": ready" in line for line in up.health())
        assert env == "".join(f"{name}={value}\n" for name, value in up.environment().items())
        pids = [server.pid for server in up.servers]

        again = leave_running.up(state, say=said.append)
        assert said == ["Already up"]
        assert [server.pid for server in again.servers] == pids

        again.redis.kill()
        anew = leave_running.up(state, prometheus=False, say=said.append)
        assert said[1] == "Ended since the last `up`: redis; starting all anew"
        assert anew.environment() == up.environment()
        assert all(": ready" in line for line in anew.health())
    finally:
        ended = leave_running.down(state, say=said.append)
    assert ended
    assert all("not running" in line for line in anew.health())
    assert not (state / leave_running.ENVIRONMENT_FILE).exists()
    assert not (state / leave_running.RECORD_FILE).exists()
    assert (state / "servers" / "kafka" / "data").exists()
    assert not leave_running.down(state, remove_data=True)
    assert not (state / "servers").exists()


@pytest.mark.servers
def test_up_on_a_taken_port_names_it_and_leaves_nothing_behind(state: Path, stack: Stack) -> None:
    with pytest.raises(PortTaken, match=rf"{stack.ports.redis} \(redis\)"):
        leave_running.up(state, ports=stack.ports)
    assert leave_running.attached(state) is None
    assert all(": ready" in line for line in stack.health())


def test_a_record_that_cannot_be_read_is_named_and_not_deleted(tmp_path: Path) -> None:
    record = tmp_path / leave_running.RECORD_FILE
    record.write_text('{"ports": {"kafka": 1}}')
    with pytest.raises(Unavailable, match=r"local\.json"):
        leave_running.down(tmp_path)
    assert record.exists()


def test_down_where_nothing_ever_was_makes_no_folder(tmp_path: Path) -> None:
    assert not leave_running.down(tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_stack_that_cannot_start_stops_what_had_started(tmp_path: Path, stack: Stack) -> None:
    spawned: list[int] = []

    def spoil(starting: Stack) -> None:
        spawned.extend(server.pid for server in starting.servers if server.is_alive())
        if starting.kafka.is_alive():
            os.kill(starting.kafka.pid, signal.SIGKILL)

    with pytest.raises(Unavailable, match="kafka"):
        Stack.start(tmp_path, jars=JARS, prometheus=False, launched=spoil)
    assert len(set(spawned)) == 3
    for pid in set(spawned):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
