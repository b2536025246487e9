"""Queues of bucket events, on moto's SQS and its bucket notifications."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from clients.metrics import EVENTS, QUEUE_REFUSALS, SERVER_WAITING
from clients.source_servers import sqs_client
from producers.announcements import Announcement
from producers.discover import Discover
from producers.early_sweeps import EarlySweeps
from producers.event_queue import queues_of
from producers.events import BucketEvents
from streams.catalogue import Catalogue, Server, Source
from streams.settings import Settings
from tests.producers.test_event_messages import ODD_KEYS, bridged, notification
from tests.promises.fetch_world import CANARY, until
from tests.servers.moto_server import MotoQueue, moto_queue, moto_s3, moto_server, notify
from tests.servers.proxy import FaultProxy


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
async def queue(server: str) -> AsyncIterator[MotoQueue]:
    async with moto_queue(server) as made:
        yield made


class NotingDiscover(Discover):
    """Notes what is announced; Kafka answers when `kafka` is set."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        super().__init__(settings, catalogue, lambda bucket: None, None)  # type: ignore[arg-type,return-value]
        self.noted: list[Announcement] = []
        self.kafka = asyncio.Event()
        self.kafka.set()

    async def announce(self, news: list[Announcement]) -> None:
        self.noted += news
        await self.kafka.wait()


class NotingEarlySweeps(EarlySweeps):
    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float] = []

    def ask(self, seconds: float) -> None:
        self.noted.append(seconds)


class Reader:
    """A reader of the queue of one or more sources in bucket `b`."""

    def __init__(self, queue_url: str, *sources: dict[str, Any]) -> None:
        rows = [{"place": "s3://b/drops/", "name": "drops"} | row for row in sources or ({},)]
        self.catalogue = Catalogue(sources=tuple(Source(**row, events=queue_url) for row in rows))
        self.settings = Settings(
            s3_access_key="moto",
            s3_secret_key="moto",
            output="s3://b/drops/out/",
            s3_endpoint="http://127.0.0.1:9",
        )
        self.discover = NotingDiscover(self.settings, self.catalogue)
        self.early = NotingEarlySweeps()
        self.is_sweeper = True
        self.events = BucketEvents(
            self.settings,
            self.catalogue,
            self.discover,
            self.early,
            lambda: self.is_sweeper,
            refused_seconds=0.1,
        )

    @property
    def keys(self) -> list[str]:
        return [seen.key.removeprefix("drops/") for seen in self.discover.noted]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.events.run())
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])


def counted() -> Counter[tuple[str, str]]:
    """Events by kind and outcome, so far."""
    (metric,) = EVENTS.collect()
    found = {
        (s.labels["kind"], s.labels["outcome"]): int(s.value)
        for s in metric.samples
        if s.name.endswith("_total")
    }
    return Counter(found)


def refusals() -> float:
    return QUEUE_REFUSALS._value.get()  # type: ignore[no-any-return]


async def _emptied(queue: MotoQueue) -> bool:
    return await queue.held() == 0


async def test_objects_that_a_bucket_tells_of_are_announced_under_their_true_keys(
    server: str, queue: MotoQueue
) -> None:
    bucket = f"b{uuid.uuid4().hex[:10]}"
    keys = [key for key in ODD_KEYS if len(key) < 1000]
    reader = Reader(queue.url, {"place": f"s3://{bucket}/drops/"})
    before = counted()
    async with moto_s3(server) as s3:
        await s3.create_bucket(Bucket=bucket)
        await notify(s3, bucket, queue)
        for key in keys:
            await s3.put_object(Bucket=bucket, Key=f"drops/{key}", Body=b"{}")
        await s3.put_object(Bucket=bucket, Key="elsewhere/k", Body=b"{}")
        await s3.delete_object(Bucket=bucket, Key="drops/a b")
        async with reader.running():
            await until(lambda: _emptied(queue))
    assert sorted(set(reader.keys)) == sorted(keys)
    assert {seen.bucket for seen in reader.discover.noted} == {bucket}
    # what stands there now is for the lane to find out
    assert {(seen.etag, seen.modified_seconds) for seen in reader.discover.noted} == {("", 0)}
    assert counted() - before == {
        ("test", "ignored"): 1,
        ("created", "announced"): len(keys),
        ("created", "no_source"): 1,
        ("removed", "announced"): 1,
    }


async def test_messages_are_deleted_only_when_kafka_has_their_announcements(queue: MotoQueue) -> None:
    reader = Reader(queue.url)
    reader.discover.kafka.clear()
    await queue.send(bridged("drops/a"))
    async with reader.running():
        await until(lambda: _is(bool(reader.keys)))
        assert await queue.held() == 1
    # the reader died before Kafka answered: the next one announces it again
    assert await queue.held() == 1
    await queue.sqs.purge_queue(QueueUrl=queue.url)
    await queue.send(bridged("drops/a"))
    again = Reader(queue.url)
    async with again.running():
        await until(lambda: _emptied(queue))
    assert again.keys == ["a"]


async def _is(fact: bool) -> bool:
    return fact


async def test_what_is_no_event_is_counted_and_deleted_and_its_text_shows_up_nowhere(
    queue: MotoQueue, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader(queue.url)
    before = counted()
    with caplog.at_level(logging.DEBUG, "producers"):
        await queue.send(CANARY, {"Records": [CANARY]}, {"note": CANARY}, bridged("drops/good"))
        async with reader.running():
            await until(lambda: _emptied(queue))
    assert reader.keys == ["good"]
    assert counted() - before == {("unreadable", "ignored"): 3, ("created", "announced"): 1}
    said = [record for record in caplog.records if record.msg == "messages of a queue are no bucket events"]
    assert sum(record.__dict__["messages"] for record in said) == 3
    assert CANARY not in "".join(str(vars(record)) for record in caplog.records)


async def test_own_output_folders_and_other_events_are_passed_over(queue: MotoQueue) -> None:
    reader = Reader(queue.url, {"exclude": ("*.tmp",)})
    before = counted()
    await queue.send(
        bridged("drops/out/kept.jsonl"),
        bridged("drops/folder/", size=0),
        bridged("drops/x.tmp"),
        bridged("drops/tagged", "Object Tags Added"),
        {
            "Records": [
                notification("drops/one"),
                notification("drops/one"),
                notification("drops/two/", size=9),
            ]
        },
    )
    async with reader.running():
        await until(lambda: _emptied(queue))
    assert sorted(reader.keys) == ["one", "two/"]
    assert counted() - before == {
        ("created", "own_output"): 1,
        ("created", "folder"): 1,
        ("created", "no_source"): 1,
        ("other", "ignored"): 1,
        ("created", "announced"): 3,
    }


async def test_sources_of_whole_drops_are_not_announced_but_swept_in_time(queue: MotoQueue) -> None:
    reader = Reader(
        queue.url,
        {"name": "marked", "place": "s3://b/marked/", "ready": "marker", "marker": "_DONE"},
        {"name": "settling", "place": "s3://b/settling/", "ready": "settle", "settle_seconds": 40},
    )
    before = counted()
    await queue.send(
        bridged("marked/1/part-0"),
        bridged("marked/1/_DONE", "Object Deleted"),
        bridged("settling/_DONE", "Object Deleted"),
    )
    async with reader.running():
        await until(lambda: _emptied(queue))
        assert reader.early.noted == []
        await queue.send(bridged("marked/1/_DONE"))
        await until(lambda: _emptied(queue))
        assert reader.early.noted == [0.0]
        await queue.send(bridged("settling/part-0"))
        await until(lambda: _emptied(queue))
    assert reader.early.noted == [0.0, 41.0]
    assert reader.keys == []
    assert counted() - before == {
        ("created", "waits"): 1,
        ("removed", "waits"): 2,
        ("created", "sweep"): 2,
    }


async def test_a_process_that_does_not_sweep_leaves_the_queue_alone(queue: MotoQueue) -> None:
    idle, sweeper = Reader(queue.url), Reader(queue.url)
    idle.is_sweeper = False
    await queue.send(bridged("drops/a"))
    async with idle.running(), sweeper.running():
        await until(lambda: _emptied(queue))
    assert (idle.keys, sweeper.keys) == ([], ["a"])


async def test_a_marker_is_left_to_the_process_that_sweeps_when_the_lane_moves_meanwhile(
    queue: MotoQueue,
) -> None:
    reader = Reader(queue.url, {"ready": "marker"})
    asked = 0

    def owns() -> bool:
        nonlocal asked
        asked += 1
        return asked <= 2  # it moves while the first poll is out

    events = BucketEvents(reader.settings, reader.catalogue, reader.discover, reader.early, owns)
    await queue.send(bridged("drops/_SUCCESS"))
    task = asyncio.create_task(events.run())
    await until(lambda: _is(asked > 4))
    task.cancel()
    await asyncio.wait([task])
    assert reader.early.noted == []
    assert await queue.held() == 1


async def test_a_missing_queue_is_counted_and_said_once_and_is_read_when_it_is_there(
    server: str, queue: MotoQueue, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"late{uuid.uuid4().hex[:8]}"
    url = f"{queue.url.rpartition('/')[0]}/{name}"
    reader = Reader(url)
    before = refusals()
    async with reader.running():
        await until(lambda: _is(refusals() >= before + 3))
        await queue.sqs.create_queue(QueueName=name)
        await queue.sqs.send_message(QueueUrl=url, MessageBody='{"Event": "s3:TestEvent"}')
        await queue.sqs.send_message(
            QueueUrl=url,
            MessageBody='{"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "drops/a"}}}',
        )
        await until(lambda: _is(reader.keys == ["a"]))
    said = [record for record in caplog.records if record.msg.startswith("a queue of bucket events")]
    assert [
        (record.__dict__["queue"], "NonExistentQueue" in record.__dict__["reason"]) for record in said
    ] == [(url, True)]


@pytest.mark.parametrize("url", ["http://", "http://[", "http://bad host/1/q"])
async def test_a_url_that_leads_nowhere_ends_nothing(url: str) -> None:
    reader = Reader(url)
    before = refusals()
    async with reader.running():
        await until(lambda: _is(refusals() >= before + 2))


async def test_a_queue_that_is_away_is_waited_for(
    queue: MotoQueue, proxy: Callable[..., Awaitable[FaultProxy]]
) -> None:
    port = int(queue.url.split("/")[2].rpartition(":")[2])
    between = await proxy(port)
    reader = Reader(queue.url.replace(f":{port}/", f":{between.port}/"))
    await between.refuse()
    await queue.send(bridged("drops/a"))
    async with reader.running():
        await until(lambda: _is(_waits_for_sqs()))
        await between.accept()
        await until(lambda: _emptied(queue))
    assert reader.keys == ["a"]


def _waits_for_sqs() -> bool:
    return bool(SERVER_WAITING.labels("sqs")._value.get() == 1)


async def test_a_full_queue_is_emptied_and_each_key_announced(queue: MotoQueue) -> None:
    reader = Reader(queue.url)
    await queue.send(*(bridged(f"drops/{number}") for number in range(150)))
    async with reader.running():
        await until(lambda: _emptied(queue))
    # SQS may deliver a message more than once
    assert sorted(set(reader.keys), key=int) == [str(number) for number in range(150)]


def test_a_marker_is_no_object_of_a_wider_source_and_a_name_alone_makes_none() -> None:
    rows = [
        {"name": "wide", "place": "s3://b/"},
        {"name": "marked", "place": "s3://b/m/", "ready": "marker"},
        {"name": "inner", "place": "s3://b/m/plain/"},
        {"name": "same", "place": "s3://b/m/", "include": ("*.jsonl", "_SUCCESS")},
    ]
    catalogue = Reader("http://127.0.0.1:9/1/q", *rows).catalogue
    found = {key: catalogue.is_marker("b", key) for key in ("_SUCCESS", "m/_SUCCESS", "m/1/_SUCCESS", "m/x")}
    assert found == {"_SUCCESS": False, "m/_SUCCESS": True, "m/1/_SUCCESS": True, "m/x": False}
    assert not catalogue.is_marker("b", "m/plain/_SUCCESS")
    assert not catalogue.is_marker("c", "m/_SUCCESS")


def test_a_queue_that_two_sources_share_is_read_once() -> None:
    rows = [{"name": "a", "place": "s3://b/a/"}, {"name": "c", "place": "s3://b/c/"}]
    assert len(queues_of(Reader("http://127.0.0.1:9/1/q", *rows).catalogue)) == 1


@pytest.mark.parametrize(
    ("url", "region", "endpoint"),
    [
        (
            "https://sqs.eu-central-1.amazonaws.com/1/q",
            "eu-central-1",
            "https://sqs.eu-central-1.amazonaws.com",
        ),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/1/q",
            "cn-north-1",
            "https://sqs.cn-north-1.amazonaws.com.cn",
        ),
        (
            "https://vpce-1.sqs.eu-west-2.vpce.amazonaws.com/1/q",
            "eu-west-2",
            "https://vpce-1.sqs.eu-west-2.vpce.amazonaws.com",
        ),
        ("http://queues.example.org:9324/1/q", "ap-south-1", "http://queues.example.org:9324"),
    ],
)
async def test_a_queue_is_reached_where_its_url_says(url: str, region: str, endpoint: str) -> None:
    settings = Settings(s3_access_key="moto", s3_secret_key="moto")
    async with sqs_client(settings, Server(region="ap-south-1"), url) as client:
        assert client.meta.region_name == region
        assert client.meta.endpoint_url == endpoint
