"""Live updates of pages as server-sent events: one Redis listener per process, one bare ASGI answer per page."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

import structlog
from litestar import get
from litestar.params import FromPath
from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from parkhub.clients.live import Live
from parkhub.domain.accounts import Account
from parkhub.errors import FactorRequiredError, ForbiddenError, NotFoundError, ParkHubError, SignInRequiredError
from parkhub.languages import Language
from parkhub.services import lots
from parkhub.web.csrf import NO_CSRF
from parkhub.web.lot_view import LotView, update
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest, signed_in_account
from parkhub.web.watched import ACCOUNT, Client, Source, Streams, encode

log = structlog.get_logger(__name__)

ASKED_S: Final = 5.0
NO_MORE: Final = (SignInRequiredError, FactorRequiredError, ForbiddenError, NotFoundError)
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


@asynccontextmanager
async def open_streams(live: Live) -> AsyncIterator[Streams]:
    """Streams for the life of the process.

    The server waits for open answers to end before it says that it shuts down, and an event stream never ends by
    itself; so the streams are closed by the very signal that stops the server.
    """
    streams = Streams(live)
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


def _start(more: Sequence[tuple[bytes, bytes]]) -> HTTPResponseStartEvent:
    """A message of the stream's own: hooks put more headers into it."""
    return {"type": "http.response.start", "status": 200, "headers": [*HEADERS, *more]}


@dataclass(frozen=True)
class LotSource:
    """A lot's page in one language."""

    slug: str
    language: Language

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "lot", self.slug, self.language.code

    async def read(self) -> LotView:
        """See `Source`."""
        now = datetime.now(UTC)
        return LotView(await lots.lot_status(self.slug, now), now, self.language)

    def topics(self, view: LotView) -> frozenset[str]:
        """See `Source`."""
        return frozenset({f"lot:{view.lot.id}"})

    def tell(self, view: LotView, before: LotView | None) -> bytes | None:
        """See `Source`."""
        told = update(view, before)
        return None if told is None else encode("lot", told)

    def due_s(self, view: LotView) -> None:
        """See `Source`."""


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


async def _stay_allowed(request: AnyRequest, client: Client, account: Account) -> None:
    """Let somebody go who may no longer watch: signed out, shut out, without the right or the second factor.

    Whoever may see more or less than before goes as well: their browser comes back and is told what they may see now.
    Asked when their account changes, and every few seconds because no announcement is certain and a sign-in ends by
    itself.
    """
    client.topic, client.doubted = f"{ACCOUNT}{account.id}", asyncio.Event()
    try:
        while await _may_watch(request, account):  # at once: it may have changed since the page was let in
            with suppress(TimeoutError):
                async with asyncio.timeout(ASKED_S):
                    await client.doubted.wait()
            client.doubted.clear()
    finally:  # whatever went wrong: nobody goes on unasked
        client.close()


async def _may_watch(request: AnyRequest, account: Account) -> bool:
    request.scope.pop("user", None)  # type: ignore[misc]
    try:
        for guard in request.route_handler.resolve_guards():
            await guard(request, request.route_handler)  # type: ignore[misc]
    except NO_MORE:
        return False
    except ParkHubError as error:
        log.warning("not asked whether somebody may watch", error=str(error))
        return True
    now = signed_in_account(request)
    return now is not None and (now.rights, now.everywhere, now.lot_ids) == (
        account.rights,
        account.everywhere,
        account.lot_ids,
    )


@get("/lots/{slug:str}/events", opt=NO_CSRF, include_in_schema=False)
async def stream_lot(request: AnyRequest, slug: FromPath[str]) -> ASGIApp:
    """Tell a page everything, then every change."""
    return await stream(request, LotSource(slug, spoken(request)))


async def stream(request: AnyRequest, source: Source[Any], headers: Sequence[tuple[bytes, bytes]] = ()) -> ASGIApp:
    """Tell a page everything, then every change, until it goes away or does not keep up.

    The answer is a bare ASGI app: ten thousand of these may be open, and each costs two tasks and a small queue.
    """
    streams: Streams = request.app.state.streams
    watched, client = await streams.join(source)

    async def answer(_: Scope, receive: Receive, send: Send) -> None:
        client.task = asyncio.current_task()
        tasks = [asyncio.create_task(_watch(receive, client))]
        account = signed_in_account(request)
        if account is not None:
            tasks.append(asyncio.create_task(_stay_allowed(request, client, account)))
        try:
            await send(_start(headers))
            while (frames := await client.next()) is not None:
                await send({"type": "http.response.body", "body": frames, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            if not client.stuck:
                raise
            log.info("stream given up", watched=type(source).__name__)
        finally:
            streams.leave(watched, client)
            for task in tasks:
                task.cancel()

    return answer


routes = [stream_lot]
