"""How Redis is reached, and whether it is fit to hold the dedup filters."""

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from clients.errors import Fatal, RetryLater
from streams.settings import Settings


def redis_client(settings: Settings) -> Redis:
    """A client that answers with bytes. TLS, user and password come from the URL."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=30,
        socket_connect_timeout=5,
        health_check_interval=30,
    )


async def check_fit(client: Redis) -> None:
    """Raises Fatal unless Bloom commands are there and nothing is ever evicted; RetryLater when it is away."""
    try:
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "noeviction")
        await client.execute_command("BF.EXISTS", "forebay:probe", "x")  # type: ignore[no-untyped-call]
    except ResponseError as error:
        if "unknown command" in str(error).lower():
            raise Fatal(
                "Redis has no Bloom filters (BF.*): use Redis 8, Redis Stack, or Valkey with valkey-bloom"
            ) from None
        raise
    except (RedisError, OSError) as error:
        raise RetryLater("Redis does not answer") from error
    if policy != "noeviction":
        raise Fatal(f"Redis has maxmemory-policy {policy}: filters could vanish; set it to noeviction")
