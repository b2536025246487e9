"""Which version of an object is there now: a HEAD settles it, whoever announced the object."""

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from clients.errors import RetryLater
from clients.s3 import S3Client, error_code, http_status, is_passing
from producers.states import ObjectVersion

# Everything that an S3 call, or the body that it gives, can raise.
S3_FAULTS = (ClientError, BotoCoreError, aiohttp.ClientError, OSError, TimeoutError)


class Gone(Exception):
    """There is no such object, or no such version of it."""


class Overwritten(Exception):
    """Another version stands in its place."""


class Denied(Exception):
    """The store refuses; it may allow it later. `code` is its error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Archived(Exception):
    """The object lies in an archive class and must be restored before it can be read."""


def fault_of(error: BaseException) -> Exception:
    """What an error of an S3 call means for the object."""
    if isinstance(error, aiohttp.ClientError) or is_passing(error):
        return RetryLater(f"S3 does not answer: {type(error).__name__}")
    if isinstance(error, ClientError):
        code = error_code(error)
        status = http_status(error)
        if code == "InvalidObjectState":
            return Archived(code)
        if status == 404:
            return Gone(code)
        if status in (412, 416):
            return Overwritten(code)
        return Denied(code)
    return RetryLater(f"S3 does not answer: {type(error).__name__}")


def etag_of(raw: str) -> str:
    """An ETag as we keep it: without quotes and weak mark."""
    return raw.removeprefix("W/").strip('"')


async def settle(client: S3Client, bucket: str, key: str) -> ObjectVersion:
    """The version that stands there now. Raises Gone, Denied, or RetryLater when S3 does not answer."""
    try:
        head = await client.head_object(Bucket=bucket, Key=key)
    except S3_FAULTS as error:
        raise fault_of(error) from error
    version_id = head.get("VersionId") or ""
    if version_id == "null":
        # versioning is off or suspended: this id is overwritten in place
        version_id = ""
    etag = etag_of(head["ETag"])
    modified = int(head["LastModified"].timestamp())
    version = version_id or f"{etag}@{modified}"
    return ObjectVersion(bucket, key, version, version_id, etag, modified, head["ContentLength"])
