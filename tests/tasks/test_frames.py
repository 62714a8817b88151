import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from builders import NOW, a_new_frame, save_camera, stand_ins
from pictures import draw, encode, jpeg
from PIL import Image
from workers import a_row, places

from parkhub.clients import Clients
from parkhub.db import cameras, counts, frames, spots, stands
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.spots import Debounce, SpotObservation, SpotShape, SpotState
from parkhub.domain.trust import PATIENCE, Trouble
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import BusyError, EngineError, ParkHubError
from parkhub.services.troubles import accept_view
from parkhub.services.upkeep import LATE_TRIES_MAX, is_poison
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.frames import OVERTAKEN, CameraTurns, give_up, read_frame
from tasks.vision.engine import Look
from tasks.vision.picture import Picture

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


@dataclass
class Dummy:
    """An engine that says what it is told to, counts its looks and remembers how many there were before."""

    name: str = "dummy"
    says: SpotState = FREE
    fails: Exception | None = None
    holds_on: threading.Event | None = None
    looks: int = 0
    finds: tuple[Vehicle, ...] | None = None
    memories: list[bytes | None] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:
        self.looks += 1
        self.memories.append(memory)
        self.sizes.append((picture.shape[1], picture.shape[0]))
        if self.holds_on:
            self.holds_on.wait(60)
        if self.fails:
            raise self.fails
        seen = [SpotObservation(spot.name, self.says, 0.9) for spot in spots]
        return Look(seen, b"look %d" % self.looks, self.finds)

    def long_side_needed(self, spots: Sequence[SpotShape], width: int, height: int) -> int | None:
        return 40


@dataclass
class Counter:
    """A finder that always finds the same, and counts how often it was asked."""

    finds: list[Vehicle] = field(default_factory=list)
    fails: bool = False
    width: int = 96
    height: int = 96
    sizes: list[tuple[int, int]] = field(default_factory=list)
    tiles: list[int] = field(default_factory=list)

    def find(self, picture: Picture, confidence_min: float = 0.05, tiles: int = 1) -> list[Vehicle]:
        self.sizes.append((picture.shape[1], picture.shape[0]))
        self.tiles.append(tiles)
        if self.fails:
            raise EngineError("The model broke.")
        return self.finds


class OneEngine:
    """In the place of `Engines`."""

    def __init__(self, engine: Dummy, counter: Counter | None = None) -> None:
        self.engine = engine
        self.counter = counter

    async def get(self, name: Engine, head_id: int | None = None) -> Dummy:
        return self.engine

    async def finder(self) -> Counter:
        if self.counter is None:
            raise EngineError("There is no model.")
        return self.counter


@pytest.fixture
def engine() -> Dummy:
    return Dummy()


@pytest.fixture
def ctx(engine: Dummy) -> dict[str, Any]:
    return {"clients": stand_ins(), "engines": OneEngine(engine), "turns": CameraTurns(), "job_try": 1}


async def store(clients: Clients, camera: Camera, picture: bytes | None = None, **given: Any) -> Frame:
    """A frame whose picture is there, received just now."""
    new = a_new_frame(camera.id, **{"captured_at": NOW, "received_at": datetime.now(UTC), **given})
    frame = await frames.add_frame(new)
    assert frame is not None
    await clients.pictures.put(frame.picture_key, jpeg() if picture is None else picture)
    return frame


async def states(camera: Camera) -> set[SpotState]:
    return {track.state for track in (await spots.load_tracks(camera.id)).values()}


async def test_a_frame_is_decoded_small_looked_at_and_its_states_saved(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=3)
    frame = await store(ctx["clients"], camera, jpeg(size=(640, 480)))
    await read_frame(ctx, frame.id)
    assert await states(camera) == {FREE}
    read = await frames.get_frame(frame.id)
    assert read.status is FrameStatus.READ
    assert read.ms is not None
    assert engine.sizes == [(80, 60)]


async def test_a_frame_that_was_read_is_not_looked_at_again(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    frame = await store(ctx["clients"], camera)
    for _ in range(3):
        await read_frame(ctx, frame.id)
    assert engine.looks == 1


async def test_jobs_of_one_frame_side_by_side_have_one_effect(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    """As in two processes: each with turns of its own, so that only the database keeps them apart."""
    camera = await save_camera(spots_seen=1, debounce=Debounce(2, 3))
    await read_frame(ctx, (await store(ctx["clients"], camera)).id)
    engine.says = OCCUPIED
    frame = await store(ctx["clients"], camera, captured_at=NOW + timedelta(seconds=1))
    await asyncio.gather(*(read_frame({**ctx, "turns": CameraTurns()}, frame.id) for _ in range(6)))
    assert await states(camera) == {FREE}
    assert {track.recent for track in (await spots.load_tracks(camera.id)).values()} == {"fo"}


async def test_a_later_frame_of_a_camera_does_not_overtake_a_slow_one_within_a_process(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    slow, quick = [await store(ctx["clients"], camera, captured_at=NOW + timedelta(seconds=n)) for n in range(2)]
    engine.holds_on = threading.Event()
    first = asyncio.create_task(read_frame(ctx, slow.id))
    while not engine.looks:
        await asyncio.sleep(0.005)
    second = asyncio.create_task(read_frame(ctx, quick.id))
    await asyncio.sleep(0.1)
    assert engine.looks == 1
    engine.holds_on.set()
    await asyncio.gather(first, second)
    assert {(await frames.get_frame(frame.id)).status for frame in (slow, quick)} == {FrameStatus.READ}


async def read_behind_a_slow_one(ctx: dict[str, Any], engine: Dummy, stored: Sequence[Frame]) -> list[Frame]:
    """Read frames in their order, all but the first of which wait until all are there."""
    waiting: list[None] = []

    @contextmanager
    def aside() -> Iterator[None]:
        waiting.append(None)
        yield

    engine.holds_on = threading.Event()
    reading = []
    for number, frame in enumerate(stored):
        reading.append(asyncio.create_task(read_frame({**ctx, "aside": aside}, frame.id)))
        while not engine.looks or len(waiting) < number:
            await asyncio.sleep(0.005)
    engine.holds_on.set()
    await asyncio.gather(*reading)
    return [await frames.get_frame(frame.id) for frame in stored]


async def test_of_pictures_that_come_faster_than_they_are_read_the_newest_is_read(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera, now = await save_camera(spots_seen=1, stale_after_s=60), datetime.now(UTC)
    taken = [now - timedelta(seconds=ago_s) for ago_s in (90, 80, 70, 10, 5)]
    stored = [await store(ctx["clients"], camera, captured_at=at) for at in taken]
    found = await read_behind_a_slow_one({**ctx, "turns": CameraTurns(patience_s=0)}, engine, stored)
    assert [frame.status.value for frame in found] == ["read", "failed", "failed", "failed", "read"]
    assert [frame.error for frame in found] == ["", OVERTAKEN, OVERTAKEN, OVERTAKEN, ""]
    assert engine.looks == 2


async def test_a_picture_that_waits_for_a_short_while_is_read_though_newer_ones_wait(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    now = datetime.now(UTC)
    stored = [await store(ctx["clients"], camera, captured_at=now - timedelta(seconds=9 - n)) for n in range(3)]
    found = await read_behind_a_slow_one({**ctx, "turns": CameraTurns(patience_s=3600)}, engine, stored)
    assert [frame.status.value for frame in found] == ["read"] * 3


async def test_pictures_that_a_node_had_kept_are_all_read_however_long_they_wait(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1, stale_after_s=60)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    stored = [await store(ctx["clients"], camera, captured_at=yesterday + timedelta(seconds=n)) for n in range(3)]
    found = await read_behind_a_slow_one({**ctx, "turns": CameraTurns(patience_s=0)}, engine, stored)
    assert [frame.status.value for frame in found] == ["read"] * 3


async def test_a_picture_that_waited_long_is_read_when_no_newer_one_waits(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    now = datetime.now(UTC)
    stored = [await store(ctx["clients"], camera, captured_at=now - timedelta(seconds=n)) for n in (1, 2)]
    found = await read_behind_a_slow_one({**ctx, "turns": CameraTurns(patience_s=0)}, engine, stored)
    assert [frame.status.value for frame in found] == ["read", "late"]


async def test_an_engine_s_memory_is_given_back_to_it_with_the_next_picture(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    one, other = await save_camera(spots_seen=1), await save_camera(spots_seen=1)
    for camera, at_s in [(one, 0), (one, 1), (other, 0)]:
        frame = await store(ctx["clients"], camera, captured_at=NOW + timedelta(seconds=at_s))
        await read_frame(ctx, frame.id)
    assert engine.memories == [None, b"look 1", None]


async def test_a_late_frame_does_not_touch_the_engine_s_memory(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    for at_s in (5, 0, 6):
        frame = await store(ctx["clients"], camera, captured_at=NOW + timedelta(seconds=at_s))
        await read_frame(ctx, frame.id)
    assert engine.memories == [None, b"look 1", b"look 1"]


async def test_a_camera_without_spots_needs_no_engine(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    frame = await store(ctx["clients"], await save_camera())
    await read_frame(ctx, frame.id)
    assert (await frames.get_frame(frame.id)).status is FrameStatus.READ
    assert engine.looks == 0


@pytest.mark.parametrize(
    ("picture", "fails", "reason"),
    [
        (jpeg()[:200], None, "damaged"),
        (None, EngineError("The model broke."), "The model broke."),
    ],
    ids=["a picture that went bad on the disk", "an engine that fails"],
)
async def test_what_cannot_be_read_fails_with_its_reason_and_spots_stay_as_they_were(
    database: Settings,
    ctx: dict[str, Any],
    engine: Dummy,
    picture: bytes | None,
    fails: ParkHubError | None,
    reason: str,
) -> None:
    camera = await save_camera(spots_seen=1)
    engine.fails = fails
    frame = await store(ctx["clients"], camera, picture)
    await read_frame(ctx, frame.id)
    failed = await frames.get_frame(frame.id)
    assert failed.status is FrameStatus.FAILED
    assert reason in failed.error
    assert await states(camera) == {UNKNOWN}


async def test_a_picture_of_another_shape_than_the_spots_were_marked_on_is_not_read(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    await cameras.set_marked_on(camera.id, 380, 452)
    good = await store(ctx["clients"], camera, width=380, height=452)
    await read_frame(ctx, good.id)
    engine.says = OCCUPIED
    foreign = await store(ctx["clients"], camera, width=1280, height=720, captured_at=NOW + timedelta(seconds=1))
    await read_frame(ctx, foreign.id)
    failed = await frames.get_frame(foreign.id)
    assert (failed.status, failed.error) == (
        FrameStatus.FAILED,
        "The picture is 1280 x 720; the spots were marked on 380 x 452. "
        "Mark the spots anew, or send pictures of that shape.",
    )
    assert engine.looks == 1
    assert await states(camera) == {FREE}
    assert (await cameras.get_camera(camera.id)).last_captured_at == NOW


@pytest.mark.parametrize(
    ("width", "height", "status"),
    [
        (1280, 720, FrameStatus.READ),
        (320, 180, FrameStatus.READ),
        (1280, 700, FrameStatus.READ),
        (1280, 690, FrameStatus.FAILED),
        (720, 1280, FrameStatus.FAILED),
    ],
    ids=["the same", "smaller", "cut a little", "cut too much", "turned"],
)
async def test_another_scale_fits_and_another_shape_does_not(
    sqlite_open: Settings, ctx: dict[str, Any], width: int, height: int, status: FrameStatus
) -> None:
    camera = await save_camera(spots_seen=1)
    await cameras.set_marked_on(camera.id, 1920, 1080)
    frame = await store(ctx["clients"], camera, width=width, height=height)
    await read_frame(ctx, frame.id)
    assert (await frames.get_frame(frame.id)).status is status


async def test_a_picture_that_is_gone_fails_with_its_reason(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera(spots_seen=1)
    frame = await store(ctx["clients"], camera)
    await ctx["clients"].pictures.delete(frame.picture_key)
    await read_frame(ctx, frame.id)
    failed = await frames.get_frame(frame.id)
    assert (failed.status, failed.error) == (FrameStatus.FAILED, "This picture is no longer kept.")


async def test_a_frame_that_was_deleted_meanwhile_is_let_pass(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    await read_frame(ctx, 4711)


@pytest.mark.parametrize("fails", [ZeroDivisionError(), BusyError("The database is away.")], ids=["fault", "away"])
async def test_a_fault_and_what_is_away_are_raised_for_another_try(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy, fails: Exception
) -> None:
    engine.fails = fails
    frame = await store(ctx["clients"], await save_camera(spots_seen=1))
    with pytest.raises(type(fails)):
        await read_frame(ctx, frame.id)
    assert (await frames.get_frame(frame.id)).status is FrameStatus.STORED


async def test_after_the_last_try_the_frame_has_failed(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    frame = await store(ctx["clients"], await save_camera(spots_seen=1))
    await give_up(ctx, frame.id)
    assert (await frames.get_frame(frame.id)).status is FrameStatus.FAILED


async def test_a_frame_that_again_and_again_kills_its_reader_is_given_up(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    old = datetime.now(UTC) - timedelta(minutes=5)
    frame = await store(ctx["clients"], await save_camera(spots_seen=1), received_at=old)
    for _ in range(LATE_TRIES_MAX):  # a killed reader says nothing
        assert not await is_poison(ctx["clients"], f"frame:{frame.id}", old, datetime.now(UTC))
    await read_frame(ctx, frame.id)
    failed = await frames.get_frame(frame.id)
    assert (failed.status, engine.looks) == (FrameStatus.FAILED, 0)


async def test_a_frame_that_waits_for_what_is_away_is_never_given_up(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    old = datetime.now(UTC) - timedelta(minutes=5)
    frame = await store(ctx["clients"], await save_camera(spots_seen=1), received_at=old)
    engine.fails = BusyError("The database is away.")
    for _ in range(2 * LATE_TRIES_MAX):
        with pytest.raises(BusyError):
            await read_frame(ctx, frame.id)
    engine.fails = None
    await read_frame(ctx, frame.id)
    assert (await frames.get_frame(frame.id)).status is FrameStatus.READ


async def test_the_real_difference_engine_sees_a_car_come_and_go(database: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera(spots_seen=places(4), engine=Engine.DIFFERENCE, debounce=Debounce(1, 1))
    ctx["engines"] = Engines(database)
    seen = []
    for number, taken in enumerate([(), (2,), (0, 2), ()]):
        at = NOW + timedelta(seconds=number)
        frame = await store(ctx["clients"], camera, a_row(4, taken), captured_at=at)
        await read_frame(ctx, frame.id)
        tracks = (await spots.load_tracks(camera.id)).values()
        seen.append({at for at, track in enumerate(tracks) if track.state is OCCUPIED})
    assert seen == [set(), {2}, {0, 2}, set()]


async def test_a_detector_whose_model_is_none_fails_the_frame_with_the_reason(
    sqlite_open: Settings, ctx: dict[str, Any], tmp_path: Path
) -> None:
    camera = await save_camera(spots_seen=1, engine=Engine.DETECTOR)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    broken = {"detector_model": str(tmp_path / "broken.onnx")}
    ctx["engines"] = Engines(sqlite_open.model_copy(update=broken))
    await ctx["engines"].warm({Engine.DETECTOR}, counting=True)
    frame = await store(ctx["clients"], camera)
    await read_frame(ctx, frame.id)
    failed = await frames.get_frame(frame.id)
    assert failed.status is FrameStatus.FAILED
    assert "broken.onnx" in failed.error


CAR = Vehicle(VehicleKind.CAR, 0.9, (10, 10, 30, 20))


def noisy(seed: int) -> bytes:
    """The same view each time, with another noise for each seed, as a sensor has it."""
    noise = Image.frombytes("RGB", (640, 480), Random(seed).randbytes(640 * 480 * 3))
    return encode(Image.blend(draw(size=(640, 480)), noise, 0.1), quality=90)


async def count_vehicles(camera: Camera) -> None:
    given = camera.name, camera.engine, camera.debounce, camera.stale_after_s, camera.enabled
    await cameras.save_camera_settings(camera.id, *given, counts_vehicles=True)


async def counted(camera: Camera) -> list[int | None]:
    """Cars of each picture, None where nobody counted."""
    found = await counts.list_counts(camera.id, NOW, NOW + timedelta(hours=1))
    return [count.vehicles and count.vehicles[VehicleKind.CAR] for count in found]


async def test_a_camera_counts_vehicles_when_it_is_asked_to(database: Settings, ctx: dict[str, Any]) -> None:
    one, other = await save_camera(spots_seen=1), await save_camera(spots_seen=1)
    await count_vehicles(one)
    counter = ctx["engines"].counter = Counter([CAR, CAR])
    for camera in (one, other):
        await read_frame(ctx, (await store(ctx["clients"], camera, jpeg(size=(640, 480)))).id)
    assert [await counted(one), await counted(other)] == [[2], [None]]
    assert (counter.sizes, counter.tiles) == ([(240, 180)], [2])


async def test_where_a_vehicle_stood_is_kept_in_shares_of_the_picture_however_small_it_was_decoded(
    sqlite_open: Settings, ctx: dict[str, Any]
) -> None:
    camera = await save_camera(spots_seen=1)
    await count_vehicles(camera)
    counter = ctx["engines"].counter = Counter([Vehicle(VehicleKind.CAR, 0.9, (60, 27, 24, 18))])
    frame = await store(ctx["clients"], camera, jpeg(size=(640, 360)))
    await read_frame(ctx, frame.id)
    assert counter.sizes == [(240, 135)]
    (stand,) = await stands.load_stands(camera.id, frame.captured_at.date())
    assert stand.box == pytest.approx((0.25, 0.2, 0.1, 0.1333))


async def test_a_camera_without_spots_may_count_too(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    await count_vehicles(camera)
    ctx["engines"].counter = Counter([CAR])
    await read_frame(ctx, (await store(ctx["clients"], camera)).id)
    assert await counted(camera) == [1]


async def test_an_engine_that_finds_vehicles_counts_by_itself(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1)
    await count_vehicles(camera)
    counter = ctx["engines"].counter = Counter()
    engine.finds = (CAR,)
    await read_frame(ctx, (await store(ctx["clients"], camera)).id)
    assert await counted(camera) == [1]
    assert counter.sizes == []


async def test_the_detector_needs_nobody_beside_it_to_count(
    sqlite_open: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=1, engine=Engine.DETECTOR)
    await count_vehicles(camera)
    ctx["engines"].counter = Counter()
    engine.finds = (CAR,)
    await read_frame(ctx, (await store(ctx["clients"], camera, jpeg(size=(640, 480)))).id)
    assert await counted(camera) == [1]
    assert engine.sizes == [(80, 60)]  # as small as the engine wants it, and no larger


@pytest.mark.parametrize("counter", [None, Counter(fails=True)], ids=["no model", "a model that fails"])
async def test_when_counting_fails_the_places_are_seen_all_the_same(
    sqlite_open: Settings, ctx: dict[str, Any], counter: Counter | None
) -> None:
    camera = await save_camera(spots_seen=1)
    await count_vehicles(camera)
    ctx["engines"].counter = counter
    await read_frame(ctx, (await store(ctx["clients"], camera)).id)
    assert await states(camera) == {FREE}
    assert await counted(camera) == [None]


async def test_black_pictures_turn_the_places_unknown_until_good_ones_come(
    database: Settings, ctx: dict[str, Any], engine: Dummy
) -> None:
    camera = await save_camera(spots_seen=2)
    await count_vehicles(camera)
    counter = ctx["engines"].counter = Counter([CAR])
    dark = [encode(Image.new("RGB", (640, 480)))] * PATIENCE[Trouble.DARK].looks
    found = []
    for number, picture in enumerate([noisy(1), *dark, noisy(2), noisy(3)]):
        at = NOW + timedelta(seconds=10 * number)
        await read_frame(ctx, (await store(ctx["clients"], camera, picture, captured_at=at)).id)
        found.append(await states(camera))
    assert found == [{FREE}] * len(dark) + [{UNKNOWN}, {UNKNOWN}, {FREE}]
    assert engine.looks == len(counter.sizes) == 3
    assert await counted(camera) == [1, *[None] * len(dark), None, 1]


async def test_what_pictures_look_like_is_remembered_by_camera_and_reference(
    database: Settings, ctx: dict[str, Any]
) -> None:
    camera = await save_camera(spots_seen=1)
    clients = ctx["clients"]
    for number in range(2):
        at = NOW + timedelta(seconds=number)
        await read_frame(ctx, (await store(clients, camera, jpeg(number, (640, 480)), captured_at=at)).id)
        await accept_view(clients, camera, at)
        kept = [key for key in clients.pictures.files if key.startswith(f"memory/{camera.id}/view")]
        assert kept == []
    await read_frame(ctx, (await store(clients, camera, captured_at=NOW + timedelta(seconds=9))).id)
    assert f"memory/{camera.id}/view/2" in clients.pictures.files
