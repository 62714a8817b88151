"""How often somebody may try: counters that start with the first try and end by themselves."""

import re
import time
from typing import Protocol

from redis.asyncio import Redis

from parkhub.clients.redis import AWAY
from parkhub.errors import BusyError, TooOftenError

_PREFIX = "parkhub:tries:"


class Limiter(Protocol):
    """Counts tries per key within a window that begins with the first of them."""

    async def hit(self, key: str, limit: int, window_s: int) -> int:
        """Count one try; answer how many are left.

        Raises TooOftenError, with the seconds until the window ends, from try ``limit`` + 1 on, and BusyError when
        tries cannot be counted: what is limited must not become unlimited because the counter is away.
        """

    async def count(self, key: str, window_s: int) -> int:
        """Count one try that is never refused; answer how many there are by now. Raises BusyError."""

    async def clear(self, key: str) -> None:
        """Forget the tries of a key. Raises BusyError."""

    async def clear_all(self, key: str) -> None:
        """Forget the tries of a key and of every ``key:…`` below it; looks at all keys. Raises BusyError."""


def _judge(tries: int, wait_s: int, limit: int) -> int:
    if tries > limit:
        minutes = max(1, -(-wait_s // 60))
        raise TooOftenError(
            f"That was tried too often. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again.",
            retry_after_s=max(1, wait_s),
        )
    return limit - tries


class RedisLimiter:
    """The real one: one counter with an end per key, shared by every web process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def hit(self, key: str, limit: int, window_s: int) -> int:
        """See `Limiter`."""
        return _judge(*await self._count(key, window_s), limit)

    async def count(self, key: str, window_s: int) -> int:
        """See `Limiter`."""
        return (await self._count(key, window_s))[0]

    async def _count(self, key: str, window_s: int) -> tuple[int, int]:
        """Tries by now, and seconds until the window ends."""
        name = _PREFIX + key
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.set(name, 0, ex=window_s, nx=True)
                pipe.incr(name)
                pipe.ttl(name)
                _, tries, left_s = await pipe.execute()
        except AWAY as error:
            raise BusyError("Tries cannot be counted just now. Try again in a moment.") from error
        return int(tries), int(left_s)

    async def clear(self, key: str) -> None:
        """See `Limiter`."""
        try:
            await self._redis.delete(_PREFIX + key)
        except AWAY as error:
            raise BusyError("Tries cannot be counted just now. Try again in a moment.") from error

    async def clear_all(self, key: str) -> None:
        """See `Limiter`."""
        name = _PREFIX + key
        below = re.sub(r"([*?\[\]\\])", r"\\\1", name) + ":*"
        try:
            found = [key async for key in self._redis.scan_iter(match=below, count=1000)]
            await self._redis.delete(name, *found)
        except AWAY as error:
            raise BusyError("Tries cannot be counted just now. Try again in a moment.") from error


class MemoryLimiter:
    """A stand-in for one process."""

    def __init__(self) -> None:
        self._tries: dict[str, tuple[int, float]] = {}

    async def hit(self, key: str, limit: int, window_s: int) -> int:
        """See `Limiter`."""
        return _judge(*self._count(key, window_s), limit)

    async def count(self, key: str, window_s: int) -> int:
        """See `Limiter`."""
        return self._count(key, window_s)[0]

    def _count(self, key: str, window_s: int) -> tuple[int, int]:
        """Tries by now, and seconds until the window ends."""
        now = time.monotonic()
        tries, ends = self._tries.get(key, (0, 0.0))
        if ends <= now:
            tries, ends = 0, now + window_s
        self._tries[key] = (tries + 1, ends)
        return tries + 1, int(ends - now)

    async def clear(self, key: str) -> None:
        """See `Limiter`."""
        self._tries.pop(key, None)

    async def clear_all(self, key: str) -> None:
        """See `Limiter`."""
        self._tries = {name: tries for name, tries in self._tries.items() if not f"{name}:".startswith(f"{key}:")}
