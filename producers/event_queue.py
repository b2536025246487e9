"""A queue of bucket events: messages are received, and deleted once their events are safe."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from clients.errors import RetryLater
from clients.s3 import error_code, is_passing
from clients.source_servers import SQSClient, sqs_client
from clients.waiting import until_answered
from streams.catalogue import Catalogue, Server
from streams.settings import Settings

BATCH = 10  # SQS' limit for one receive and one delete
LONG_POLL_SECONDS = 20  # SQS' longest
HIDDEN_SECONDS = 30  # SQS' own default: after that, what a dead process had received comes again

_NO_ANSWER = (HTTPClientError, BotoConnectionError, aiohttp.ClientError, OSError, TimeoutError)
_REFUSALS = (ClientError, BotoCoreError, ResponseParserError)
# SQS gives some of these with status 400 or 403
_TOO_FAST = {"RequestThrottled", "ThrottlingException", "Throttling", "OverLimit", "KmsThrottled"}

T = TypeVar("T")


class Refused(Exception):
    """The queue is missing, or we may not use it; a person may settle that meanwhile."""


@dataclass(frozen=True, slots=True)
class Message:
    """A received message. `receipt` is what deletes it."""

    message_id: str
    receipt: str
    body: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, and the server settings of the sources that name it."""

    url: str
    server: Server

    def opened(self, settings: Settings) -> AbstractAsyncContextManager[SQSClient]:
        """Its client. Raises as `sqs_client` does."""
        return sqs_client(settings, self.server, self.url)

    async def receive(self, client: SQSClient, wait_seconds: int) -> list[Message]:
        """At most BATCH messages, or none after `wait_seconds`. Waits while SQS is away; raises Refused."""
        found = await _answer(
            lambda: client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=HIDDEN_SECONDS,
            )
        )
        return [
            Message(item.get("MessageId", ""), item.get("ReceiptHandle", ""), item.get("Body", ""))
            for item in found.get("Messages", ())
        ]

    async def delete(self, client: SQSClient, messages: Sequence[Message]) -> None:
        """Delete messages. Waits while SQS is away; raises Refused where one stays: it comes again."""
        parts = [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]
        await asyncio.gather(*(_answer(partial(self._delete, client, part)) for part in parts))

    async def _delete(self, client: SQSClient, messages: Sequence[Message]) -> None:
        found = await client.delete_message_batch(
            QueueUrl=self.url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message.receipt}
                for number, message in enumerate(messages)
            ],
        )
        for failed in found.get("Failed", ()):
            if failed.get("SenderFault"):
                raise Refused(f"a message cannot be deleted: {failed.get('Code', '')}")
            raise RetryLater("SQS did not delete a message")


def queues_of(catalogue: Catalogue) -> tuple[Queue, ...]:
    """Every queue that the sources name, once."""
    return tuple(dict.fromkeys(Queue(s.events, s.server) for s in catalogue.sources if s.events))


async def _answer(call: Callable[[], Awaitable[T]]) -> T:
    """The call's result, tried again while SQS is away; the call must be safe to repeat. Raises Refused."""

    async def ask() -> T:
        try:
            return await call()
        except _NO_ANSWER as error:
            raise RetryLater(f"SQS does not answer: {type(error).__name__}") from error
        except _REFUSALS as error:
            code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
            if isinstance(error, ClientError) and (is_passing(error) or code in _TOO_FAST):
                raise RetryLater(f"SQS does not answer: {code}") from error
            raise Refused(code) from error

    return await until_answered("sqs", ask)
