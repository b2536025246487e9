"""How S3 is reached: clients from settings, small documents, and the conditional PUT that claims rest on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from clients.errors import Fatal, RetryLater
from streams.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client as S3Client
else:
    S3Client = Any


class Put(StrEnum):
    """How a conditional PUT ended: the key was free and is ours, or someone's object was there."""

    WRITTEN = "written"
    TAKEN = "taken"


@asynccontextmanager
async def s3_client(settings: Settings, *, connections: int = 32) -> AsyncIterator[S3Client]:
    """An S3 client with the settings' endpoint, credentials and retries. Close it by leaving the block."""
    session = own_session(settings)
    config = s3_config(settings.s3_path_style, connections)
    async with session.client("s3", endpoint_url=settings.s3_endpoint or None, config=config) as client:
        yield client


def own_session(settings: Settings) -> aioboto3.Session:
    """A session with the settings' own keys, else what the AWS chain finds."""
    return aioboto3.Session(
        aws_access_key_id=settings.s3_access_key or None,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value() or None,
        region_name=settings.s3_region,
    )


def s3_config(path_style: bool, connections: int) -> AioConfig:
    """Timeouts, retries and addresses, the same for every store."""
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
