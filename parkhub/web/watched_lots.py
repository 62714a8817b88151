"""Watched lots: who has a lot's page open, and what they are told.

Each lot that somebody watches is re-read once per change, at most twice a second, compared with what was told before,
and written into one frame of bytes that all its clients get. A client that does not keep up is let go: its browser
comes back and is told everything. Nothing here is the truth; a lost message costs a delay, because every watched lot is
also re-read every few seconds.
"""

import asyncio
import resource
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog

from parkhub.clients.live import Live
from parkhub.errors import BusyError, NotFoundError, ParkHubError
from parkhub.web.lot_view import LotView, update

log = structlog.get_logger(__name__)

SPACING_S: Final = 0.5
REREAD_S: Final = 5.0
PING_S: Final = 15.0
FRAMES_WAITING_MAX: Final = 16
CLIENTS_MAX: Final = 20_000
STUCK_S: Final = 10.0
RETRY_MS: Final = 2000

# The comment keeps proxies from closing the line; the event tells the page, which cannot hear comments.
PING: Final = b": ping\nevent: ping\ndata: 1\n\n"

ReadLot = Callable[[str], Awaitable[LotView]]


def clients_max() -> int:
    """As many pages as the process may have files open, and a quarter of those left to everybody else."""
    return min(CLIENTS_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4)


def encode(told: dict[str, Any]) -> bytes:
    """A message as it goes over the wire."""
    return b"event: lot\ndata: " + msgspec.json.encode(told) + b"\n\n"


class Client:
    """One open page: the frames that wait for it, and whether it has been let go."""

    __slots__ = ("_wake", "closed", "frames", "stuck", "task")

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        self.closed = False
        self.stuck = False
        self.task: asyncio.Task[Any] | None = None
        self._wake: asyncio.Future[None] | None = None

    def push(self, frame: bytes) -> None:
        """Put a frame into the line; a client whose line is full is let go."""
        if len(self.frames) >= FRAMES_WAITING_MAX:
            self.close()
            return
        self.frames.append(frame)
        self._rouse()

    def close(self) -> None:
        """Let it go: what waits is dropped."""
        self.closed = True
        self.frames.clear()
        self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def next(self) -> bytes | None:
        """The next frames in one piece, as soon as there are some; None once it is let go."""
        while not self.frames and not self.closed:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        if self.closed:
            return None
        if len(self.frames) == 1:
            return self.frames.popleft()
        joined = b"".join(self.frames)
        self.frames.clear()
        return joined


class WatchedLot:
    """One lot that somebody watches: what was told last, and to whom changes are told."""

    def __init__(self, view: LotView, read: ReadLot, spacing_s: float, reread_s: float) -> None:
        self.clients: set[Client] = set()
        self.view = view
        self._everything: bytes | None = None
        self._changed = asyncio.Event()
        self._read = read
        self._spacing_s = spacing_s
        self._reread_s = reread_s

    @property
    def lot_id(self) -> int:
        """The lot's id, by which changes are announced."""
        return self.view.lot.id

    @property
    def everything(self) -> bytes:
        """What a page that has just come is told; written once for all that come between two re-readings."""
        if self._everything is None:
            self._everything = encode(update(self.view, None) or {})
        return self._everything

    def announce(self) -> None:
        """Have it re-read: at once when nothing was told just before, else as soon as the spacing is over."""
        self._changed.set()

    async def run(self) -> None:
        """Re-read and tell until the lot is gone."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._reread_s):
                    await self._changed.wait()
            self._changed.clear()
            begun = loop.time()
            try:
                self._tell(await self._read(self.view.lot.slug))
            except NotFoundError:
                self.close()
                return
            except ParkHubError as error:
                log.warning("lot not re-read", lot=self.view.lot.slug, error=str(error))
            except Exception:  # one lot's trouble must not end its stream for good: the next re-read may do
                log.exception("lot not re-read", lot=self.view.lot.slug)
            await asyncio.sleep(begun + self._spacing_s - loop.time())

    def _tell(self, view: LotView) -> None:
        told = update(view, self.view)
        # Also when nothing has changed: who comes next must hear how long ago the last look is by now.
        self.view, self._everything = view, None
        if told is not None:
            self.push(encode(told))

    def push(self, frame: bytes) -> None:
        """Give one frame to every client."""
        for client in self.clients:
            client.push(frame)

    def close(self) -> None:
        """Let all clients go."""
        for client in self.clients:
            client.close()


class Streams:
    """All watched lots of one process."""

    def __init__(
        self,
        live: Live,
        read: ReadLot,
        *,
        spacing_s: float = SPACING_S,
        reread_s: float = REREAD_S,
        ping_s: float = PING_S,
    ) -> None:
        self._live = live
        self._read = read
        self._spacing_s = spacing_s
        self._reread_s = reread_s
        self._ping_s = ping_s
        self._clients_max = clients_max()
        self._lots: dict[str, tuple[WatchedLot, asyncio.Task[None]]] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    @property
    def client_count(self) -> int:
        """How many pages are open."""
        return sum(len(lot.clients) for lot, _ in self._lots.values())

    async def join(self, slug: str) -> tuple[WatchedLot, Client]:
        """Begin to watch a lot. Raises NotFoundError, and BusyError when there are too many clients already."""
        if self._closed or self.client_count >= self._clients_max:
            raise BusyError("Too many people watch just now. Try again in a moment.")
        async with self._opening:  # the first to come reads; the others find it open
            held = self._lots.get(slug)
            if held is None or held[1].done():
                lot = WatchedLot(await self._read(slug), self._read, self._spacing_s, self._reread_s)
                held = self._lots[slug] = (lot, asyncio.create_task(lot.run(), name=f"watch {slug}"))
        client = Client()
        client.push(f"retry: {RETRY_MS}\n\n".encode() + held[0].everything)
        held[0].clients.add(client)
        return held[0], client

    def leave(self, lot: WatchedLot, client: Client) -> None:
        """Stop watching; the last one out ends the re-reading."""
        lot.clients.discard(client)
        held = self._lots.get(lot.view.lot.slug)
        if not lot.clients and held is not None and held[0] is lot:
            held[1].cancel()
            del self._lots[lot.view.lot.slug]

    async def listen(self) -> None:
        """Hear what has changed, for as long as the process runs."""
        async for topic in self._live.listen():
            for lot, _ in self._lots.values():
                if topic in ("", f"lot:{lot.lot_id}"):
                    lot.announce()

    async def ping(self) -> None:
        """Say something to every client now and then, and give up on those that are let go and still do not read."""
        while True:
            await asyncio.sleep(self._ping_s)
            for lot, _ in self._lots.values():
                lot.push(PING)
                for client in lot.clients:
                    if client.closed and client.task is not None and not client.stuck:
                        client.stuck = True
                        asyncio.get_running_loop().call_later(STUCK_S, client.task.cancel)

    def close(self) -> None:
        """Let everybody go; nobody can join any more."""
        self._closed = True
        for lot, task in self._lots.values():
            lot.close()
            task.cancel()
