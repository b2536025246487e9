"""A source that is read under another role: its rights are asked for anew before they end."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from clients.errors import Fatal
from clients.source_servers import source_clients
from streams.catalogue_file import parse_catalogue
from streams.settings import Settings

ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    yield url
    server.stop()


def _settings(**more: str) -> Settings:
    return Settings.model_validate(
        {"s3_access_key": "own", "s3_secret_key": "own-secret", "s3_path_style": True, **more}
    )


async def test_the_role_of_a_source_reads_its_bucket_and_is_asked_for_again(moto: str) -> None:
    own = boto3.client(
        "s3",
        endpoint_url=moto,
        aws_access_key_id="own",
        aws_secret_access_key="own-secret",
        region_name="us-east-1",
    )
    own.create_bucket(Bucket="theirs")
    own.put_object(Bucket="theirs", Key="k", Body=b"{}")
    catalogue = parse_catalogue(
        f"sources: [{{name: a, place: s3://theirs/, server: {{role: '{ROLE}', path_style: true}}}}]".encode()
    )
    async with source_clients(_settings(), catalogue) as client_of:
        client = client_of("theirs")
        page = await client.list_objects_v2(Bucket="theirs")
        assert [item["Key"] for item in page["Contents"]] == ["k"]
        credentials = client._request_signer._credentials  # type: ignore[attr-defined]
        first = await credentials.get_frozen_credentials()
        assert first.access_key != "own"
        # as if an hour had passed
        credentials._expiry_time = datetime.now(UTC) - timedelta(minutes=1)
        await client.head_object(Bucket="theirs", Key="k")
        assert (await credentials.get_frozen_credentials()).access_key != first.access_key
        assert client_of("ours") is not client


async def test_a_profile_that_is_not_there_is_named_at_the_start() -> None:
    catalogue = parse_catalogue(
        b"sources: [{name: a, place: s3://theirs/, server: {profile: nobody-has-this}}]"
    )
    with pytest.raises(Fatal, match="ProfileNotFound"):
        async with source_clients(_settings(), catalogue):
            await asyncio.sleep(0)
