"""What the doctor looks at in SQS: may the queues of bucket events be read."""

import asyncio

from botocore.exceptions import BotoCoreError, ClientError

from clients.catalogue import read_catalogue
from clients.errors import Fatal, RetryLater
from clients.s3 import error_code
from console.doctor_s3 import ASK_SECONDS, Found
from producers.event_queue import Queue, queues_of
from streams.settings import Settings


async def event_queues(settings: Settings) -> list[Found]:
    """A row for each queue; none where no source names one."""
    return [await _look(settings, queue) for queue in queues_of(read_catalogue(settings))]


async def _look(settings: Settings, queue: Queue) -> Found:
    what = f"read queue {queue.url}"
    try:
        async with asyncio.timeout(ASK_SECONDS), queue.opened(settings) as client:
            # hidden for no time: whoever reads the queue is given it all the same
            await client.receive_message(
                QueueUrl=queue.url, MaxNumberOfMessages=1, WaitTimeSeconds=0, VisibilityTimeout=0
            )
    except (RetryLater, Fatal, ClientError, BotoCoreError, OSError) as error:
        code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
        return Found(
            what,
            False,
            f"cannot be read: {code}",
            "allow sqs:ReceiveMessage and sqs:DeleteMessage, or correct `events`; sweeps find new objects meanwhile",
        )
    return Found(what, True, "may be read")
