"""Live updates: what an open page is told, when, and who is let go."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import NOW, a_lot, a_spot, after
from litestar import Litestar

from parkhub.clients import Clients
from parkhub.clients.live import MemoryLive
from parkhub.db import spots
from parkhub.domain.lots import LotStatus, SpotStatus
from parkhub.domain.spots import SpotKind, SpotState, SpotTrack
from parkhub.errors import BusyError, NotFoundError
from parkhub.web.lot_view import LotView, update
from parkhub.web.watched import FRAMES_WAITING_MAX, PING, Client, Streams, encode

LOT = a_lot(id=7, slug="harbour", name="Harbour")
LONG_S = 60.0


class TheLot:
    """A lot whose states a test sets; counts how often it is read."""

    def __init__(self, names: int = 3) -> None:
        kinds = [SpotKind.STANDARD, SpotKind.EV]
        self.spots = [a_spot(f"A{at}", id=at, kind=kinds[at % 2]) for at in range(names)]
        self.states = {spot.name: SpotState.FREE for spot in self.spots}
        self.as_of = NOW
        self.age_s = 1.0
        self.reads = 0
        self.fails: Exception | None = None
        self.changes_in_s: float | None = None

    def view(self) -> LotView:
        known = tuple(SpotStatus(spot, SpotTrack(spot.name, self.states[spot.name])) for spot in self.spots)
        return LotView(LotStatus(LOT, self.as_of, known), self.as_of + timedelta(seconds=self.age_s))

    @property
    def key(self) -> str:
        return LOT.slug

    async def read(self) -> LotView:
        self.reads += 1
        if self.fails is not None:
            raise self.fails
        return self.view()

    def topics(self, view: LotView) -> frozenset[str]:
        return frozenset({f"lot:{view.lot.id}"})

    def tell(self, view: LotView, before: LotView | None) -> bytes | None:
        change = update(view, before)
        return None if change is None else encode("lot", change)

    def due_s(self, view: LotView) -> float | None:
        return self.changes_in_s


@pytest.fixture
def lot() -> TheLot:
    return TheLot()


Open = Callable[..., Awaitable[Streams]]


@pytest.fixture
async def live() -> MemoryLive:
    return MemoryLive()


@pytest.fixture
async def streams(lot: TheLot, live: MemoryLive) -> AsyncIterator[Streams]:
    """Streams that re-read only when something is announced, as often as it is."""
    found = Streams(live, spacing_s=0, reread_s=LONG_S, ping_s=LONG_S)
    listening = asyncio.create_task(found.listen())
    await asyncio.sleep(0)
    yield found
    found.close()
    listening.cancel()


def told(frames: bytes | None) -> list[dict[str, Any]]:
    """Data of the `lot` events in what was sent."""
    assert frames is not None
    events = [block for block in frames.decode().split("\n\n") if block.startswith("event: lot\n")]
    return [json.loads(block.split("\ndata: ", 1)[1]) for block in events]


async def settle() -> None:
    """Let every task that can run have its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_comes_is_told_everything(streams: Streams, lot: TheLot) -> None:
    _, client = await streams.join(lot)
    frames = await client.next()
    assert frames is not None
    assert frames.startswith(b"retry: ")
    [everything] = told(frames)
    assert everything["spots"] == {"A0": "free", "A1": "free", "A2": "free"}
    assert everything["kinds"] == {"standard": 2, "ev": 1}
    assert everything["text"]["title"] == "Harbour: 3 places free"
    assert (everything["clock"], everything["age_s"]) == ("11:00:00", 1.0)


async def test_a_change_tells_only_what_changed(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    _, client = await streams.join(lot)
    await client.next()
    lot.states["A1"] = SpotState.OCCUPIED
    await live.announce("lot:7")
    [change] = told(await client.next())
    assert change["spots"] == {"A1": "occupied"}
    assert change["kinds"] == {"ev": 0}
    assert change["text"] == {
        "hero": "2",
        "title": "Harbour: 2 places free",
        "map": "Plan of Harbour: 2 of 3 places free",
    }


async def test_other_lots_and_topics_are_none_of_its_business(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    await streams.join(lot)
    for topic in ("lot:8", "lot:77", "camera:7", "recording:7"):
        await live.announce(topic)
    await settle()
    assert lot.reads == 1


async def test_a_look_that_changes_nothing_but_its_time_is_told_shortly(
    streams: Streams, lot: TheLot, live: MemoryLive
) -> None:
    _, client = await streams.join(lot)
    await client.next()
    lot.as_of = after(5)
    await live.announce("lot:7")
    assert told(await client.next()) == [{"clock": "11:00:05", "age_s": 1.0}]


async def test_nothing_new_is_not_told(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    _, client = await streams.join(lot)
    await client.next()
    await live.announce("lot:7")
    await settle()
    assert lot.reads == 2
    assert not client.frames


async def test_who_comes_later_is_told_how_old_the_last_look_is_by_then(
    streams: Streams, lot: TheLot, live: MemoryLive
) -> None:
    await streams.join(lot)
    lot.age_s = 3000.0
    await live.announce("lot:7")  # read again, and nothing has changed
    await settle()
    _, late = await streams.join(lot)
    [everything] = told(await late.next())
    assert everything["age_s"] == 3000.0


async def test_many_changes_in_one_moment_are_read_and_told_once(lot: TheLot, live: MemoryLive) -> None:
    found = Streams(live, spacing_s=LONG_S, reread_s=LONG_S, ping_s=LONG_S)
    listening = asyncio.create_task(found.listen())
    await asyncio.sleep(0)
    _, client = await found.join(lot)
    await client.next()
    lot.states["A0"] = SpotState.OCCUPIED
    await live.announce("lot:7")
    [first] = told(await client.next())
    assert first["spots"] == {"A0": "occupied"}
    for name in ("A1", "A2"):
        lot.states[name] = SpotState.OCCUPIED
        await live.announce("lot:7")
    await settle()
    assert lot.reads == 2  # the first change at once, the others only after the spacing
    found.close()
    listening.cancel()


async def test_changes_within_the_spacing_come_together_after_it(lot: TheLot, live: MemoryLive) -> None:
    found = Streams(live, spacing_s=0.5, reread_s=LONG_S, ping_s=LONG_S)
    listening = asyncio.create_task(found.listen())
    await asyncio.sleep(0)
    _, client = await found.join(lot)
    await client.next()
    got = []
    async with asyncio.timeout(60):
        for names in (["A0"], ["A1", "A2"]):
            for name in names:
                lot.states[name] = SpotState.OCCUPIED
                await live.announce("lot:7")
                await settle()
            got += told(await client.next())
    assert [change["spots"] for change in got] == [{"A0": "occupied"}, {"A1": "occupied", "A2": "occupied"}]
    assert lot.reads == 3
    found.close()
    listening.cancel()


async def test_a_gap_in_listening_means_reading_everything_again(
    streams: Streams, lot: TheLot, live: MemoryLive
) -> None:
    _, client = await streams.join(lot)
    await client.next()
    lot.states["A2"] = SpotState.UNKNOWN
    await live.announce("")
    [change] = told(await client.next())
    assert change["spots"] == {"A2": "unknown"}
    assert change["text"]["tail"] == "1 place cannot be seen just now."


async def test_without_any_announcement_age_alone_is_noticed(lot: TheLot, live: MemoryLive) -> None:
    found = Streams(live, spacing_s=0, reread_s=0.02, ping_s=LONG_S)
    _, client = await found.join(lot)
    await client.next()
    lot.states["A0"] = SpotState.UNKNOWN
    [change] = told(await client.next())
    assert change["spots"] == {"A0": "unknown"}
    found.close()


async def test_what_says_that_it_changes_by_itself_is_read_then(lot: TheLot, live: MemoryLive) -> None:
    found = Streams(live, spacing_s=0, reread_s=LONG_S, ping_s=LONG_S)
    lot.changes_in_s = 0.02
    _, client = await found.join(lot)
    await client.next()
    lot.states["A0"] = SpotState.UNKNOWN
    [change] = told(await client.next())
    assert change["spots"] == {"A0": "unknown"}
    found.close()


async def test_everybody_gets_the_same_bytes(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    clients = [(await streams.join(lot))[1] for _ in range(3)]
    assert lot.reads == 1
    for client in clients:
        await client.next()
    lot.states["A1"] = SpotState.OCCUPIED
    await live.announce("lot:7")
    first, second, third = [await client.next() for client in clients]
    assert first is second is third


async def test_a_client_that_does_not_keep_up_is_let_go_and_the_others_are_not(
    streams: Streams, lot: TheLot, live: MemoryLive
) -> None:
    watched, slow = await streams.join(lot)
    _, quick = await streams.join(lot)
    for at in range(FRAMES_WAITING_MAX + 1):
        await quick.next()
        lot.as_of = after(at + 1)
        await live.announce("lot:7")
        await settle()
    assert slow.closed
    assert await slow.next() is None
    assert not quick.closed
    assert len(watched.clients) == 2
    streams.leave(watched, slow)
    assert watched.clients == {quick}


async def test_frames_that_wait_are_sent_in_one_piece() -> None:
    client = Client()
    client.push(b"a")
    client.push(b"b")
    assert await client.next() == b"ab"


async def test_who_comes_back_is_told_what_happened_meanwhile(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    watched, client = await streams.join(lot)
    streams.leave(watched, client)
    lot.states["A0"] = SpotState.OCCUPIED
    _, again = await streams.join(lot)
    [everything] = told(await again.next())
    assert everything["spots"]["A0"] == "occupied"
    assert streams.client_count == 1


async def test_a_lot_nobody_watches_is_not_read(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    watched, client = await streams.join(lot)
    streams.leave(watched, client)
    await live.announce("lot:7")
    await settle()
    assert lot.reads == 1


async def test_a_database_that_is_away_is_waited_for(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    _, client = await streams.join(lot)
    await client.next()
    lot.fails = BusyError("The database is away.")
    await live.announce("lot:7")
    await settle()
    assert not client.closed
    lot.fails, lot.states["A0"] = None, SpotState.OCCUPIED
    await live.announce("lot:7")
    [change] = told(await client.next())
    assert change["spots"] == {"A0": "occupied"}


async def test_a_lot_that_is_gone_ends_its_streams(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    _, client = await streams.join(lot)
    await client.next()
    lot.fails = NotFoundError("It is gone.")
    await live.announce("lot:7")
    assert await client.next() is None
    with pytest.raises(NotFoundError):
        await streams.join(lot)


async def test_a_ping_is_heard_by_proxies_and_pages(lot: TheLot, live: MemoryLive) -> None:
    found = Streams(live, spacing_s=0, reread_s=LONG_S, ping_s=0.01)
    _, client = await found.join(lot)
    await client.next()
    pinging = asyncio.create_task(found.ping())
    assert await client.next() == PING
    assert PING.startswith(b": ")
    assert b"event: ping\ndata: " in PING
    pinging.cancel()
    found.close()


async def test_open_pages_leave_files_for_everybody_else(live: MemoryLive, lot: TheLot) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    few = used + 40
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        found = Streams(live, spacing_s=LONG_S, reread_s=LONG_S, ping_s=LONG_S)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for _ in range(few * 3 // 4):
        await found.join(lot)
    with pytest.raises(BusyError):
        await found.join(lot)
    found.close()


async def test_a_stop_ends_every_stream_and_lets_nobody_in(streams: Streams, lot: TheLot) -> None:
    _, client = await streams.join(lot)
    streams.close()
    assert await client.next() is None
    with pytest.raises(BusyError):
        await streams.join(lot)


async def test_who_comes_while_everybody_is_let_go_is_not_let_in(streams: Streams, lot: TheLot) -> None:
    async def read_slowly() -> LotView:
        streams.close()  # the stop comes in the middle of the first reading
        return lot.view()

    lot.read = read_slowly  # type: ignore[method-assign]
    with pytest.raises(BusyError):
        await streams.join(lot)
    assert streams.client_count == 0


async def test_spots_that_moved_make_the_page_draw_itself_anew(streams: Streams, lot: TheLot, live: MemoryLive) -> None:
    _, client = await streams.join(lot)
    [before] = told(await client.next())
    moved = lot.spots[0]
    lot.spots[0] = replace(moved, plan=replace(moved.plan, x=moved.plan.x + 1))
    await live.announce("lot:7")
    [change] = told(await client.next())
    assert change["layout"] != before["layout"]


def test_one_change_in_a_lot_of_400_is_under_two_kilobytes() -> None:
    lot = TheLot(400)
    before = lot.view()
    lot.states["A7"] = SpotState.OCCUPIED
    change = update(lot.view(), before)
    assert change is not None
    assert len(encode("lot", change)) < 500


def stream_scope() -> dict[str, Any]:
    """A browser that opens the stream of the lot called harbour."""
    return {
        "type": "http",
        "method": "GET",
        "path": "/lots/harbour/events",
        "raw_path": b"/lots/harbour/events",
        "query_string": b"",
        "headers": [(b"accept", b"text/event-stream"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1),
        "server": ("parkhub.test", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
    }


async def test_over_http_the_stream_begins_with_everything_and_follows_redis(app: Litestar) -> None:
    lot = await builders.save_lot(slug="harbour")
    camera = await builders.save_camera(lot, 2)
    clients: Clients = app.state.clients
    gone = asyncio.Event()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    answering = asyncio.create_task(app(stream_scope(), receive, sent.put))  # type: ignore[arg-type]
    start = await sent.get()
    headers = dict(start["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"x-accel-buffering"] == b"no"
    assert b"content-encoding" not in headers
    [everything] = told((await sent.get())["body"])
    assert everything["spots"] == {"A1": "unknown", "A2": "unknown"}
    await spots.save_tracks(camera.id, [builders.a_track("A1", seen_at=NOW + timedelta(days=3650))])
    await clients.live.announce(f"lot:{lot.id}")
    [change] = told((await sent.get())["body"])
    assert change["spots"] == {"A1": "free"}
    gone.set()
    assert (await sent.get())["more_body"] is False
    await answering
    assert app.state.streams.client_count == 0


async def test_every_stream_begins_with_the_same_headers(app: Litestar) -> None:
    await builders.save_camera(await builders.save_lot(slug="harbour"), 2)
    starts = []
    for _ in range(3):
        sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def gone() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        await app(stream_scope(), gone, sent.put)  # type: ignore[arg-type]
        starts.append((await sent.get())["headers"])
    assert starts[0] == starts[1] == starts[2]
