import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, after, save_camera, save_frame, seen, stand_ins
from pictures import draw, encode, jpeg
from queues import QueueAway

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import cameras, frames, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import Debounce, SpotChange, SpotObservation, SpotState
from parkhub.errors import (
    BusyError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ParkHubError,
    PictureError,
    TooLargeError,
    UnsupportedTypeError,
)
from parkhub.services.frames import Upload, accept_by_hand, accept_frame
from parkhub.services.looks import Seen, fail_look, save_look
from parkhub.settings import Settings

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def an_upload(sequence: int = 1, picture: bytes | None = None, **given: Any) -> Upload:
    usual = {"captured_at": NOW, "media_type": "image/jpeg", "now": NOW}
    picture = jpeg(sequence) if picture is None else picture
    sha256 = hashlib.sha256(picture).hexdigest()
    return Upload(sequence=sequence, picture=picture, sha256=sha256, **{**usual, **given})


async def states(camera: Camera) -> dict[str, SpotState]:
    return {name: track.state for name, track in (await spots.load_tracks(camera.id)).items()}


async def history(camera: Camera) -> list[tuple[str, SpotState, SpotState, float]]:
    """Oldest first: spot, before, after, seconds after NOW."""
    found: Sequence[SpotChange] = await spots.list_changes(camera.lot_id, 100)
    return [(each.spot, each.before, each.after, (each.at - NOW).total_seconds()) for each in reversed(found)]


async def look(clients: Clients, camera: Camera, at_s: float, *observations: SpotObservation) -> FrameStatus | None:
    frame = await save_frame(camera, captured_at=after(at_s), received_at=after(at_s))
    saved = await save_look(clients, frame.id, Seen(observations, 5.0))
    return saved.status


class TestAccepting:
    async def test_a_picture_is_stored_kept_and_asked_to_be_read(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        accepted = await accept_frame(clients, database, camera, an_upload(7))
        frame = accepted.frame
        assert not accepted.repeat
        assert (frame.camera_id, frame.sequence, frame.status) == (camera.id, 7, FrameStatus.STORED)
        assert (frame.width, frame.height, frame.media_type) == (160, 120, "image/jpeg")
        assert clients.pictures.files == {frame.picture_key: jpeg(7)}
        assert frame.picture_key.startswith(f"frames/20261121/10/{camera.id}/")
        assert clients.queue.jobs == [(QueueName.FRAMES, "read_frame", (frame.id,), f"frame:{frame.id}")]

    async def test_a_repeat_changes_nothing(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        first = await accept_frame(clients, database, camera, an_upload(7))
        again = await accept_frame(clients, database, camera, an_upload(7, captured_at=after(1), now=after(1)))
        assert again.repeat
        assert again.frame == first.frame
        assert len(clients.pictures.files) == len(clients.queue.jobs) == 1

    async def test_twenty_at_once_leave_one_row_one_file_and_one_job(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        answers = await asyncio.gather(*(accept_frame(clients, database, camera, an_upload(7)) for _ in range(20)))
        assert sum(not answer.repeat for answer in answers) == 1
        assert len({answer.frame.id for answer in answers}) == 1
        assert len(clients.queue.jobs) == 1
        assert list(clients.pictures.files) == [answers[0].frame.picture_key]
        assert await frames.count_waiting() == 1

    async def test_the_same_number_for_another_picture_is_a_conflict(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        await accept_frame(clients, database, camera, an_upload(7))
        with pytest.raises(ConflictError):
            await accept_frame(clients, database, camera, an_upload(7, jpeg(8)))
        assert len(clients.pictures.files) == len(clients.queue.jobs) == 1

    async def test_two_pictures_racing_for_a_number_leave_the_winner_only(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        answers = await asyncio.gather(
            *(accept_frame(clients, database, camera, an_upload(7, jpeg(seed))) for seed in range(6)),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, ConflictError) for answer in answers) == 5
        stored = await frames.find_frame(camera.id, 7)
        assert stored is not None
        assert list(clients.pictures.files) == [stored.picture_key]

    async def test_a_clock_that_ran_ahead_and_was_set_right_blinds_nobody(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1, debounce=Debounce(1, 1))
        for sequence, (clock_s, now_s, opinion) in enumerate([(290, 0, FREE), (10, 10, OCCUPIED)]):
            upload = an_upload(sequence, captured_at=after(clock_s), now=after(now_s))
            frame = (await accept_frame(clients, database, camera, upload)).frame
            saved = await save_look(clients, frame.id, Seen(seen(opinion, "A1"), 1))
            assert (saved.status, frame.captured_at) == (FrameStatus.READ, after(now_s))
        assert await states(camera) == {"A1": OCCUPIED}

    async def test_cameras_count_each_for_itself(self, database: Settings, clients: Clients) -> None:
        one, other = await save_camera(), await save_camera()
        await accept_frame(clients, database, one, an_upload(7))
        assert not (await accept_frame(clients, database, other, an_upload(7, jpeg(8)))).repeat

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"picture": b""}, PictureError),
            ({"picture": jpeg()[:-50]}, PictureError),
            ({"picture": encode(draw(), "GIF")}, UnsupportedTypeError),
            ({"picture": encode(draw(), "PNG")}, UnsupportedTypeError),  # said to be a JPEG
            ({"picture": encode(draw(size=(5100, 5000)))}, TooLargeError),
            ({"captured_at": after(301)}, InvalidInputError),
            ({"captured_at": NOW - timedelta(days=7, seconds=1)}, InvalidInputError),
        ],
        ids=["empty", "cut off", "GIF", "another type than said", "too many pixels", "too early", "too old"],
    )
    async def test_what_is_refused_leaves_nothing(
        self, sqlite_open: Settings, clients: Clients, given: dict[str, Any], error: type[ParkHubError]
    ) -> None:
        camera = await save_camera()
        with pytest.raises(error):
            await accept_frame(clients, sqlite_open, camera, an_upload(**given))
        assert (clients.pictures.files, clients.queue.jobs) == ({}, [])
        assert await frames.count_waiting() == 0

    async def test_when_too_many_wait_the_camera_is_asked_to_come_later(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        few = sqlite_open.model_copy(update={"frames_waiting_max": 2})
        for sequence in (1, 2):
            await accept_frame(clients, few, camera, an_upload(sequence))
        with pytest.raises(BusyError) as caught:
            await accept_frame(clients, few, camera, an_upload(3))
        assert caught.value.retry_after_s
        assert (await accept_frame(clients, few, camera, an_upload(2))).repeat
        assert len(clients.pictures.files) == 2

    async def test_one_camera_s_waiting_pictures_leave_room_for_the_others(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        greedy, other = await save_camera(), await save_camera()
        few = sqlite_open.model_copy(update={"frames_waiting_per_camera_max": 2})
        for sequence in (1, 2):
            await accept_frame(clients, few, greedy, an_upload(sequence))
        with pytest.raises(BusyError) as caught:
            await accept_frame(clients, few, greedy, an_upload(3))
        assert caught.value.retry_after_s
        assert not (await accept_frame(clients, few, other, an_upload(3))).repeat

    async def test_a_queue_that_is_away_does_not_lose_the_picture(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        accepted = await accept_frame(replace(clients, queue=QueueAway()), sqlite_open, camera, an_upload())
        assert not accepted.repeat
        assert await frames.list_stuck(after(1)) == [accepted.frame.id]

    async def test_a_row_that_cannot_be_written_takes_its_file_along(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        gone = replace(camera, id=camera.id + 1000)
        with pytest.raises(ConflictError):
            await accept_frame(clients, database, gone, an_upload())
        assert clients.pictures.files == {}

    async def test_a_disk_that_is_full_leaves_no_row(self, sqlite_open: Settings, clients: Clients) -> None:
        camera = await save_camera()
        with pytest.raises(BusyError):
            await accept_frame(replace(clients, pictures=FullDisk()), sqlite_open, camera, an_upload())
        assert await frames.count_waiting() == 0

    async def test_a_person_may_upload_without_taking_a_number_from_the_camera(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        await accept_frame(clients, database, camera, an_upload(1))
        by_hand = await accept_by_hand(clients, database, camera, encode(draw(), "WEBP"), after(1))
        assert not by_hand.repeat
        assert by_hand.frame.captured_at == after(1)
        assert not (await accept_frame(clients, database, camera, an_upload(2))).repeat
        assert (await frames.list_frames(camera.id, 1))[0].id == by_hand.frame.id


class TestLooking:
    async def test_a_first_look_shows_at_once(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=2)
        assert await look(clients, camera, 0, *seen(FREE, "A1"), *seen(OCCUPIED, "A2")) is FrameStatus.READ
        assert await states(camera) == {"A1": FREE, "A2": OCCUPIED}
        assert await history(camera) == [("A1", UNKNOWN, FREE, 0), ("A2", UNKNOWN, OCCUPIED, 0)]
        assert clients.live.announced == [f"lot:{camera.lot_id}"]

    async def test_a_change_needs_the_looks_that_the_camera_asks_for(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1, debounce=Debounce(3, 4))
        for at_s, opinion in enumerate([FREE, OCCUPIED, OCCUPIED, FREE, OCCUPIED]):
            await look(clients, camera, at_s, *seen(opinion, "A1"))
        assert await history(camera) == [("A1", UNKNOWN, FREE, 0), ("A1", FREE, OCCUPIED, 4)]

    async def test_a_look_that_changes_nothing_is_not_announced_to_the_lot(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, *seen(FREE, "A1"))
        clients.live.announced.clear()
        await look(clients, camera, 1, *seen(FREE, "A1"))
        assert clients.live.announced == []

    async def test_the_frame_keeps_what_was_seen(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=2)
        frame = await save_frame(camera)
        await save_look(clients, frame.id, Seen([*seen(FREE, "A1", confidence=0.75), *seen(UNKNOWN, "A2")], 12.5))
        stored = await frames.get_frame(frame.id)
        assert (stored.status, stored.ms) == (FrameStatus.READ, 12.5)
        assert await frames.load_observations(frame.id) == [*seen(FREE, "A1", confidence=0.75), *seen(UNKNOWN, "A2")]
        assert (await cameras.get_camera(camera.id)).last_frame_id == frame.id

    async def test_a_second_reading_of_a_frame_has_no_effect(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1, debounce=Debounce(2, 3))
        await look(clients, camera, 0, *seen(FREE, "A1"))
        frame = await save_frame(camera, captured_at=after(1))
        clients.live.announced.clear()
        first = await save_look(clients, frame.id, Seen(seen(OCCUPIED, "A1"), 1))
        again = await save_look(clients, frame.id, Seen(seen(OCCUPIED, "A1"), 1))
        assert (first.status, again.status) == (FrameStatus.READ, None)
        assert await states(camera) == {"A1": FREE}
        assert clients.live.announced == []

    async def test_ten_readings_at_once_count_once(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=3, debounce=Debounce(2, 3))
        await look(clients, camera, 0, *seen(FREE, "A1", "A2", "A3"))
        frame = await save_frame(camera, captured_at=after(1))
        saved = await asyncio.gather(
            *(save_look(clients, frame.id, Seen(seen(OCCUPIED, "A1", "A2", "A3"), 1)) for _ in range(10))
        )
        assert sum(each.status is not None for each in saved) == 1
        assert {track.recent for track in (await spots.load_tracks(camera.id)).values()} == {"fo"}

    async def test_a_picture_older_than_the_last_look_is_late_and_changes_no_state(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 10, *seen(FREE, "A1"))
        frame = await save_frame(camera, captured_at=after(5))
        assert (await save_look(clients, frame.id, Seen(seen(OCCUPIED, "A1"), 1))).status is FrameStatus.LATE
        assert await states(camera) == {"A1": FREE}
        assert await frames.load_observations(frame.id) == seen(OCCUPIED, "A1")
        assert (await cameras.get_camera(camera.id)).last_captured_at == after(10)

    async def test_of_two_pictures_of_one_instant_the_later_row_wins(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        earlier, later = [await save_frame(camera) for _ in range(2)]
        assert (await save_look(clients, later.id, Seen(seen(FREE, "A1"), 1))).status is FrameStatus.READ
        assert (await save_look(clients, earlier.id, Seen(seen(OCCUPIED, "A1"), 1))).status is FrameStatus.LATE
        other = await save_frame(camera)
        assert (await save_look(clients, other.id, Seen(seen(FREE, "A1"), 1))).status is FrameStatus.READ

    async def test_looks_finishing_at_once_in_any_order_end_with_the_newest(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2, debounce=Debounce(1, 1))
        stored = [await save_frame(camera, captured_at=after(at_s)) for at_s in range(12)]
        opinions = [OCCUPIED if number % 2 else FREE for number in range(12)]
        saved = await asyncio.gather(
            *(
                save_look(clients, frame.id, Seen(seen(opinion, "A1", "A2"), 1))
                for frame, opinion in reversed(list(zip(stored, opinions, strict=True)))
            )
        )
        assert all(each.status in (FrameStatus.READ, FrameStatus.LATE) for each in saved)
        assert set((await states(camera)).values()) == {OCCUPIED}
        assert (await cameras.get_camera(camera.id)).last_frame_id == stored[-1].id
        moments = [at for spot, _, _, at in await history(camera) if spot == "A1"]
        assert moments == sorted(moments)

    async def test_a_spot_unseen_for_long_was_unknown_in_between(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1, stale_after_s=60.0)
        await look(clients, camera, 0, *seen(FREE, "A1"))
        await look(clients, camera, 100, *seen(FREE, "A1"))
        assert await history(camera) == [
            ("A1", UNKNOWN, FREE, 0),
            ("A1", FREE, UNKNOWN, 60),
            ("A1", UNKNOWN, FREE, 100),
        ]

    async def test_a_spot_the_engine_could_not_see_turns_unknown_in_time(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2, stale_after_s=60.0)
        await look(clients, camera, 0, *seen(FREE, "A1", "A2"))
        for at_s in (30, 59):
            await look(clients, camera, at_s, *seen(FREE, "A1"), *seen(UNKNOWN, "A2"))
        assert await states(camera) == {"A1": FREE, "A2": FREE}
        await look(clients, camera, 61, *seen(FREE, "A1"), *seen(UNKNOWN, "A2"))
        assert await states(camera) == {"A1": FREE, "A2": UNKNOWN}

    async def test_opinions_of_spots_that_are_gone_are_let_pass(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1)
        await look(clients, camera, 0, *seen(FREE, "A1", "gone"))
        assert await states(camera) == {"A1": FREE}

    async def test_a_camera_without_spots_still_has_a_last_look(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        assert await look(clients, camera, 0) is FrameStatus.READ
        assert (await cameras.get_camera(camera.id)).last_captured_at == NOW

    async def test_a_frame_that_is_gone_is_said_to_be(self, sqlite_open: Settings, clients: Clients) -> None:
        with pytest.raises(NotFoundError):
            await save_look(clients, 12345, Seen([], 1))


class TestFailing:
    async def test_a_frame_that_failed_says_why_and_is_not_read_later(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        frame = await save_frame(camera)
        assert await fail_look(frame.id, "The model is missing.")
        assert not await fail_look(frame.id, "Something else.")
        assert (await save_look(clients, frame.id, Seen(seen(FREE, "A1"), 1))).status is None
        stored = await frames.get_frame(frame.id)
        assert (stored.status, stored.error) == (FrameStatus.FAILED, "The model is missing.")
        assert await states(camera) == {"A1": UNKNOWN}
        assert clients.live.announced == []


class FullDisk:
    """A picture store without room."""

    async def put(self, key: str, data: bytes) -> None:
        raise BusyError("The server's disk takes no more pictures.")
