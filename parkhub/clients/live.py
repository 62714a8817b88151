"""Live updates between processes: a topic and an id, never data. A lost message costs a delay, never the truth."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

import structlog
from redis.asyncio import Redis

from parkhub.clients.redis import AWAY

CHANNEL = "parkhub:live"
RE_READ = ""
"""What a listener hears after a gap: whatever it shows may be old."""

_BACKOFF_FIRST_S = 0.1
_BACKOFF_MAX_S = 5.0
_PING_S = 15.0

log = structlog.get_logger()


class Live(Protocol):
    """Announce to, and hear from, every process. Topics: `lot:<id>`."""

    async def announce(self, topic: str) -> None:
        """Tell everybody who listens that what the topic names has changed. Never raises because nobody could hear."""

    def listen(self) -> AsyncIterator[str]:
        """Topics as they come; "" after a gap, which means: re-read everything. Ends when the caller closes it."""


class RedisLive:
    """The real one: Redis pub/sub on one channel. One listener per process is enough."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def announce(self, topic: str) -> None:
        """See `Live`."""
        try:
            await self._redis.publish(CHANNEL, topic)
        except AWAY as error:
            log.warning("live.announce_failed", topic=topic, error=str(error))

    async def listen(self) -> AsyncIterator[str]:
        """See `Live`. Connects again with growing pauses, 0.1 s to 5 s, for as long as it is read."""
        delay_s = _BACKOFF_FIRST_S
        subscribed_before = False
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.subscribe(CHANNEL)
                while True:
                    message = await pubsub.get_message(timeout=_PING_S)
                    if message is None:
                        continue
                    if message["type"] == "message":
                        yield message["data"].decode()
                    elif message["type"] == "subscribe":
                        # redis-py connects again by itself now and then; this is how it shows.
                        if subscribed_before:
                            log.info("live.listening_again")
                            yield RE_READ
                        subscribed_before = True
                        delay_s = _BACKOFF_FIRST_S
            except AWAY as error:
                log.warning("live.connection_lost", error=str(error))
            finally:
                with suppress(*AWAY):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, _BACKOFF_MAX_S)


class MemoryLive:
    """A stand-in for one process; ``announced`` keeps every topic, oldest first."""

    def __init__(self) -> None:
        self.announced: list[str] = []
        self._listeners: set[asyncio.Queue[str]] = set()

    async def announce(self, topic: str) -> None:
        """See `Live`."""
        self.announced.append(topic)
        for queue in self._listeners:
            queue.put_nowait(topic)

    async def listen(self) -> AsyncIterator[str]:
        """See `Live`."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
