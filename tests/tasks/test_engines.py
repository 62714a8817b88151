from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import a_new_frame, save_camera, save_head, save_lot, stand_ins
from structlog.testing import capture_logs
from workers import a_row, places

from parkhub.db import cameras, frames, spots
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.spot_heads import SpotHead
from parkhub.domain.spots import Debounce, SpotState
from parkhub.services.adaptation import revert_head
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.frames import CameraTurns, read_frame
from tasks.vision.classifier import ClassifierEngine


@pytest.fixture
def engines(settings: Settings) -> Engines:
    return Engines(settings)


async def always_occupied(engines: Engines) -> SpotHead:
    """A head of the shipped model that sees a car everywhere."""
    engine = await engines.get(Engine.CLASSIFIER)
    assert isinstance(engine, ClassifierEngine)
    assert engine.shipped_head is not None
    return replace(engine.shipped_head, bias=1000.0)


async def active_head(lot_id: int) -> int:
    (camera, *_) = await cameras.list_cameras(lot_id)
    assert camera.head_id is not None
    return camera.head_id


async def test_a_lot_s_head_is_put_on_the_classifier_once(sqlite_open: Settings, engines: Engines) -> None:
    camera = await save_camera()
    await save_head(camera.lot_id, await always_occupied(engines), active=True)
    head_id = await active_head(camera.lot_id)
    adapted = await engines.get(Engine.CLASSIFIER, head_id)
    assert adapted is await engines.get(Engine.CLASSIFIER, head_id)
    assert adapted is not await engines.get(Engine.CLASSIFIER)
    assert await engines.get(Engine.DIFFERENCE, head_id) is await engines.get(Engine.DIFFERENCE)


async def test_a_head_of_another_model_is_left_and_it_is_said_once(sqlite_open: Settings, engines: Engines) -> None:
    camera = await save_camera()
    await save_head(camera.lot_id, replace(await always_occupied(engines), model_sha256="ab" * 32), active=True)
    head_id = await active_head(camera.lot_id)
    with capture_logs() as logs:
        for _ in range(3):
            assert await engines.get(Engine.CLASSIFIER, head_id) is await engines.get(Engine.CLASSIFIER)
    assert [line["event"] for line in logs] == ["engine.head_left"]


async def test_a_head_whose_lot_was_deleted_meanwhile_is_let_pass(sqlite_open: Settings, engines: Engines) -> None:
    assert await engines.get(Engine.CLASSIFIER, 4711) is await engines.get(Engine.CLASSIFIER)


async def test_the_cameras_of_a_lot_look_with_its_head_from_the_next_picture_on_and_others_do_not(
    database: Settings, engines: Engines
) -> None:
    lot = await save_lot()
    mine = await save_camera(lot, places(2), debounce=Debounce(1, 1))
    other = await save_camera(spots_seen=places(2), debounce=Debounce(1, 1))
    ctx = {"clients": stand_ins(), "engines": engines, "turns": CameraTurns(), "job_try": 1}
    start = datetime.now(UTC) - timedelta(seconds=50)

    async def seen(camera: Camera, number: int) -> list[SpotState]:
        at = start + timedelta(seconds=number)
        frame = await frames.add_frame(a_new_frame(camera.id, captured_at=at, received_at=at))
        assert frame is not None
        await ctx["clients"].pictures.put(frame.picture_key, a_row(2, (1,)))
        await read_frame(ctx, frame.id)
        return [track.state for track in (await spots.load_tracks(camera.id)).values()]

    plain = [await seen(camera, 0) for camera in (mine, other)]
    await save_head(lot.id, await always_occupied(engines), active=True)
    adapted = [await seen(camera, 1) for camera in (mine, other)]
    await revert_head(lot.id)
    back = [await seen(camera, 2) for camera in (mine, other)]
    seen_rightly = [SpotState.FREE, SpotState.OCCUPIED]
    assert plain == back == [seen_rightly, seen_rightly]
    assert adapted == [[SpotState.OCCUPIED, SpotState.OCCUPIED], seen_rightly]
