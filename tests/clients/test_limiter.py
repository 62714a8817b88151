"""Counting tries, in Redis and in memory alike."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from parkhub.clients.limiter import Limiter, MemoryLimiter, RedisLimiter
from parkhub.clients.redis import open_redis
from parkhub.errors import BusyError, TooOftenError
from parkhub.settings import load_settings


@pytest.fixture(params=["redis", "memory"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    if request.param == "memory":
        yield MemoryLimiter()
        return
    redis = open_redis(load_settings(redis_url=request.getfixturevalue("redis_url")))
    yield RedisLimiter(redis)
    await redis.aclose(close_connection_pool=True)


async def test_tries_run_out(limiter: Limiter) -> None:
    assert [await limiter.hit("a", 3, 60) for _ in range(3)] == [2, 1, 0]
    with pytest.raises(TooOftenError, match="Wait 1 minute, then") as refused:
        await limiter.hit("a", 3, 60)
    assert refused.value.retry_after_s is not None
    assert 0 < refused.value.retry_after_s <= 60


async def test_each_key_counts_for_itself(limiter: Limiter) -> None:
    await limiter.hit("a", 1, 60)
    assert await limiter.hit("b", 1, 60) == 0


async def test_tries_that_are_only_counted_are_never_refused(limiter: Limiter) -> None:
    assert [await limiter.count("a", 60) for _ in range(4)] == [1, 2, 3, 4]
    await limiter.clear("a")
    assert await limiter.count("a", 60) == 1


async def test_cleared_tries_begin_anew(limiter: Limiter) -> None:
    await limiter.hit("a", 1, 60)
    await limiter.clear("a")
    await limiter.clear("never tried")
    assert await limiter.hit("a", 1, 60) == 0


async def test_a_key_is_cleared_with_all_below_it_and_nothing_beside_it(limiter: Limiter) -> None:
    for key in ("a*", "a*:one", "a*:two:more", "a*b", "ab:one"):
        await limiter.count(key, 60)
    await limiter.clear_all("a*")
    await limiter.clear_all("never tried")
    counts = [await limiter.count(key, 60) for key in ("a*", "a*:one", "a*:two:more", "a*b", "ab:one")]
    assert counts == [1, 1, 1, 2, 2]


async def test_a_window_ends(limiter: Limiter) -> None:
    await limiter.hit("a", 1, 1)
    await asyncio.sleep(1.1)
    assert await limiter.hit("a", 1, 1) == 0


async def test_trying_on_does_not_make_the_window_longer(limiter: Limiter) -> None:
    await limiter.hit("a", 1, 30)
    waits = []
    for _ in range(3):
        with pytest.raises(TooOftenError) as refused:
            await limiter.hit("a", 1, 3000)
        waits.append(refused.value.retry_after_s)
    assert all(wait is not None and wait <= 30 for wait in waits)


async def test_tries_at_the_same_time_are_all_counted(limiter: Limiter) -> None:
    left = await asyncio.gather(*(limiter.hit("a", 20, 60) for _ in range(20)))
    assert sorted(left) == list(range(20))


async def test_without_redis_nothing_is_allowed(tmp_path: object) -> None:
    redis = open_redis(load_settings(redis_url=f"unix://{tmp_path}/nobody.sock"))
    limiter = RedisLimiter(redis)
    with pytest.raises(BusyError):
        await limiter.hit("a", 3, 60)
    with pytest.raises(BusyError):
        await limiter.clear("a")
    await redis.aclose(close_connection_pool=True)
