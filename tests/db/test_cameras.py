"""Cameras in both databases."""

from dataclasses import replace

import pytest
from builders import NOW, after, save_camera, save_frame, save_head, save_lot

from parkhub.db import cameras, frames, spot_heads
from parkhub.domain.cameras import CameraRole, Engine, Gate, Inward
from parkhub.domain.spots import Debounce
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings


async def test_a_camera_comes_back_as_it_was_added(database: Settings) -> None:
    lot = await save_lot()
    saved = await cameras.add_camera("gate", lot.id, "Gate", "ab12", Engine.DIFFERENCE, Debounce(3, 5), 45)
    assert await cameras.find_camera("gate") == saved
    assert await cameras.get_camera(saved.id) == saved
    assert saved.enabled
    assert saved.last_captured_at is None


async def test_an_unknown_camera_is_none_or_not_found(database: Settings) -> None:
    assert await cameras.find_camera("gate") is None
    with pytest.raises(NotFoundError):
        await cameras.get_camera(1)
    with pytest.raises(NotFoundError):
        await cameras.set_key_hash(1, "x")
    with pytest.raises(NotFoundError):
        await cameras.save_camera_settings(1, "x", Engine.CLASSIFIER, Debounce(), 60, True, False)


async def test_a_public_id_belongs_to_one_camera(database: Settings) -> None:
    await save_camera(public_id="gate")
    with pytest.raises(ConflictError):
        await save_camera(public_id="gate")


async def test_a_camera_needs_a_lot(database: Settings) -> None:
    with pytest.raises(ConflictError):
        await cameras.add_camera("gate", 4711, "Gate", "x", Engine.CLASSIFIER, Debounce(), 60)


async def test_cameras_are_listed_by_name_for_one_lot_or_all(database: Settings) -> None:
    north, south = await save_lot(), await save_lot()
    for lot, name in ((north, "B"), (south, "C"), (north, "A")):
        await save_camera(lot, name=name)
    assert [camera.name for camera in await cameras.list_cameras(north.id)] == ["A", "B"]
    assert [camera.name for camera in await cameras.list_cameras()] == ["A", "B", "C"]


async def test_the_size_the_spots_were_marked_on_is_unknown_until_it_is_set(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    assert camera.marked_on is None
    await cameras.set_marked_on(camera.id, 380, 452)
    assert await cameras.get_camera(camera.id) == replace(camera, marked_on=(380, 452))
    assert await cameras.get_camera(other.id) == other
    with pytest.raises(NotFoundError):
        await cameras.set_marked_on(4711, 380, 452)


async def test_settings_and_key_change_and_nothing_else(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    await cameras.save_camera_settings(camera.id, "New", Engine.DETECTOR, Debounce(1, 1), 5.5, False, True)
    await cameras.set_key_hash(camera.id, "cd34")
    assert await cameras.get_camera(camera.id) == replace(
        camera,
        name="New",
        engine=Engine.DETECTOR,
        debounce=Debounce(1, 1),
        stale_after_s=5.5,
        enabled=False,
        counts_vehicles=True,
        key_hash="cd34",
    )
    assert await cameras.get_camera(other.id) == other


async def test_a_camera_is_an_overview_until_it_is_said_which_gate_it_watches(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    assert (await cameras.get_camera(camera.id)).gate == Gate(CameraRole.OVERVIEW)
    gate = Gate(CameraRole.EXIT, "us", Inward.UP, ((0.1, 0.2, 0.3, 0.4),), 1)
    await cameras.set_gate(camera.id, gate)
    assert await cameras.get_camera(camera.id) == replace(camera, gate=gate)
    assert await cameras.get_camera(other.id) == other
    with pytest.raises(NotFoundError):
        await cameras.set_gate(4711, gate)


async def test_a_gate_that_believes_no_picture_is_refused_by_the_database(database: Settings) -> None:
    camera = await save_camera()
    with pytest.raises(ConflictError):
        await cameras.set_gate(camera.id, Gate(CameraRole.EXIT, reads_min=0))


async def test_the_last_look_moves_on(database: Settings) -> None:
    camera = await save_camera()
    first, second = await save_frame(camera, 1), await save_frame(camera, 2)
    await cameras.set_last_look(camera.id, first.id, NOW)
    await cameras.set_last_look(camera.id, second.id, after(1.25))
    found = await cameras.get_camera(camera.id)
    assert (found.last_frame_id, found.last_captured_at) == (second.id, after(1.25))


async def test_the_time_of_the_last_look_outlives_its_picture(database: Settings) -> None:
    camera = await save_camera()
    frame = await save_frame(camera)
    await cameras.set_last_look(camera.id, frame.id, NOW)
    await frames.delete_frames([frame.id])
    found = await cameras.get_camera(camera.id)
    assert (found.last_frame_id, found.last_captured_at) == (None, NOW)


async def test_a_camera_that_never_goes_stale_is_refused_by_the_database(database: Settings) -> None:
    with pytest.raises(ConflictError):
        await save_camera(stale_after_s=0)


async def test_the_head_that_judges_the_lot_comes_with_each_of_its_cameras(database: Settings) -> None:
    lot = await save_lot()
    cameras_there, other = [await save_camera(lot) for _ in range(2)], await save_camera()
    await save_head(lot.id)
    assert {camera.head_id for camera in await cameras.list_cameras()} == {None}
    saved = await save_head(lot.id, active=True)
    await save_head(lot.id)
    for camera in cameras_there:
        head_id = (await cameras.get_camera(camera.id)).head_id
        assert head_id is not None
        assert await spot_heads.get_head(head_id) == saved.head
    assert (await cameras.get_camera(other.id)).head_id is None
