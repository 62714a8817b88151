"""One file per outside system: its Protocol, the real one, a local stand-in."""

from dataclasses import dataclass, field

from redis.asyncio import Redis

from parkhub.clients.limiter import Limiter, RedisLimiter
from parkhub.clients.live import Live, RedisLive
from parkhub.clients.pictures import FolderStore, PictureStore
from parkhub.clients.queue import ArqQueue, Queue
from parkhub.clients.redis import open_redis
from parkhub.settings import Settings


@dataclass(frozen=True)
class Clients:
    """The outside systems of one process. ``redis`` is the connection pool they share; None with stand-ins."""

    pictures: PictureStore
    queue: Queue
    live: Live
    limiter: Limiter
    redis: Redis | None = field(default=None, repr=False)


async def open_clients(settings: Settings) -> Clients:
    """The real ones. Nothing connects before its first use, so a start does not wait for Redis."""
    redis = open_redis(settings)
    return Clients(
        pictures=FolderStore(settings.pictures_dir),
        queue=ArqQueue(redis),
        live=RedisLive(redis),
        limiter=RedisLimiter(redis),
        redis=redis,
    )


async def close_clients(clients: Clients) -> None:
    """Give every connection back."""
    await clients.queue.close()
    if clients.redis is not None:
        await clients.redis.aclose(close_connection_pool=True)
