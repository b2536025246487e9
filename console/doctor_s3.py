"""What the doctor looks at in S3: listing and reading the sources, writing the output, its clock."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import BotoCoreError, ClientError

from clients.catalogue import read_catalogue
from clients.errors import Fatal, RetryLater
from clients.runs import run_store
from clients.s3 import S3Client, error_code, probe_conditional_put, s3_client
from clients.source_servers import source_clients
from streams.settings import Settings

# shorter than the client's own retries: a person waits for the list
ASK_SECONDS = 6.0
SKEW_SECONDS = 60.0  # S3 refuses requests that are 15 minutes off; a minute is worth a word


@dataclass(frozen=True, slots=True)
class Found:
    """One check: what was looked at, whether it is well, what was found, and what to do if it is not."""

    what: str
    is_well: bool
    found: str
    do: str = ""


async def s3_sources(settings: Settings) -> list[Found]:
    catalogue = read_catalogue(settings)
    if not catalogue.sources:
        return [Found("S3 sources", False, "none", "set FOREBAY_SOURCES, for example s3://chats/drops/")]
    found = []
    async with source_clients(settings, catalogue, connections=4) as client_of:
        for bucket, prefix in catalogue.places():
            client = client_of(bucket)
            what = f"list s3://{bucket}/{prefix}"
            try:
                page = await asyncio.wait_for(
                    client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1), ASK_SECONDS
                )
            except (ClientError, BotoCoreError, OSError) as error:
                found.append(Found(what, False, _refusal(error), _remedy(error, bucket, "s3:ListBucket")))
                continue
            contents = page.get("Contents", [])
            found.append(Found(what, True, "may list" if contents else "may list; nothing there yet"))
            if contents:
                key = contents[0]["Key"]
                try:
                    await client.head_object(Bucket=bucket, Key=key)
                    found.append(Found(f"read s3://{bucket}/{prefix}", True, "may read"))
                except (ClientError, BotoCoreError, OSError) as error:
                    found.append(
                        Found(
                            f"read s3://{bucket}/{prefix}",
                            False,
                            _refusal(error),
                            _remedy(error, bucket, "s3:GetObject"),
                        )
                    )
    return found


async def s3_output(settings: Settings) -> list[Found]:
    what = f"write {settings.output}"
    async with s3_client(settings, connections=4) as client:
        store = run_store(client, settings)
        key = f"{store.layout.probe}doctor"
        try:
            await asyncio.wait_for(store.documents.put(key, b"{}"), ASK_SECONDS)
            found = [Found(what, True, "may write")]
        except (RetryLater, TimeoutError):
            return [
                Found(
                    what,
                    False,
                    "S3 does not answer",
                    "start it, or set FOREBAY_S3_ENDPOINT; `forebay up` starts one here",
                )
            ]
        except Fatal as error:
            return [
                Found(
                    what,
                    False,
                    str(error),
                    "make the bucket, allow s3:PutObject and s3:GetObject there, or set FOREBAY_OUTPUT",
                )
            ]
        try:
            await probe_conditional_put(store.documents, key)
            found.append(Found("conditional PUT", True, "If-None-Match is honoured"))
        except (RetryLater, Fatal) as error:
            found.append(
                Found(
                    "conditional PUT",
                    False,
                    str(error),
                    "use a store that honours it: AWS S3, MinIO, SeaweedFS",
                )
            )
        found.append(await _clock(client, settings))
    return found


async def _clock(client: S3Client, settings: Settings) -> Found:
    bucket = settings.output.removeprefix("s3://").partition("/")[0]
    began = time.time()
    answer = await client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    middle = (began + time.time()) / 2
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not told:
        return Found("clock", True, "S3 sends no date to compare with")
    skew = datetime.fromtimestamp(middle, UTC).timestamp() - parsedate_to_datetime(told).timestamp()
    if abs(skew) > SKEW_SECONDS:
        return Found(
            "clock",
            False,
            f"{skew:+.0f} s off S3's",
            "set this machine's clock (NTP): S3 refuses requests 15 minutes off",
        )
    return Found("clock", True, "within a minute of S3's")


def _refusal(error: BaseException) -> str:
    return (
        f"refused: {error_code(error)}"
        if isinstance(error, ClientError)
        else f"does not answer ({type(error).__name__})"
    )


def _remedy(error: BaseException, bucket: str, permission: str) -> str:
    if not isinstance(error, ClientError):
        return "start S3, or set FOREBAY_S3_ENDPOINT; check the network"
    if error_code(error) in ("NoSuchBucket", "404"):
        return f"make the bucket {bucket}, or correct FOREBAY_SOURCES"
    return f"allow {permission} on {bucket} for the credentials in use"
