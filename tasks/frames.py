"""The job that reads one frame: decode, look, save. Safe to run twice and beside itself: the effects come once."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.spots import SpotShape
from parkhub.errors import BusyError, NotFoundError, ParkHubError
from parkhub.services import upkeep
from parkhub.services.frames import job_id
from parkhub.services.looks import fail_look, save_look
from tasks.engines import Engines
from tasks.vision.engine import Look, SpotEngine, decode_for

log = structlog.get_logger(__name__)


class CameraTurns:
    """One look at a time per camera within this process, or a later picture could overtake an earlier one.

    Between two vision processes it still may, when a camera uploads faster than pictures are read: the earlier one then
    ends as LATE, one opinion less for the debounce. States stay right; waiting for a turn there would cost every frame.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._wanted: Counter[int] = Counter()

    @asynccontextmanager
    async def of(
        self, camera_id: int, aside: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> AsyncIterator[None]:
        """A camera's turn, in the order they came. While it waits it stands ``aside``, so that others are let in."""
        taken = self._wanted[camera_id] > 0
        self._wanted[camera_id] += 1
        try:
            async with AsyncExitStack() as stack:
                with aside() if taken else nullcontext():
                    await stack.enter_async_context(self._locks[camera_id])
                yield
        finally:
            self._wanted[camera_id] -= 1


async def read_frame(ctx: dict[str, Any], frame_id: int) -> None:
    """Read one frame, unless it has been. ``ctx``: clients, engines, turns, and aside from the worker.

    A picture or an engine that fails is kept with the frame as a sentence; anything else is raised for another try.
    """
    clients: Clients = ctx["clients"]
    turns: CameraTurns = ctx["turns"]
    try:
        camera_id = (await frame_rows.get_frame(frame_id)).camera_id
    except NotFoundError:
        return  # past its time and deleted
    async with turns.of(camera_id, ctx.get("aside", nullcontext)):
        frame = await frame_rows.get_frame(frame_id)
        if frame.status is not FrameStatus.STORED:
            return
        if await upkeep.is_poison(clients, job_id(frame_id), frame.received_at, datetime.now(UTC)):
            await fail_look(frame_id, "Reading this picture broke off again and again.")
            return
        try:
            await _read(clients, ctx["engines"], frame)
        except BusyError:
            await upkeep.is_no_poison(clients, job_id(frame_id))
            raise


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
    spots = [spot.shape for spot in await spot_rows.list_camera_spots(camera.id)]
    try:
        look = await _look(clients, engines, camera, frame, spots) if spots else Look([])
    except ParkHubError as error:
        if error.retryable:
            raise
        await fail_look(frame.id, str(error))
        return
    ms = round((time.perf_counter() - started) * 1000, 1)
    saved = await save_look(clients, frame.id, look.observations, ms)
    if look.memory is not None and saved.status is FrameStatus.READ:
        await clients.pictures.put(_memory_key(camera), look.memory)
    log.info("frame.read", frame=frame.id, camera=camera.public_id, ms=ms, changes=len(saved.changes))


async def _look(clients: Clients, engines: Engines, camera: Camera, frame: Frame, spots: list[SpotShape]) -> Look:
    engine = await engines.get(camera.engine)
    data = await clients.pictures.get(frame.picture_key)
    memory = await _memory(clients, camera)

    def work(engine: SpotEngine) -> Look:
        return engine.look(decode_for(engine, data, spots), spots, memory)

    return await asyncio.to_thread(work, engine)


async def _memory(clients: Clients, camera: Camera) -> bytes | None:
    try:
        return await clients.pictures.get(_memory_key(camera))
    except NotFoundError:
        return None


def _memory_key(camera: Camera) -> str:
    """What a camera's engine wants to see again; another engine starts afresh."""
    return f"memory/{camera.id}/{camera.engine.value}"
