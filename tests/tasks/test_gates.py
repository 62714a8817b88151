"""Gate cameras, from stored frames through the real job to decided passages."""

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from builders import NOW, a_new_frame, after, save_camera, save_lot, stand_ins
from plate_scenes import plate, read, scene

from parkhub.clients import Clients
from parkhub.db import frames, sessions
from parkhub.db import passages as rows
from parkhub.domain.cameras import Area, Camera, CameraRole, Engine, Gate, Inward
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.gates import SeenCar, compact
from parkhub.domain.passages import Direction, GatePassage
from parkhub.domain.plates import PlateRead, fold
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import EngineError
from parkhub.services import passages
from parkhub.services.looks import Seen, save_look
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.frames import CameraTurns, read_frame
from tasks.upkeep import close_passages
from tasks.vision.picture import Picture
from tasks.vision.video import open_video

CLIPS = Path(__file__).parents[3] / "shared/data/plates/clips"
CLIP_LOOKS = 4  # 0.2 s apart: enough to be sure of a car, and some more


@dataclass
class Reader:
    """Reads what it is told to, and remembers how it was asked."""

    reads: list[PlateRead] = field(default_factory=list)
    fails: Exception | None = None
    holds_on: threading.Event | None = None
    asked: list[tuple[tuple[int, ...], str, tuple[Area, ...]]] = field(default_factory=list)
    name: str = "told"

    def read(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[PlateRead]:
        self.asked.append((picture.shape[:2], region, tuple(excluded)))
        if self.holds_on:
            self.holds_on.wait(60)
        if self.fails:
            raise self.fails
        return self.reads


@dataclass
class Finder:
    """Finds what it is told to."""

    finds: list[Vehicle] = field(default_factory=list)
    width: int = 96
    height: int = 96

    def find(self, picture: Picture, confidence_min: float = 0.05, tiles: int = 1) -> list[Vehicle]:
        return self.finds


@dataclass
class Told:
    """In the place of `Engines`; ``finding`` None: there is no vehicle model."""

    reading: Reader = field(default_factory=Reader)
    finding: Finder | None = field(default_factory=Finder)

    async def reader(self) -> Reader:
        return self.reading

    async def finder(self) -> Finder:
        if self.finding is None:
            raise EngineError("There is no model.")
        return self.finding

    async def get(self, name: Engine, head_id: int | None = None) -> None:
        raise AssertionError("A gate without places needs no engine for places.")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def ctx(told: Told) -> dict[str, Any]:
    return {"clients": stand_ins(), "engines": told, "turns": CameraTurns(), "job_try": 1}


def png(picture: Picture) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


async def store(clients: Clients, camera: Camera, at_s: float, picture: Picture) -> Frame:
    """A frame of that picture that arrived when it was taken."""
    height, width = picture.shape[:2]
    new = a_new_frame(camera.id, captured_at=after(at_s), received_at=after(at_s), width=width, height=height)
    frame = await frames.add_frame(new)
    assert frame is not None
    await clients.pictures.put(frame.picture_key, png(picture))
    return frame


async def all_of(camera: Camera) -> list[GatePassage]:
    return await rows.list_passages(camera.id, NOW, max(NOW, datetime.now(UTC)) + timedelta(days=1))


def going_down(text: str, looks: int, seed: int = 1) -> list[Picture]:
    """A car that comes nearer from the top of the picture."""
    drawn = plate([text])
    return [scene([(drawn, (400.0, 200.0 + 45 * look, 190.0, 41.0))], seed=seed) for look in range(looks)]


EMPTY = scene(seed=5)


async def test_two_cars_one_after_the_other_are_two_passages_with_evidence(
    database: Settings, ctx: dict[str, Any]
) -> None:
    ctx["engines"] = Engines(database)
    clients, camera = ctx["clients"], await save_camera(gate=Gate(CameraRole.BOTH, "eu", Inward.DOWN))
    pictures = [*going_down("KA417XM", 5), EMPTY, *reversed(going_down("BD52KTV", 5, seed=2)), EMPTY]
    moments = [0.0, 0.4, 0.8, 1.2, 1.6, 4.0, 5.0, 5.4, 5.8, 6.2, 6.6, 20.0]
    for at_s, picture in zip(moments, pictures, strict=True):
        await read_frame(ctx, (await store(clients, camera, at_s, picture)).id)
    found = await all_of(camera)
    assert [(p.plate, p.direction, p.state.value) for p in found] == [
        ("KA417XM", Direction.ENTRY, "accepted"),
        ("BD52KTV", Direction.EXIT, "accepted"),
    ]
    for passage in found:
        evidence = await clients.pictures.get(passage.crop_key)
        assert evidence.startswith(b"\x89PNG")
        assert passage.frame_id in {one.frame_id for one in await rows.list_reads(passage.id)}


async def test_it_reads_whole_pictures_as_the_gate_says(sqlite_open: Settings, ctx: dict[str, Any], told: Told) -> None:
    camera = await save_camera(gate=Gate(CameraRole.EXIT, "nl", excluded=((0.7, 0.0, 0.3, 0.1),)))
    frame = await store(ctx["clients"], camera, 0, EMPTY)
    await read_frame(ctx, frame.id)
    assert told.reading.asked == [((540, 960), "nl", ((0.7, 0.0, 0.3, 0.1),))]
    assert (await frames.get_frame(frame.id)).status is FrameStatus.READ


async def test_a_car_without_a_plate_is_seen_by_its_shape(
    sqlite_open: Settings, ctx: dict[str, Any], told: Told
) -> None:
    assert told.finding is not None
    told.finding.finds = [
        Vehicle(VehicleKind.TRUCK, 0.8, (300, 100, 400, 400)),
        Vehicle(VehicleKind.CAR, 0.9, (20, 20, 60, 40)),  # far away
        Vehicle(VehicleKind.CAR, 0.9, (0, 100, 250, 400)),  # stands beside
    ]
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    for at_s in (0.0, 0.5, 1.0):
        await read_frame(ctx, (await store(ctx["clients"], camera, at_s, EMPTY)).id)
    await passages.close_passages(ctx["clients"], after(60))
    (passage,) = await all_of(camera)
    assert (passage.plate, passage.kind, passage.frames) == ("", VehicleKind.TRUCK, 3)
    assert (await ctx["clients"].pictures.get(passage.crop_key)).startswith(b"\xff\xd8")


async def test_without_a_model_for_vehicles_plates_are_read_all_the_same(
    sqlite_open: Settings, ctx: dict[str, Any], told: Told
) -> None:
    told.finding, told.reading.reads = None, [read("KA417XM")]
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    for at_s in (0.0, 0.5, 1.0):
        await read_frame(ctx, (await store(ctx["clients"], camera, at_s, EMPTY)).id)
    assert [(p.plate, p.kind, p.state.value) for p in await all_of(camera)] == [("KA417XM", None, "accepted")]


async def test_a_reader_that_fails_fails_the_frame_with_the_reason(
    sqlite_open: Settings, ctx: dict[str, Any], told: Told
) -> None:
    told.reading.fails = EngineError("The plate model broke.")
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    frame = await store(ctx["clients"], camera, 0, EMPTY)
    await read_frame(ctx, frame.id)
    failed = await frames.get_frame(frame.id)
    assert (failed.status, failed.error) == (FrameStatus.FAILED, "The plate model broke.")


async def test_jobs_of_one_frame_again_and_side_by_side_leave_the_same_rows(
    database: Settings, ctx: dict[str, Any], told: Told
) -> None:
    told.reading.reads = [read("KA417XM")]
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    for at_s in (0.0, 0.5, 1.0):
        frame = await store(ctx["clients"], camera, at_s, EMPTY)
        await asyncio.gather(*(read_frame({**ctx, "turns": CameraTurns()}, frame.id) for _ in range(4)))
        await read_frame(ctx, frame.id)
    (passage,) = await all_of(camera)
    assert (passage.frames, len(await rows.list_reads(passage.id))) == (3, 3)


async def test_a_car_that_comes_and_goes_has_a_session_from_the_one_gate_to_the_other(
    database: Settings, ctx: dict[str, Any], told: Told
) -> None:
    told.reading.reads = [read("KA417XM")]
    lot = await save_lot()
    entrance = await save_camera(lot, gate=Gate(CameraRole.ENTRANCE))
    exit_ = await save_camera(lot, gate=Gate(CameraRole.EXIT))
    for camera, start_s in ((entrance, 0.0), (exit_, 3600.0)):
        for look in range(4):
            await read_frame(ctx, (await store(ctx["clients"], camera, start_s + look / 2, EMPTY)).id)
    (entered,), (left,) = await all_of(entrance), await all_of(exit_)
    assert (entered.outcome, left.outcome) == ("entered", "left")
    assert entered.session_id is not None
    session = await sessions.get_session(entered.session_id)
    assert (left.session_id, session.state.value) == (session.id, "closed")
    assert (session.entered_at, session.exited_at) == (after(0), after(3600))


async def test_a_passage_whose_giver_was_killed_is_given_again_by_upkeep_and_taken_once(
    database: Settings, ctx: dict[str, Any], told: Told
) -> None:
    told.reading.reads = [read("KA417XM")]
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    car = SeenCar(compact(told.reading.reads[0], (0.1, 0.1, 0.1, 0.05)), None)
    for at_s in (0.0, 0.5, 1.0):  # nobody gives what this accepts
        frame = await store(ctx["clients"], camera, at_s, EMPTY)
        await save_look(ctx["clients"], frame.id, Seen((), 1.0, cars=(car,)))
    assert [p.outcome for p in await all_of(camera)] == [""]
    for _ in range(2):
        await close_passages(ctx)
    (passage,) = await all_of(camera)
    assert passage.outcome == "entered"
    assert await sessions.count_open(camera.lot_id) == 1


async def test_no_picture_of_a_gate_is_passed_over_however_long_it_waited(
    sqlite_open: Settings, ctx: dict[str, Any], told: Told
) -> None:
    told.reading.reads = [read("KA417XM")]
    ctx["turns"] = CameraTurns(patience_s=0)
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    now_s = (datetime.now(UTC) - NOW).total_seconds()
    stored = [await store(ctx["clients"], camera, now_s + at_s, EMPTY) for at_s in (-1.0, -0.5, 0.0)]
    told.reading.holds_on = threading.Event()
    slow = asyncio.create_task(read_frame(ctx, stored[0].id))
    while not told.reading.asked:
        await asyncio.sleep(0.005)
    behind = asyncio.create_task(read_frame(ctx, stored[1].id))
    await asyncio.sleep(0.05)
    told.reading.holds_on.set()
    await asyncio.gather(slow, behind)  # the third, which is newer, waits too
    await read_frame(ctx, stored[2].id)
    assert [(p.plate, p.frames) for p in await all_of(camera)] == [("KA417XM", 3)]


def clips() -> list[dict[str, Any]]:
    index = CLIPS / "index.jsonl"
    return [json.loads(line) for line in index.read_text().splitlines()] if index.is_file() else []


async def show(ctx: dict[str, Any], camera: Camera, start_s: float, video: Path) -> None:
    """The first looks of a video, as pictures of this camera from ``start_s`` on."""
    looks = 0
    with open_video(video) as opened:
        for frame in opened.frames():
            if frame.t_s + 1e-6 >= 0.2 * looks and looks < CLIP_LOOKS:
                looks += 1
                await read_frame(ctx, (await store(ctx["clients"], camera, start_s + frame.t_s, frame.picture)).id)


@pytest.mark.slow
@pytest.mark.skipif(not clips(), reason="the clips of ../shared/data are not here")
async def test_every_car_of_the_clips_comes_in_and_goes_out_once(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    ctx["engines"] = Engines(sqlite_open)
    lot = await save_lot()
    entrance = await save_camera(lot, gate=Gate(CameraRole.ENTRANCE))
    exit_ = await save_camera(lot, gate=Gate(CameraRole.EXIT))
    for camera, start_s in ((entrance, 0), (exit_, 7200)):
        for number, clip in enumerate(clips()):
            await show(ctx, camera, start_s + 60.0 * number, CLIPS / clip["clip"])
        gone = after(start_s + 3600)
        await passages.give(ctx["clients"], await passages.close_passages(ctx["clients"], gone), gone)
    wanted = [fold(text) for clip in clips() for text in clip["plates"]]
    for camera, outcome in ((entrance, "entered"), (exit_, "left")):
        assert [(fold(p.plate), p.outcome) for p in await all_of(camera)] == [(text, outcome) for text in wanted]
    assert await sessions.count_open(lot.id) == 0
