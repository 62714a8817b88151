"""What open pages watch: a lot, a stay, a payment; who has such a page open, and what they are told.

Each thing that somebody watches is re-read once per change, at most twice a second, compared with what was told before,
and written into one frame of bytes that all its clients get. A client that does not keep up is let go: its browser
comes back and is told everything. Nothing here is the truth; a lost message costs a delay, because whatever is watched
is also re-read every few seconds, or when it says that it changes by itself.
"""

import asyncio
import resource
from collections import deque
from collections.abc import Hashable
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
import structlog

from parkhub.clients.live import Live
from parkhub.errors import BusyError, NotFoundError, ParkHubError

log = structlog.get_logger(__name__)

SPACING_S: Final = 0.5
REREAD_S: Final = 5.0
PING_S: Final = 15.0
FRAMES_WAITING_MAX: Final = 16
CLIENTS_MAX: Final = 20_000
STUCK_S: Final = 10.0
RETRY_MS: Final = 2000
ACCOUNT: Final = "account:"
"""What announces a change of a person's account begins so."""

# The comment keeps proxies from closing the line; the event tells the page, which cannot hear comments.
PING: Final = b": ping\nevent: ping\ndata: 1\n\n"

View = TypeVar("View")


class Source(Protocol[View]):
    """Something that can be watched, as it is told in one language.

    One with a ``spacing_s`` of its own is re-read so often at most; else twice a second.
    """

    @property
    def key(self) -> Hashable:
        """The same for whoever may share what is told."""

    async def read(self) -> View:
        """As it is now. Raises NotFoundError when it is gone."""

    def topics(self, view: View) -> frozenset[str]:
        """By which its changes are announced."""

    def tell(self, view: View, before: View | None) -> bytes | None:
        """A frame with everything without ``before``, else with what has changed; None when nothing has."""

    def due_s(self, view: View) -> float | None:
        """Seconds until it changes by itself; None: nobody can say."""


def clients_max() -> int:
    """As many pages as the process may have files open, and a quarter of those left to everybody else."""
    return min(CLIENTS_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4)


def encode(event: str, told: dict[str, Any]) -> bytes:
    """A message as it goes over the wire."""
    return b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(told) + b"\n\n"


class Client:
    """One open page: the frames that wait for it, and whether it has been let go."""

    __slots__ = ("_wake", "closed", "doubted", "frames", "stuck", "task", "topic")

    def __init__(self) -> None:
        self.topic = ""
        self.doubted: asyncio.Event | None = None
        self.frames: deque[bytes] = deque()
        self.closed = False
        self.stuck = False
        self.task: asyncio.Task[Any] | None = None
        self._wake: asyncio.Future[None] | None = None

    def heard(self, topic: str) -> None:
        """Whether it may still watch is to be asked anew: its person's account has changed, or that may be."""
        if self.doubted is not None and topic in ("", self.topic):
            self.doubted.set()

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


class Watched(Generic[View]):
    """One thing that somebody watches: what was told last, and to whom changes are told."""

    def __init__(self, source: Source[View], view: View, spacing_s: float, reread_s: float) -> None:
        self.clients: set[Client] = set()
        self.source = source
        self._view = view
        self._everything: bytes | None = None
        self._changed = asyncio.Event()
        self._spacing_s = spacing_s
        self._reread_s = reread_s

    @property
    def everything(self) -> bytes:
        """What a page that has just come is told; written once for all that come between two re-readings."""
        if self._everything is None:
            self._everything = self.source.tell(self._view, None) or b""
        return self._everything

    def heard(self, topic: str) -> None:
        """Have it re-read if the topic is its own, or "": at once when nothing was told just before, else as soon as
        the spacing is over.
        """
        if not topic or topic in self.source.topics(self._view):
            self._changed.set()

    async def run(self) -> None:
        """Re-read and tell until it is gone."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = self.source.due_s(self._view)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._reread_s if due_s is None else due_s):
                    await self._changed.wait()
            self._changed.clear()
            begun = loop.time()
            try:
                self._tell(await self.source.read())
            except NotFoundError:
                self.close()
                return
            except ParkHubError as error:
                log.warning("not re-read", watched=type(self.source).__name__, error=str(error))
            except Exception:  # one thing's trouble must not end its stream for good: the next re-read may do
                log.exception("not re-read", watched=type(self.source).__name__)
            await asyncio.sleep(begun + self._spacing_s - loop.time())

    def _tell(self, view: View) -> None:
        told = self.source.tell(view, self._view)
        # Also when nothing has changed: who comes next must hear how long ago the last look is by now.
        self._view, self._everything = view, None
        if told is not None:
            self.push(told)

    def push(self, frame: bytes) -> None:
        """Give one frame to every client."""
        for client in self.clients:
            client.push(frame)

    def close(self) -> None:
        """Let all clients go."""
        for client in self.clients:
            client.close()


class Streams:
    """Everything that is watched in one process."""

    def __init__(
        self, live: Live, *, spacing_s: float = SPACING_S, reread_s: float = REREAD_S, ping_s: float = PING_S
    ) -> None:
        self._live = live
        self._spacing_s = spacing_s
        self._reread_s = reread_s
        self._ping_s = ping_s
        self._clients_max = clients_max()
        self._held: dict[Hashable, tuple[Watched[Any], asyncio.Task[None]]] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    @property
    def client_count(self) -> int:
        """How many pages are open."""
        return sum(len(watched.clients) for watched, _ in self._held.values())

    async def join(self, source: Source[Any]) -> tuple[Watched[Any], Client]:
        """Begin to watch. Raises what reading raises, and BusyError when there are too many clients already."""
        async with self._opening:  # the first to come reads; the others find it open
            self._check_room()
            held = self._held.get(source.key)
            if held is None or held[1].done():
                spacing_s = getattr(source, "spacing_s", self._spacing_s)
                watched = Watched(source, await source.read(), spacing_s, self._reread_s)
                self._check_room()  # once more: everybody may have been let go while it was read
                task = asyncio.create_task(watched.run(), name=f"watch {type(source).__name__}")
                held = self._held[source.key] = (watched, task)
        client = Client()
        client.push(f"retry: {RETRY_MS}\n\n".encode() + held[0].everything)
        held[0].clients.add(client)
        return held[0], client

    def _check_room(self) -> None:
        if self._closed or self.client_count >= self._clients_max:
            raise BusyError("Too many people watch just now. Try again in a moment.")

    def leave(self, watched: Watched[Any], client: Client) -> None:
        """Stop watching; the last one out ends the re-reading."""
        watched.clients.discard(client)
        held = self._held.get(watched.source.key)
        if not watched.clients and held is not None and held[0] is watched:
            held[1].cancel()
            del self._held[watched.source.key]

    async def listen(self) -> None:
        """Hear what has changed, for as long as the process runs."""
        async for topic in self._live.listen():
            for watched, _ in self._held.values():
                watched.heard(topic)
                if not topic or topic.startswith(ACCOUNT):
                    for client in watched.clients:
                        client.heard(topic)

    async def ping(self) -> None:
        """Say something to every client now and then, and give up on those that are let go and still do not read."""
        while True:
            await asyncio.sleep(self._ping_s)
            for watched, _ in self._held.values():
                watched.push(PING)
                for client in watched.clients:
                    if client.closed and client.task is not None and not client.stuck:
                        client.stuck = True
                        asyncio.get_running_loop().call_later(STUCK_S, client.task.cancel)

    def close(self) -> None:
        """Let everybody go; nobody can join any more."""
        self._closed = True
        for watched, task in self._held.values():
            watched.close()
            task.cancel()
