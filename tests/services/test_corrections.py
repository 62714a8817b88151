import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from builders import NOW, after, save_account, save_camera, save_frame, save_lot, seen, stand_ins
from queues import QueueAway

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import cameras, frames, spot_labels, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import HOLD_S, Crop, SpotLabel
from parkhub.domain.frames import Frame
from parkhub.domain.spots import SpotObservation, SpotState
from parkhub.domain.trust import Trouble, TrustTrack
from parkhub.errors import NotFoundError
from parkhub.services.corrections import correct_spot, undo_correction
from parkhub.services.labels import crop_key, finish_crop
from parkhub.services.looks import Seen, expire_stale, save_look
from parkhub.services.troubles import Sight
from parkhub.settings import Settings

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
POLYGON = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def look(clients: Clients, camera: Camera, at_s: float, opinions: Sequence[SpotObservation]) -> Frame:
    frame = await save_frame(camera, captured_at=after(at_s))
    await save_look(clients, frame.id, Seen(opinions, 1))
    return frame


async def states(camera: Camera) -> dict[str, SpotState]:
    return {name: track.state for name, track in (await spots.load_tracks(camera.id)).items()}


async def history(camera: Camera) -> list[tuple[SpotState, SpotState, bool, int | None]]:
    """Oldest first."""
    found = await spots.list_changes(camera.lot_id, 100)
    return [(each.before, each.after, each.by_hand, each.account_id) for each in reversed(found)]


async def say(clients: Clients, camera: Camera, occupied: bool, at_s: float, **given: Any) -> SpotLabel:
    return await correct_spot(
        clients, given.pop("account_id", None), camera.lot_id, "A1", occupied, after(at_s), **given
    )


class TestCorrecting:
    async def test_the_state_changes_at_once_with_the_person_in_its_history_and_whoever_watches_is_told(
        self, database: Settings, clients: Clients
    ) -> None:
        camera, kim = await save_camera(spots_seen=2), await save_account()
        await look(clients, camera, 0, seen(OCCUPIED, "A1", "A2"))
        clients.live.announced.clear()
        await say(clients, camera, False, 5, account_id=kim.id)
        assert await states(camera) == {"A1": FREE, "A2": OCCUPIED}
        assert (await history(camera))[-1] == (OCCUPIED, FREE, True, kim.id)
        assert clients.live.announced == [f"lot:{camera.lot_id}"]

    async def test_a_label_lies_where_the_spot_lay_in_a_view_that_has_moved(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        frame = await save_frame(camera)
        right = (1.0, 0.0, 0.25, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        await save_look(clients, frame.id, Seen(seen(FREE, "A1"), 1, sight=Sight(camera.reference, None, right)))
        (spot,) = await spots.list_camera_spots(camera.id)
        assert (await say(clients, camera, True, 5)).polygon == tuple((x + 0.25, y) for x, y in spot.polygon)

    async def test_the_label_keeps_what_the_engine_had_said_of_the_last_picture_and_asks_for_its_crop(
        self, database: Settings, clients: Clients
    ) -> None:
        camera, kim = await save_camera(spots_seen=1), await save_account()
        await look(clients, camera, 0, seen(FREE, "A1"))
        frame = await look(clients, camera, 1, seen(OCCUPIED, "A1", confidence=0.625))
        label = await say(clients, camera, True, 5, account_id=kim.id)
        (spot,) = await spots.list_camera_spots(camera.id)
        assert label == SpotLabel(
            lot_id=camera.lot_id,
            camera_id=camera.id,
            spot_id=spot.id,
            frame_id=frame.id,
            account_id=kim.id,
            name="A1",
            picture_sha256=frame.sha256,
            occupied=True,
            at=after(1),
            created_at=after(5),
            polygon=spot.polygon,
            before=FREE,
            said=OCCUPIED,
            confidence=0.625,
            id=label.id,
            crop=Crop.WAITING,
            crop_polygon=None,
        )
        assert clients.queue.jobs == [(QueueName.FRAMES, "cut_label", (label.id,), f"label:{label.id}")]

    async def test_it_is_not_undone_by_looks_that_err_again_until_its_time_is_over(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        await say(clients, camera, False, 1)
        for at_s in (2, 3, 60, HOLD_S):
            await look(clients, camera, at_s, seen(OCCUPIED, "A1"))
            assert await states(camera) == {"A1": FREE}
        for at_s in (HOLD_S + 1, HOLD_S + 2):
            await look(clients, camera, at_s, seen(OCCUPIED, "A1"))
        assert await states(camera) == {"A1": OCCUPIED}
        assert [by_hand for _, _, by_hand, _ in await history(camera)] == [False, True, False]

    async def test_a_camera_that_is_in_trouble_does_not_hide_it(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=2)
        frame = await look(clients, camera, 0, seen(FREE, "A1", "A2"))
        await cameras.set_last_look(camera.id, frame.id, NOW, TrustTrack(Trouble.BLOCKED, NOW, Trouble.BLOCKED, NOW, 9))
        label = await say(clients, camera, True, 1)
        await look(clients, camera, 2, seen(UNKNOWN, "A1", "A2"))
        assert await states(camera) == {"A1": OCCUPIED, "A2": UNKNOWN}
        assert label.crop is Crop.NONE

    async def test_a_word_for_what_is_seen_changes_nothing_and_is_a_label_all_the_same(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        clients.live.announced.clear()
        before = await spots.load_tracks(camera.id)
        label = await say(clients, camera, True, 1)
        assert await spots.load_tracks(camera.id) == before
        assert (label.said, label.state) == (OCCUPIED, OCCUPIED)
        assert clients.live.announced == []

    async def test_a_spot_that_was_unknown_for_long_is_known_again_and_then_unknown_again(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1, stale_after_s=60.0)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        label = await say(clients, camera, False, 1000)
        assert (label.before, label.said, label.frame_id, label.crop) == (UNKNOWN, None, None, Crop.NONE)
        assert await expire_stale(clients, after(1000 + HOLD_S - 1)) == 0
        assert await expire_stale(clients, after(1000 + HOLD_S)) == 1
        steps = [(before, now) for before, now, _, _ in await history(camera)]
        assert steps == [(UNKNOWN, OCCUPIED), (OCCUPIED, UNKNOWN), (UNKNOWN, FREE), (FREE, UNKNOWN)]

    async def test_a_spot_of_a_camera_that_never_looked_can_be_told_and_is_not_believed_for_ever(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        await say(clients, camera, True, 0)
        assert await states(camera) == {"A1": OCCUPIED}
        assert await expire_stale(clients, after(HOLD_S)) == 1
        assert await states(camera) == {"A1": UNKNOWN}

    async def test_a_word_on_an_older_picture_that_is_still_believed_is_a_word_for_now(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1, stale_after_s=60.0)
        shown = await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        await look(clients, camera, 5, seen(OCCUPIED, "A1"))
        label = await say(clients, camera, False, 10, frame_id=shown.id)
        assert (label.frame_id, label.at) == (shown.id, NOW)
        assert await states(camera) == {"A1": FREE}

    async def test_a_word_on_a_picture_of_long_ago_is_a_label_only(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1, stale_after_s=60.0)
        shown = await look(clients, camera, 0, seen(FREE, "A1", confidence=0.75))
        await look(clients, camera, 100, seen(FREE, "A1"))
        label = await say(clients, camera, True, 101, frame_id=shown.id)
        assert (label.said, label.confidence, label.crop) == (FREE, 0.75, Crop.WAITING)
        assert await states(camera) == {"A1": FREE}

    async def test_a_spot_or_a_picture_that_is_not_there_is_refused_and_nothing_changes(
        self, database: Settings, clients: Clients
    ) -> None:
        camera, foreign = await save_camera(spots_seen=1), await save_frame()
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        with pytest.raises(NotFoundError, match="no spot B1"):
            await correct_spot(clients, None, camera.lot_id, "B1", False, after(1))
        with pytest.raises(NotFoundError, match="no spot A1"):
            await correct_spot(clients, None, (await save_lot()).id, "A1", False, after(1))
        for frame_id in (foreign.id, 4711):
            with pytest.raises(NotFoundError, match="picture"):
                await say(clients, camera, False, 1, frame_id=frame_id)
        assert await states(camera) == {"A1": OCCUPIED}
        assert await spot_labels.list_labels(camera.lot_id) == []

    async def test_a_queue_that_is_away_costs_nothing_but_time(self, sqlite_open: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        label = await say(replace(clients, queue=QueueAway()), camera, False, 1)
        assert await states(camera) == {"A1": FREE}
        assert await spot_labels.list_uncut(after(2)) == [label.id]


class TestAtOnce:
    async def test_two_words_on_one_picture_are_one_label_and_the_state_is_what_the_label_says(
        self, database: Settings, clients: Clients
    ) -> None:
        for _ in range(5):
            camera = await save_camera(spots_seen=1)
            await look(clients, camera, 0, seen(OCCUPIED, "A1"))
            await asyncio.gather(*(say(clients, camera, occupied, 1) for occupied in (True, False)))
            (label,) = await spot_labels.list_labels(camera.lot_id)
            assert await states(camera) == {"A1": label.state}

    async def test_a_word_and_a_look_take_turns_and_the_word_stands(self, database: Settings, clients: Clients) -> None:
        for _ in range(5):
            camera = await save_camera(spots_seen=1)
            await look(clients, camera, 0, seen(OCCUPIED, "A1"))
            await asyncio.gather(
                say(clients, camera, False, 2), *(look(clients, camera, 3 + n, seen(OCCUPIED, "A1")) for n in range(3))
            )
            assert await states(camera) == {"A1": FREE}
            assert [now for _, now, _, _ in await history(camera)] == [OCCUPIED, FREE]

    async def test_taking_back_twice_at_once_has_one_effect(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        label = await say(clients, camera, False, 1)
        answers = await asyncio.gather(
            *(undo_correction(clients, None, camera.lot_id, label.id, after(2)) for _ in range(3)),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers if answer is not None] == [NotFoundError] * 2
        assert len(await history(camera)) == 3


class TestUndoing:
    async def test_the_label_goes_with_its_crop_and_what_was_shown_shows_again(
        self, database: Settings, clients: Clients
    ) -> None:
        camera, kim = await save_camera(spots_seen=1), await save_account()
        await look(clients, camera, 0, seen(OCCUPIED, "A1", confidence=0.75))
        label = await say(clients, camera, False, 1)
        assert await finish_crop(clients, label, b"png", POLYGON)
        await undo_correction(clients, kim.id, camera.lot_id, label.id, after(5))
        track = (await spots.load_tracks(camera.id))["A1"]
        assert (track.state, track.confidence, track.held_until) == (OCCUPIED, 0.75, None)
        assert (await history(camera))[-1] == (FREE, OCCUPIED, True, kim.id)
        assert clients.pictures.files == {}
        assert await spot_labels.list_labels(camera.lot_id) == []

    async def test_a_state_that_looks_have_confirmed_since_stays(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        label = await say(clients, camera, False, 1)
        await look(clients, camera, 2, seen(FREE, "A1"))
        await undo_correction(clients, None, camera.lot_id, label.id, after(3))
        assert await states(camera) == {"A1": FREE}

    async def test_an_earlier_word_is_taken_back_without_touching_a_later_one(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        earlier = await say(clients, camera, True, 1)
        await look(clients, camera, 2, seen(OCCUPIED, "A1"))
        later = await say(clients, camera, False, 3)
        await undo_correction(clients, None, camera.lot_id, earlier.id, after(4))
        assert await states(camera) == {"A1": FREE}
        assert [label.id for label in await spot_labels.list_labels(camera.lot_id)] == [later.id]

    async def test_a_label_of_another_lot_is_refused(self, database: Settings, clients: Clients) -> None:
        camera, other = await save_camera(spots_seen=1), await save_lot()
        label = await say(clients, camera, False, 1)
        with pytest.raises(NotFoundError):
            await undo_correction(clients, None, other.id, label.id, after(2))
        assert await spot_labels.get_label(label.id) == label

    async def test_of_a_spot_that_is_gone_only_the_label_goes(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1)
        frame = await look(clients, camera, 0, seen(OCCUPIED, "A1"))
        label = await say(clients, camera, False, 1)
        await spots.replace_camera_spots(camera.id, [])
        await frames.delete_frames([frame.id])
        await undo_correction(clients, None, camera.lot_id, label.id, after(2))
        assert await spot_labels.list_labels(camera.lot_id) == []
        assert crop_key(label) not in clients.pictures.files
