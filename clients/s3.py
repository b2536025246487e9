"""How S3 is reached: clients from settings, small documents, and the conditional PUT that claims rest on."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from clients.errors import Fatal, RetryLater
from streams.catalogue import Catalogue, Server
from streams.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client as S3Client
    from types_aiobotocore_sqs.client import SQSClient as SQSClient
else:
    S3Client = SQSClient = Any


class Put(StrEnum):
    """How a conditional PUT ended: the key was free and is ours, or someone's object was there."""

    WRITTEN = "written"
    TAKEN = "taken"


@asynccontextmanager
async def s3_client(settings: Settings, *, connections: int = 32) -> AsyncIterator[S3Client]:
    """An S3 client with the settings' endpoint, credentials and retries. Close it by leaving the block."""
    session = _own_session(settings)
    config = _config(settings.s3_path_style, connections)
    async with session.client("s3", endpoint_url=settings.s3_endpoint or None, config=config) as client:
        yield client


def _own_session(settings: Settings) -> aioboto3.Session:
    return aioboto3.Session(
        aws_access_key_id=settings.s3_access_key or None,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value() or None,
        region_name=settings.s3_region,
    )


def _config(path_style: bool, connections: int) -> AioConfig:
    return AioConfig(
        max_pool_connections=connections,
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 5, "mode": "standard"},
        s3={"addressing_style": "path" if path_style else "auto"},
        # stores that are not AWS do not all know the newer checksum trailers
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@asynccontextmanager
async def source_clients(
    settings: Settings, catalogue: Catalogue, *, connections: int = 32
) -> AsyncIterator[Callable[[str], S3Client]]:
    """A function from a source's bucket to the client that reaches it; other buckets go to the settings' own.

    Raises RetryLater where a role cannot be assumed for now, Fatal where AWS refuses it.
    """
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(s3_client(settings, connections=connections))
        made: dict[Server, S3Client] = {}
        by_bucket: dict[str, S3Client] = {}
        for source in catalogue.sources:
            if source.server.is_own:
                continue
            if source.server not in made:
                client = await _reach(settings, source.server, connections)
                made[source.server] = await stack.enter_async_context(client)
            by_bucket[source.bucket] = made[source.server]
        yield lambda bucket: by_bucket.get(bucket, own)


async def _reach(
    settings: Settings, server: Server, connections: int
) -> AbstractAsyncContextManager[S3Client]:
    session = await _session_of(settings, server)
    path_style = settings.s3_path_style if server.path_style is None else server.path_style
    endpoint = server.endpoint or ("" if server.profile else settings.s3_endpoint)
    found: AbstractAsyncContextManager[S3Client] = session.client(
        "s3", endpoint_url=endpoint or None, config=_config(path_style, connections)
    )
    return found


async def _session_of(settings: Settings, server: Server) -> aioboto3.Session:
    region = server.region or settings.s3_region
    # keys of the settings belong to the settings' server: another one is reached by the AWS chain or its profile
    is_elsewhere = bool(server.profile or server.endpoint)
    try:
        session = (
            aioboto3.Session(profile_name=server.profile or None, region_name=region)
            if is_elsewhere
            else _own_session(settings)
        )
        if server.role:
            session = await _assumed(session, server.role, region)
    except (ClientError, BotoCoreError, OSError) as error:
        if is_passing(error) and not isinstance(error, ProfileNotFound):
            raise RetryLater("AWS does not answer: a source's role cannot be assumed") from error
        raise Fatal(f"a source's profile or role is refused: {type(error).__name__}") from error
    return session


async def _assumed(session: aioboto3.Session, role: str, region: str) -> aioboto3.Session:
    """A session with the role's rights. They end after an hour or so: it asks for new ones by itself."""

    async def keys() -> dict[str, str]:
        async with session.client("sts", region_name=region) as sts:
            answer = await sts.assume_role(RoleArn=role, RoleSessionName="forebay")
        found = answer["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }

    core = get_session()
    # asked once here: a role that is refused is told at the start, not at the first object
    found = AioRefreshableCredentials.create_from_metadata(await keys(), keys, "assume-role")
    core._credentials = found  # type: ignore[attr-defined]
    core.set_config_variable("region", region)
    return aioboto3.Session(botocore_session=core)


# The hosts of queues that name their region: AWS' own, through a VPC endpoint, and of the stores that copy them
_QUEUE_REGION = re.compile(r"(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.|^([a-z0-9-]+)\.queue\.amazonaws\.")
_AWS_QUEUE_HOST = re.compile(r"(sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue)\.amazonaws\.com(\.cn)?")


@asynccontextmanager
async def sqs_client(settings: Settings, server: Server, queue_url: str) -> AsyncIterator[SQSClient]:
    """A client for one queue of bucket events, with the rights by which the source's own S3 is reached.

    Endpoint and region are the queue's, as its URL has them. Raises RetryLater where a role cannot be assumed
    for now, Fatal where AWS refuses it.
    """
    session = await _session_of(settings, server)
    config = AioConfig(
        connect_timeout=5,
        read_timeout=60,  # beyond the 20 s for which SQS may hold an answer back
        retries={"max_attempts": 2, "mode": "standard"},  # whoever reads a queue tries again for ever
    )
    async with AsyncExitStack() as stack:
        try:
            url = urlsplit(queue_url)
            host = url.hostname or ""
            named = _QUEUE_REGION.search(host)
            region = (named[1] or named[2]) if named else server.region or settings.s3_region
            endpoint = None if _AWS_QUEUE_HOST.fullmatch(host) else f"{url.scheme}://{url.netloc}"
            client = await stack.enter_async_context(
                session.client("sqs", region_name=region, endpoint_url=endpoint, config=config)
            )
        except (ValueError, BotoCoreError) as error:
            raise Fatal(f"no queue can be reached at {queue_url}: {type(error).__name__}") from error
        yield client


def encryption(settings: Settings) -> dict[str, Any]:
    """The server-side encryption arguments of every PUT."""
    if not settings.s3_sse:
        return {}
    found: dict[str, Any] = {"ServerSideEncryption": settings.s3_sse}
    if settings.s3_kms_key:
        found["SSEKMSKeyId"] = settings.s3_kms_key
    return found


def error_code(error: ClientError) -> str:
    """The store's error code, for example NoSuchKey; the HTTP status where it gave no code."""
    found = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(found or status)


def http_status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_passing(error: BaseException) -> bool:
    """True for faults that the same call can outlive: no answer, 5xx, throttling, a conflict (409)."""
    if isinstance(error, ClientError):
        status = http_status(error)
        return status >= 500 or status in (409, 429) or error_code(error) in ("SlowDown", "RequestTimeout")
    return isinstance(error, BotoCoreError | OSError | asyncio.TimeoutError | TimeoutError)


class Documents:
    """Whole small objects of one bucket: get, put, and put only where nothing (or this) is.

    Raises RetryLater for passing faults and Fatal for refusals that a person must settle.
    """

    def __init__(self, client: S3Client, bucket: str, settings: Settings) -> None:
        self._client = client
        self._bucket = bucket
        self._sse = encryption(settings)

    async def get(self, key: str) -> bytes | None:
        """The object's bytes; None where there is none."""
        found = await self.get_with_etag(key)
        return None if found is None else found[0]

    async def get_with_etag(self, key: str) -> tuple[bytes, str] | None:
        try:
            response = await self._client.get_object(Bucket=self._bucket, Key=key)
            async with response["Body"] as body:
                return await body.read(), response["ETag"]
        except ClientError as error:
            if error_code(error) in ("NoSuchKey", "404"):
                return None
            raise self._named(error, "read", key) from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            raise self._named(error, "read", key) from error

    async def exists(self, key: str) -> bool:
        try:
            await self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if http_status(error) == 404:
                return False
            raise self._named(error, "look for", key) from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            raise self._named(error, "look for", key) from error
        return True

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        try:
            await self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **self._sse
            )
        except (ClientError, BotoCoreError, OSError, TimeoutError) as error:
            raise self._named(error, "write", key) from error

    async def put_if(self, key: str, body: bytes, *, matches: str | Literal["nothing"]) -> Put:
        """Write only if the key is free (`nothing`) or its ETag is `matches`. Atomic in the store.

        A lost response can leave the object written and the retry TAKEN: the caller reads it to know.
        """
        condition: Mapping[str, Any] = {"IfNoneMatch": "*"} if matches == "nothing" else {"IfMatch": matches}
        try:
            await self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                **condition,
                **self._sse,
            )
        except ClientError as error:
            # a lost If-Match is 412 on AWS and 404 elsewhere
            if http_status(error) == 412 or (matches != "nothing" and http_status(error) == 404):
                return Put.TAKEN
            raise self._named(error, "claim", key) from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            raise self._named(error, "claim", key) from error
        return Put.WRITTEN

    async def keys(self, prefix: str) -> list[str]:
        """All keys below a prefix, sorted by code point. For small folders: packs, runs."""
        found: list[str] = []
        try:
            async for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            ):
                found += [item["Key"] for item in page.get("Contents", ())]
        except (ClientError, BotoCoreError, OSError, TimeoutError) as error:
            raise self._named(error, "list", prefix) from error
        return sorted(found)

    async def folders(self, prefix: str) -> list[str]:
        """The names directly below a prefix that hold keys, sorted."""
        found: list[str] = []
        try:
            async for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            ):
                found += [
                    item["Prefix"].removeprefix(prefix).rstrip("/") for item in page.get("CommonPrefixes", ())
                ]
        except (ClientError, BotoCoreError, OSError, TimeoutError) as error:
            raise self._named(error, "list", prefix) from error
        return sorted(found)

    def _named(self, error: BaseException, verb: str, key: str) -> Exception:
        place = f"s3://{self._bucket}/{key}"
        if is_passing(error):
            return RetryLater(f"S3 does not answer: cannot {verb} {place}")
        code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
        return Fatal(f"S3 refuses to {verb} {place}: {code}")


async def probe_conditional_put(documents: Documents, key: str) -> None:
    """Raises Fatal unless the store honours `If-None-Match: *`: without it claims would be no claims."""
    await documents.put_if(key, b"{}", matches="nothing")
    if await documents.put_if(key, b"{}", matches="nothing") is not Put.TAKEN:
        raise Fatal("the S3 store ignores If-None-Match: a claim could be overwritten; Forebay cannot use it")
