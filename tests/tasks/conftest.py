"""What tests of workers share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.settings import Settings

OpenClients = Callable[[Settings], Awaitable[Clients]]


@pytest.fixture
async def opened() -> AsyncIterator[OpenClients]:
    """Open the test's own way to pictures and to Redis; it is closed however the test ends."""
    async with AsyncExitStack() as closing:

        async def to(settings: Settings) -> Clients:
            clients = await open_clients(settings)
            closing.push_async_callback(close_clients, clients)
            return clients

        yield to
