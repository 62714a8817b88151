import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis

from parkhub.clients.live import CHANNEL, Live, MemoryLive, RedisLive
from parkhub.clients.redis import open_redis
from parkhub.settings import Settings


@pytest.fixture(params=["redis", "memory"])
def live(request: pytest.FixtureRequest) -> Live:
    return RedisLive(request.getfixturevalue("redis")) if request.param == "redis" else MemoryLive()


@asynccontextmanager
async def listening(live: Live) -> AsyncIterator[list[str]]:
    """What is heard from now on."""
    heard: list[str] = []

    async def listen() -> None:
        async for topic in live.listen():
            heard.append(topic)  # noqa: PERF401

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool], live: Live | None = None) -> None:
    """Wait; with ``live``, announce `knock` again and again, for a listener that is still connecting."""
    async with asyncio.timeout(60):
        while not true():
            if live is not None:
                await live.announce("knock")
            await asyncio.sleep(0.01)


async def test_everybody_hears_every_topic_in_order(live: Live) -> None:
    async with listening(live) as one, listening(live) as other:
        await until(lambda: "knock" in one and "knock" in other, live)
        for number in range(20):
            await live.announce(f"lot:{number}")
        await until(lambda: "lot:19" in one and "lot:19" in other)
        for heard in (one, other):
            assert [topic for topic in heard if topic != "knock"] == [f"lot:{number}" for number in range(20)]


async def test_a_first_connection_is_no_gap(live: Live) -> None:
    async with listening(live) as heard:
        await until(lambda: bool(heard), live)
        assert "" not in heard


async def test_after_a_lost_connection_the_listener_is_told_to_read_again_and_hears_on(redis: Redis) -> None:
    live = RedisLive(redis)
    async with listening(live) as heard:
        await until(lambda: bool(heard), live)
        await redis.client_kill_filter(_type="pubsub")
        await until(lambda: "" in heard)
        await live.announce("lot:1")
        await until(lambda: heard[-1] == "lot:1")
        assert heard.count("") == 1


async def test_a_listener_that_ends_leaves_no_connection(redis: Redis) -> None:
    live = RedisLive(redis)
    async with listening(live) as heard:
        await until(lambda: bool(heard), live)
        assert dict(await redis.pubsub_numsub(CHANNEL)) == {CHANNEL.encode(): 1}
    async with asyncio.timeout(60):
        while dict(await redis.pubsub_numsub(CHANNEL)) != {CHANNEL.encode(): 0}:
            await asyncio.sleep(0.01)


async def test_announcing_never_fails_the_work_it_is_about(settings: Settings) -> None:
    away = open_redis(settings)  # nobody listens in the data folder
    await RedisLive(away).announce("lot:1")
    await away.aclose(close_connection_pool=True)
