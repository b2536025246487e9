"""How the servers of sources are reached: their buckets and queues, by profile or role where they have one."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from clients.errors import Fatal, RetryLater
from clients.s3 import S3Client, is_passing, own_session, s3_client, s3_config
from streams.catalogue import Catalogue, Server
from streams.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_sqs.client import SQSClient as SQSClient
else:
    SQSClient = Any


@asynccontextmanager
async def source_clients(
    settings: Settings, catalogue: Catalogue, *, connections: int = 32
) -> AsyncIterator[Callable[[str], S3Client]]:
    """A function from a source's bucket to the client that reaches it; other buckets go to the settings' own.

    Raises RetryLater where AWS does not answer for a role, Fatal where it refuses one.
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
        "s3", endpoint_url=endpoint or None, config=s3_config(path_style, connections)
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
            else own_session(settings)
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

    Endpoint and region are the queue's, as its URL has them. Raises RetryLater where AWS does not
    answer for a role, Fatal where it refuses one.
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
