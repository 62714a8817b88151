"""Live updates of a lot's page as server-sent events.

One listener per process hears which lots have changed. Each lot that somebody watches is re-read once per change, at
most twice a second, compared with what was told before, and written into one frame of bytes that all its clients get.
A client that does not keep up is let go: its browser comes back and is told everything. Nothing here is the truth;
a lost message costs a delay, because every watched lot is also re-read every few seconds.
"""

import asyncio
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

import msgspec
import structlog
from litestar import get
from litestar.params import FromPath
from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from parkhub.clients.live import Live
from parkhub.errors import BusyError, NotFoundError, ParkHubError
from parkhub.services import lots
from parkhub.web.csrf import NO_CSRF
from parkhub.web.lot_view import LotView, update
from parkhub.web.templating import AnyRequest

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
START: Final[HTTPResponseStartEvent] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ],
}

ReadLot = Callable[[str], Awaitable[LotView]]


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
        """What a page that has just come is told; written when one comes, and once for all that come together."""
        if self._everything is None:
            self._everything = encode(update(self.view, None) or {})
        return self._everything

    def announce(self) -> None:
        """Have it re-read: at once when nothing was told just before, else as soon as the spacing is over."""
        self._changed.set()

    async def run(self) -> None:
        """Re-read and tell until the lot is gone."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._reread_s):
                    await self._changed.wait()
            self._changed.clear()
            try:
                self._tell(await self._read(self.view.lot.slug))
            except NotFoundError:
                self.close()
                return
            except ParkHubError as error:
                log.warning("lot not re-read", lot=self.view.lot.slug, error=str(error))
            except Exception:  # one lot's trouble must not end its stream for good: the next re-read may do
                log.exception("lot not re-read", lot=self.view.lot.slug)
            await asyncio.sleep(self._spacing_s)

    def _tell(self, view: LotView) -> None:
        told = update(view, self.view)
        self.view = view
        if told is None:
            return
        self._everything = None
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
        self._lots: dict[str, tuple[WatchedLot, asyncio.Task[None]]] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    @property
    def client_count(self) -> int:
        """How many pages are open."""
        return sum(len(lot.clients) for lot, _ in self._lots.values())

    async def join(self, slug: str) -> tuple[WatchedLot, Client]:
        """Begin to watch a lot. Raises NotFoundError, and BusyError when there are too many clients already."""
        if self._closed or self.client_count >= CLIENTS_MAX:
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


@asynccontextmanager
async def open_streams(live: Live) -> AsyncIterator[Streams]:
    """Streams for the life of the process.

    The server waits for open answers to end before it says that it shuts down, and an event stream never ends by
    itself; so the streams are closed by the very signal that stops the server.
    """
    streams = Streams(live, read_lot)
    tasks = [asyncio.create_task(streams.listen()), asyncio.create_task(streams.ping())]
    restore = _close_on_signals(streams.close)
    try:
        yield streams
    finally:
        restore()
        streams.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_lot(slug: str) -> LotView:
    """A lot as it is now."""
    now = datetime.now(UTC)
    return LotView(await lots.lot_status(slug, now), now)


def _close_on_signals(close: Callable[[], None]) -> Callable[[], None]:
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def chained(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    with suppress(ValueError):  # not in the main thread: then nobody signals this server
        for name in (signal.SIGTERM, signal.SIGINT):
            handler = signal.getsignal(name)
            # Python's own and the system's handlers end the process at once, so nothing has to be closed before.
            if callable(handler) and handler is not signal.default_int_handler:
                before[name] = handler
                signal.signal(name, chained)

    def restore() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)

    return restore


async def _watch(receive: Receive, client: Client) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.close()


@get("/lots/{slug:str}/events", opt=NO_CSRF, include_in_schema=False)
async def stream_lot(request: AnyRequest, slug: FromPath[str]) -> ASGIApp:
    """Tell a page everything, then every change, until it goes away or does not keep up.

    The answer is a bare ASGI app: ten thousand of these may be open, and each costs two tasks and a small queue.
    """
    streams: Streams = request.app.state.streams
    lot, client = await streams.join(slug)

    async def answer(_: Scope, receive: Receive, send: Send) -> None:
        client.task = asyncio.current_task()
        watcher = asyncio.create_task(_watch(receive, client))
        try:
            await send(START)
            while (frames := await client.next()) is not None:
                await send({"type": "http.response.body", "body": frames, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            if not client.stuck:
                raise
            log.info("stream given up", lot=lot.view.lot.slug)
        finally:
            streams.leave(lot, client)
            watcher.cancel()

    return answer


routes = [stream_lot]
