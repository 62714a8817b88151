"""The job that reads one frame: decode, look, save. Safe to run twice and beside itself: the effects come once."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.gates import SeenCar
from parkhub.domain.spots import Spot, SpotShape
from parkhub.domain.trust import Trouble
from parkhub.domain.vehicles import Vehicle
from parkhub.errors import BusyError, NotFoundError, ParkHubError
from parkhub.services import passages, upkeep
from parkhub.services.frames import job_id
from parkhub.services.looks import Seen, fail_look, save_look
from parkhub.services.troubles import Sight, memory_key, view_key
from tasks.counting import find_vehicles, long_side_needed
from tasks.edge import take
from tasks.engines import Engines
from tasks.gates import read_cars
from tasks.vision.engine import Look, SpotEngine
from tasks.vision.picture import Picture, decode, size_of
from tasks.vision.trust import Inspection, inspect, look_with_trust
from tasks.vision.vehicles.finder import VehicleFinder

log = structlog.get_logger(__name__)


TURN_PATIENCE_S = 5.0
OVERTAKEN = "Passed over: pictures come faster than they can be read."


class CameraTurns:
    """One look at a time per camera within this process, or a later picture could overtake an earlier one.

    Between two vision processes it still may, when a camera uploads faster than pictures are read: the earlier one then
    ends as LATE, one opinion less for the debounce. States stay right; waiting for a turn there would cost every frame.
    """

    def __init__(self, patience_s: float = TURN_PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._wanted: Counter[int] = Counter()

    @asynccontextmanager
    async def of(
        self, camera_id: int, aside: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> AsyncIterator[bool]:
        """A camera's turn, in the order they came. While it waits it stands ``aside``, so that others are let in.

        True for one that had to wait for longer than anybody's patience.
        """
        taken = self._wanted[camera_id] > 0
        self._wanted[camera_id] += 1
        now = asyncio.get_running_loop().time
        asked_at = now()
        try:
            async with AsyncExitStack() as stack:
                with aside() if taken else nullcontext():
                    await stack.enter_async_context(self._locks[camera_id])
                yield taken and now() - asked_at >= self._patience_s
        finally:
            self._wanted[camera_id] -= 1


async def read_frame(ctx: dict[str, Any], frame_id: int) -> None:
    """Read one frame, unless it has been. ``ctx``: clients, engines, turns, and aside from the worker.

    A picture or an engine that fails is kept with the frame as a sentence; anything else is raised for another try.
    Of a camera that sends faster than can be read, those that have waited too long are passed over for a newer one that
    still tells how it is now: else all would wait until none does. What was taken long ago is history, and read. At a
    gate none is passed over: each may show a car.
    """
    clients: Clients = ctx["clients"]
    turns: CameraTurns = ctx["turns"]
    try:
        camera_id = (await frame_rows.get_frame(frame_id)).camera_id
    except NotFoundError:
        return  # past its time and deleted
    async with turns.of(camera_id, ctx.get("aside", nullcontext)) as waited_long:
        frame = await frame_rows.get_frame(frame_id)
        if frame.status is not FrameStatus.STORED:
            return
        if waited_long and await _is_overtaken(frame, datetime.now(UTC)):
            await fail_look(frame_id, OVERTAKEN)
            return
        if await upkeep.is_poison(clients, job_id(frame_id), frame.received_at, datetime.now(UTC)):
            await fail_look(frame_id, "Reading this picture broke off again and again.")
            return
        try:
            await _read(clients, ctx["engines"], frame)
        except BusyError:
            await upkeep.is_no_poison(clients, job_id(frame_id))
            raise


async def _is_overtaken(frame: Frame, now: datetime) -> bool:
    camera = await camera_rows.get_camera(frame.camera_id)
    fresh = now - timedelta(seconds=camera.stale_after_s)
    return not camera.watches_gate and await frame_rows.newer_waits(frame, fresh)


async def give_up(_ctx: dict[str, Any], frame_id: int) -> None:
    """What happens to a frame when every try has failed by a fault of ours."""
    await fail_look(frame_id, "A fault in ParkHub; the log has the details.")


async def _read(clients: Clients, engines: Engines, frame: Frame) -> None:
    started = time.perf_counter()
    camera = await camera_rows.get_camera(frame.camera_id)
    misfit = camera.misfit(frame.width, frame.height)
    if misfit:
        await fail_look(frame.id, misfit)
        return
    spots = await spot_rows.list_camera_spots(camera.id)
    try:
        if frame.has_picture:
            found = await _look(clients, engines, camera, frame, [spot.shape for spot in spots])
        else:
            found = await _told(clients, camera, frame, spots)
    except ParkHubError as error:
        if error.retryable:
            raise
        await fail_look(frame.id, str(error))
        return
    ms = round((time.perf_counter() - started) * 1000, 1)
    seen = found.inspection
    sight = None if seen is None else Sight(camera.reference, seen.trouble, seen.shift)
    saved = await save_look(clients, frame.id, Seen(found.look.observations, ms, found.vehicles, sight, found.cars))
    if saved.status is FrameStatus.READ:
        await asyncio.gather(*(clients.pictures.put(key, data) for key, data in found.memories.items()))
    await passages.give(clients, saved.accepted, datetime.now(UTC))
    doubt = sight.trouble if sight else None
    log.info("frame.read", frame=frame.id, camera=camera.public_id, ms=ms, changes=len(saved.changes), doubt=doubt)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in a picture; ``memories``, by key, are for the camera's next one."""

    look: Look
    inspection: Inspection | None = None
    vehicles: Sequence[Vehicle] | None = None
    cars: Sequence[SeenCar] = ()
    memories: Mapping[str, bytes] = field(default_factory=dict)


_NOTHING = _Found(Look([]))


async def _told(clients: Clients, camera: Camera, frame: Frame, spots: Sequence[Spot]) -> _Found:
    """What the camera has recognised itself: nobody here can doubt its picture, or count in it."""
    data = await clients.pictures.get(frame.picture_key)
    observations, cars = await asyncio.to_thread(take, data, camera, spots)
    return _Found(Look(observations), cars=cars)


async def _look(clients: Clients, engines: Engines, camera: Camera, frame: Frame, spots: list[SpotShape]) -> _Found:
    """At a gate without spots nothing is compared with earlier pictures: a car may fill the view."""
    reader = await engines.reader() if camera.watches_gate else None
    engine = await engines.get(camera.engine, camera.head_id) if spots or camera.counts_vehicles else None
    if reader is None and engine is None:
        return _NOTHING
    finder = await _finder(engines, camera)
    engine_key, sight_key = memory_key(camera), view_key(camera)
    data, memory, view = await asyncio.gather(
        clients.pictures.get(frame.picture_key), _remember(clients, engine_key), _remember(clients, sight_key)
    )

    def look_at_spots(picture: Picture, engine: SpotEngine) -> _Found:
        inspection = inspect(picture, view)
        look = look_with_trust(engine, picture, spots, memory, inspection)
        vehicles: Sequence[Vehicle] | None = look.vehicles
        counts = camera.counts_vehicles and finder is not None and inspection.trouble in (None, Trouble.FROZEN)
        if vehicles is None and counts and finder is not None:
            vehicles = find_vehicles(finder, picture, spots)
        memories = {} if inspection.memory == view else {sight_key: inspection.memory}
        if look.memory is not None:
            memories[engine_key] = look.memory
        return _Found(look, inspection, vehicles, memories=memories)

    def work() -> _Found:
        picture = decode(data) if reader or engine is None else _decode(data, engine, finder, spots)
        found = look_at_spots(picture, engine) if engine else _NOTHING
        if reader is None:
            return replace(found, vehicles=_enlarged(found.vehicles, frame.width / picture.shape[1]))
        vehicles = found.vehicles
        if vehicles is None and finder is not None:
            vehicles = find_vehicles(finder, picture, spots)
        return replace(found, cars=read_cars(reader, picture, camera.gate, vehicles))

    return await asyncio.to_thread(work)


def _enlarged(vehicles: Sequence[Vehicle] | None, scale: float) -> Sequence[Vehicle] | None:
    """Vehicles of a picture that was decoded smaller, in pixels of the picture as it was sent."""
    if vehicles is None or scale == 1:
        return vehicles
    return [
        replace(each, box=(each.box[0] * scale, each.box[1] * scale, each.box[2] * scale, each.box[3] * scale))
        for each in vehicles
    ]


def _decode(data: bytes, engine: SpotEngine, finder: VehicleFinder | None, spots: list[SpotShape]) -> Picture:
    """Decode once, no larger than needed by whoever needs most."""
    size = size_of(data)
    needed = engine.long_side_needed(spots, *size) if size else None
    if size is not None and needed is not None and finder is not None:
        needed = max(needed, long_side_needed(finder, spots, *size))
    return decode(data, needed)


async def _finder(engines: Engines, camera: Camera) -> VehicleFinder | None:
    """What counts; None when the camera is not asked to, or its engine does, or when there is none: nobody counted.

    At a gate it tells the kinds of vehicles, and finds those that show no plate.
    """
    counts = camera.counts_vehicles and camera.engine is not Engine.DETECTOR
    if not counts and not camera.watches_gate:
        return None
    try:
        return await engines.finder()
    except ParkHubError as error:
        log.warning("vehicles.not_counted", camera=camera.public_id, reason=str(error))
        return None


async def _remember(clients: Clients, key: str) -> bytes | None:
    try:
        return await clients.pictures.get(key)
    except NotFoundError:
        return None
