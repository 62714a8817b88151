"""The real web application inside the test's own process."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar

from parkhub.app import create_app
from parkhub.settings import Settings

_free: Final[dict[object, list[Litestar]]] = defaultdict(list)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, started. One task starts and stops it, as its task group wants; fixtures use two.

    Registering hundreds of routes takes longer than most tests, so one that was stopped is lent again. Only the key
    of its CSRF tokens stays the one it was built with.
    """
    built_by = settings.secure_cookies, settings.checkout_origins
    app = _free[built_by].pop() if _free[built_by] else create_app(settings)
    app.state.settings = settings
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
        _free[built_by].append(app)
