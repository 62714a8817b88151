"""Where the payment sandbox keeps its objects: documents by key, changed one at a time."""

import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import WatchError

from parkhub.clients.redis import AWAY
from parkhub.errors import BusyError

Document = dict[str, Any]
Change = Callable[[Document | None], Document | None]
"""From the document as it is (None: there is none) to what it becomes; None leaves it as it is. May be called again."""

_PREFIX: Final = "parkhub:sandbox:"
_KEEP_S: Final = 90 * 24 * 3600
_SCAN: Final = 500


class Shelf(Protocol):
    """Documents of JSON values. Raises BusyError when it is away."""

    async def get(self, key: str) -> Document | None:
        """The document, None when there is none."""

    async def change(self, key: str, change: Change) -> Document | None:
        """Change a document, with nobody in between; answers it as it then is."""

    async def list(self, prefix: str) -> list[Document]:
        """Documents whose keys begin so, in no order."""


class RedisShelf:
    """The real one. A document goes ninety days after its last change."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, key: str) -> Document | None:
        """See `Shelf`."""
        try:
            return _read(await self._redis.get(_PREFIX + key))
        except AWAY as error:
            raise _away() from error

    async def change(self, key: str, change: Change) -> Document | None:
        """See `Shelf`."""
        try:
            async with self._redis.pipeline() as pipe:
                while True:
                    await pipe.watch(_PREFIX + key)
                    before = _read(await pipe.get(_PREFIX + key))
                    after = change(before)
                    if after is None:
                        return before
                    pipe.multi()  # type: ignore[no-untyped-call]
                    pipe.set(_PREFIX + key, json.dumps(after), ex=_KEEP_S)
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue
                    return after
        except AWAY as error:
            raise _away() from error

    async def list(self, prefix: str) -> list[Document]:
        """See `Shelf`."""
        try:
            keys = [key async for key in self._redis.scan_iter(match=f"{_PREFIX}{prefix}*", count=_SCAN)]
            found = await self._redis.mget(keys) if keys else []
        except AWAY as error:
            raise _away() from error
        return [json.loads(each) for each in found if each is not None]


class MemoryShelf:
    """A stand-in for one process."""

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}

    async def get(self, key: str) -> Document | None:
        """See `Shelf`."""
        return _read(self._documents.get(key))

    async def change(self, key: str, change: Change) -> Document | None:
        """See `Shelf`."""
        before = _read(self._documents.get(key))
        after = change(before)
        if after is None:
            return before
        self._documents[key] = json.dumps(after)
        return after

    async def list(self, prefix: str) -> list[Document]:
        """See `Shelf`."""
        return [json.loads(text) for key, text in self._documents.items() if key.startswith(prefix)]


def _read(text: str | bytes | None) -> Document | None:
    return None if text is None else json.loads(text)


def _away() -> BusyError:
    return BusyError("The payment sandbox is away. Try again in a moment.", retry_after_s=5)
