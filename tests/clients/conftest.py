"""What the clients' tests share."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from parkhub.clients.redis import open_redis
from parkhub.settings import Settings


@pytest.fixture
async def redis(redis_url: str, settings: Settings) -> AsyncIterator[Redis]:
    """A connection to an empty Redis."""
    client = open_redis(settings.model_copy(update={"redis_url": redis_url}))
    yield client
    await client.aclose(close_connection_pool=True)
