"""The real web application inside the test's own process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar

from parkhub.app import create_app
from parkhub.settings import Settings


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, started. One task starts and stops it, as its task group wants; fixtures use two."""
    app = create_app(settings)
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    task = asyncio.create_task(live())
    starting = asyncio.create_task(started.wait())
    await asyncio.wait([task, starting], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        starting.cancel()
        await task
    try:
        yield app
    finally:
        stop.set()
        await task
