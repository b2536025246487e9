"""S3 and SQS in one process, with bucket notifications between them: moto's server on a free port."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aioboto3
import orjson
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue as StoredQueue

KEYS = {"aws_access_key_id": "moto", "aws_secret_access_key": "moto", "region_name": "us-east-1"}

_delete_unlocked = StoredQueue.delete_message


def _delete_locked(queue: StoredQueue, receipt_handle: str) -> None:
    with queue._messages_lock:
        _delete_unlocked(queue, receipt_handle)


# moto keeps the undeleted messages in a list of its own before it writes them back: of two deletions side by
# side one was undone, and its message came again when its hiding ended
StoredQueue.delete_message = _delete_locked


@contextmanager
def moto_server() -> Iterator[str]:
    """The server's URL. Buckets and queues are kept by the process, not by the server: use names of your own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass(frozen=True, slots=True)
class MotoQueue:
    """A queue of the server."""

    sqs: Any
    url: str
    arn: str

    async def send(self, *bodies: Any) -> None:
        """A body that is no string goes as JSON."""
        for body in bodies:
            text = body if isinstance(body, str) else orjson.dumps(body).decode()
            await self.sqs.send_message(QueueUrl=self.url, MessageBody=text)

    async def waiting(self) -> int:
        """Messages that a reader would get now."""
        return await self._count("ApproximateNumberOfMessages")

    async def held(self) -> int:
        """Messages in it, those included that a reader has taken and not deleted."""
        return await self.waiting() + await self._count("ApproximateNumberOfMessagesNotVisible")

    async def _count(self, name: str) -> int:
        found = await self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(found["Attributes"][name])


@asynccontextmanager
async def moto_queue(server: str) -> AsyncIterator[MotoQueue]:
    async with aioboto3.Session(**KEYS).client("sqs", endpoint_url=server) as sqs:
        url = (await sqs.create_queue(QueueName=f"q{uuid.uuid4().hex[:10]}"))["QueueUrl"]
        found = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        yield MotoQueue(sqs, url, found["Attributes"]["QueueArn"])


@asynccontextmanager
async def moto_s3(server: str) -> AsyncIterator[Any]:
    async with aioboto3.Session(**KEYS).client("s3", endpoint_url=server) as s3:
        yield s3


async def notify(s3: Any, bucket: str, queue: MotoQueue) -> None:
    """From now on the bucket tells the queue of what comes and goes; S3 sends a test event at once."""
    rows = [{"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]
    await s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": rows}
    )
