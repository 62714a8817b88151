"""What the clients' tests share."""

from collections.abc import AsyncIterator

import pytest
import stripe_shaped
from redis.asyncio import Redis
from stripe_shaped import KEY, StripeShaped

from parkhub.clients.redis import open_redis
from parkhub.clients.stripe import StripePayments
from parkhub.settings import Settings, load_settings


@pytest.fixture
async def redis(redis_url: str, settings: Settings) -> AsyncIterator[Redis]:
    """A connection to an empty Redis."""
    client = open_redis(settings.model_copy(update={"redis_url": redis_url}))
    yield client
    await client.aclose(close_connection_pool=True)


@pytest.fixture
async def server() -> AsyncIterator[StripeShaped]:
    """A server that speaks as Stripe does and tells nobody of events."""
    async with stripe_shaped.running() as found:
        found.tell = _nobody  # type: ignore[method-assign]
        yield found


async def _nobody(_: object) -> None:
    pass


@pytest.fixture
async def provider(server: StripeShaped) -> AsyncIterator[StripePayments]:
    """Stripe, as far as that server knows."""
    found = StripePayments(load_settings(stripe_secret_key=KEY, stripe_api_base=server.address))
    yield found
    await found.close()
