"""Redis: where it is and one pool of connections to it."""

from urllib.parse import quote

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from parkhub.settings import Settings

AWAY = (RedisError, OSError)
"""What redis-py raises when the server is away, restarting or out of memory."""

_RETRIES = 4
_RETRY_DELAY_MAX_S = 0.4


def redis_address(settings: Settings) -> str:
    """Where Redis is: the configured address, or the embedded server's unix socket in the data folder."""
    return settings.redis_url or f"unix://{quote(str(settings.data_dir / 'redis.sock'))}"


def redis_pool(settings: Settings) -> ConnectionPool:
    """A pool that tries a lost connection again four times within a second; every command sent must bear that."""
    return ConnectionPool.from_url(
        redis_address(settings),
        retry=Retry(ExponentialBackoff(cap=_RETRY_DELAY_MAX_S, base=0.05), _RETRIES),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
        socket_connect_timeout=2,
        health_check_interval=30,
    )


def open_redis(settings: Settings) -> Redis:
    """A client with its own pool; the first command connects. Answers are bytes."""
    return Redis.from_pool(redis_pool(settings))
