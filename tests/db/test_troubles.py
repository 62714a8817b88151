"""Troubles of cameras, in both databases."""

from dataclasses import replace

import pytest
from builders import NOW, after, save_camera, save_frame

from parkhub.db import cameras, troubles
from parkhub.db.engine import fetch
from parkhub.domain.cameras import CameraTrouble
from parkhub.domain.trust import Trouble, TrustTrack
from parkhub.errors import ConflictError
from parkhub.settings import Settings

TURNED = (1.0, 0.01, 0.002, -0.01, 1.0, 0.1, 0.0, 0.00025, 1.0)


async def test_a_trouble_lasts_until_it_ends_and_another_may_come(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    await troubles.begin_trouble(camera.id, Trouble.DARK, NOW)
    assert await troubles.list_troubles(camera.id, 9) == [CameraTrouble(Trouble.DARK, NOW, None)]
    await troubles.end_trouble(camera.id, after(60))
    await troubles.end_trouble(camera.id, after(90))
    await troubles.begin_trouble(camera.id, Trouble.MOVED, after(120))
    assert await troubles.list_troubles(camera.id, 9) == [
        CameraTrouble(Trouble.MOVED, after(120), None),
        CameraTrouble(Trouble.DARK, NOW, after(60)),
    ]
    assert await troubles.list_troubles(other.id, 9) == []


async def test_a_trouble_that_lasts_only_changes_its_kind(database: Settings) -> None:
    camera = await save_camera()
    await troubles.begin_trouble(camera.id, Trouble.BLURRED, NOW)
    await troubles.begin_trouble(camera.id, Trouble.DARK, after(60))
    assert await troubles.list_troubles(camera.id, 9) == [CameraTrouble(Trouble.DARK, NOW, None)]


async def test_two_troubles_of_a_camera_at_once_are_refused_by_the_database(database: Settings) -> None:
    camera = await save_camera()
    await troubles.begin_trouble(camera.id, Trouble.DARK, NOW)
    with pytest.raises(ConflictError):
        await fetch(
            "INSERT INTO camera_trouble (camera, trouble, began_at) VALUES ({}, {}, {})", camera.id, "moved", NOW
        )


async def test_a_trouble_that_ends_before_it_began_lasted_for_no_time(database: Settings) -> None:
    camera = await save_camera()
    await troubles.begin_trouble(camera.id, Trouble.DARK, after(60))
    await troubles.end_trouble(camera.id, NOW)
    assert await troubles.list_troubles(camera.id, 9) == [CameraTrouble(Trouble.DARK, after(60), after(60))]


async def test_how_far_a_camera_is_believed_comes_back_as_it_was_saved(database: Settings) -> None:
    camera = await save_camera()
    frame = await save_frame(camera)
    trust = TrustTrack(Trouble.MOVED, NOW, Trouble.BLURRED, after(1.5), 3)
    await cameras.set_last_look(camera.id, frame.id, after(2), trust, TURNED)
    found = await cameras.get_camera(camera.id)
    assert (found.trust, found.shift) == (trust, TURNED)
    await cameras.set_last_look(camera.id, frame.id, after(3), TrustTrack())
    found = await cameras.get_camera(camera.id)
    assert (found.trust, found.shift) == (TrustTrack(), None)


async def test_with_a_new_reference_a_camera_is_believed_again(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    frame = await save_frame(camera)
    await cameras.set_last_look(camera.id, frame.id, NOW, TrustTrack(Trouble.MOVED, NOW, Trouble.MOVED, NOW, 2), TURNED)
    await troubles.renew_reference(camera.id)
    await troubles.renew_reference(camera.id)
    assert await cameras.get_camera(camera.id) == replace(
        camera, reference=2, last_frame_id=frame.id, last_captured_at=NOW
    )
    assert await cameras.get_camera(other.id) == other
