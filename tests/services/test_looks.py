"""What a look changes beside the states: numbers, and whether the camera is believed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from builders import NOW, after, save_camera, save_frame, seen, stand_ins
from structlog.testing import capture_logs

from parkhub.clients import Clients
from parkhub.db import cameras, counts, frames, spots, troubles
from parkhub.domain.cameras import Camera, CameraTrouble
from parkhub.domain.counts import FrameCount
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import Debounce, SpotObservation, SpotState, hold
from parkhub.domain.trust import GOOD_LOOKS, PATIENCE, Trouble, TrustTrack
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.services.looks import Saved, Seen, save_look
from parkhub.services.troubles import Sight
from parkhub.settings import Settings

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
CAR, MOTORCYCLE, BUS, TRUCK = VehicleKind
STEP_S = 10.0


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def camera(database: Settings) -> Camera:
    return await save_camera(spots_seen=2, debounce=Debounce(1, 1))


async def look(clients: Clients, camera: Camera, at_s: float, state: SpotState = FREE, **given: Any) -> Saved:
    frame = await save_frame(camera, captured_at=after(at_s), received_at=after(at_s))
    return await save_look(clients, frame.id, Seen(seen(state, "A1", "A2"), 5.0, **given))


async def watch(clients: Clients, camera: Camera, doubts: Sequence[Trouble | None], **given: Any) -> list[SpotState]:
    """A picture every ten seconds, each as doubtful as said; the first spot's state after each."""
    found = []
    reference = given.pop("reference", camera.reference)
    for number, doubt in enumerate(doubts):
        await look(clients, camera, number * STEP_S, **{"sight": Sight(reference, doubt), **given})
        found.append((await spots.load_tracks(camera.id))["A1"].state)
    return found


async def kept(camera: Camera) -> list[FrameCount]:
    return await counts.list_counts(camera.id, NOW, after(1e6))


def begins(kind: Trouble) -> list[Trouble | None]:
    """A good picture, then as many of the kind as it takes."""
    patience = PATIENCE[kind]
    return [None, *[kind] * max(patience.looks, int(patience.seconds / STEP_S) + 1)]


class TestCounts:
    async def test_a_picture_is_kept_in_numbers(self, clients: Clients, camera: Camera) -> None:
        found = [Vehicle(CAR, 0.9, (0, 0, 9, 9)), Vehicle(TRUCK, 0.8, (0, 0, 9, 9)), Vehicle(CAR, 0.1, (0, 0, 9, 9))]
        await look(clients, camera, 1, OCCUPIED, vehicles=found)
        (count,) = await kept(camera)
        assert (count.lot_id, count.captured_at, count.late) == (camera.lot_id, after(1), False)
        assert (count.free, count.occupied, count.unknown) == (0, 2, 0)
        assert count.vehicles == {CAR: 1, MOTORCYCLE: 0, BUS: 0, TRUCK: 1}

    async def test_where_nobody_looked_for_vehicles_there_are_not_none_but_no_number(
        self, clients: Clients, camera: Camera
    ) -> None:
        await look(clients, camera, 0)
        assert [count.vehicles for count in await kept(camera)] == [None]

    async def test_looks_of_one_picture_side_by_side_count_once(self, clients: Clients, camera: Camera) -> None:
        frame = await save_frame(camera)
        once = Seen(seen(FREE, "A1", "A2"), 1, ())
        await asyncio.gather(*(save_look(clients, frame.id, once) for _ in range(8)))
        assert len(await kept(camera)) == 1

    async def test_a_late_picture_is_kept_and_is_no_part_of_the_history(self, clients: Clients, camera: Camera) -> None:
        await look(clients, camera, 10, FREE)
        assert (await look(clients, camera, 5, OCCUPIED)).status is FrameStatus.LATE
        assert [(count.late, count.occupied) for count in await kept(camera)] == [(False, 0), (True, 2)]
        assert [each.occupied for each in await counts.list_lot_counts(camera.lot_id, NOW, after(300))] == [0]

    async def test_a_camera_without_spots_that_counts_nothing_keeps_no_numbers(
        self, database: Settings, clients: Clients
    ) -> None:
        empty = await save_camera()
        await save_look(clients, (await save_frame(empty)).id, Seen([], 1))
        assert await kept(empty) == []

    async def test_what_cannot_be_trusted_is_not_counted(self, clients: Clients, camera: Camera) -> None:
        vehicles = [Vehicle(CAR, 0.9, (0, 0, 9, 9))]
        await watch(clients, camera, [None, Trouble.DARK], vehicles=vehicles)
        assert [
            (count.free, count.unknown, count.vehicles and count.vehicles[CAR]) for count in await kept(camera)
        ] == [
            (2, 0, 1),
            (0, 2, None),
        ]

    async def test_the_kind_of_a_vehicle_is_known_of_its_spot(self, clients: Clients, camera: Camera) -> None:
        frame = await save_frame(camera)
        await save_look(clients, frame.id, Seen([SpotObservation("A1", OCCUPIED, 0.9, BUS)], 1))
        tracks = await spots.load_tracks(camera.id)
        assert [track.vehicle for track in tracks.values()] == [BUS, None]


class TestTrouble:
    @pytest.mark.parametrize("kind", list(Trouble))
    async def test_the_camera_s_spots_turn_unknown_at_once_when_a_trouble_begins(
        self, clients: Clients, camera: Camera, kind: Trouble
    ) -> None:
        doubts = begins(kind)
        states = await watch(clients, camera, doubts)
        assert states == [FREE] * (len(doubts) - 1) + [UNKNOWN]
        found = await cameras.get_camera(camera.id)
        assert (found.trust.trouble, found.trust.since) == (kind, after(STEP_S))
        assert await troubles.list_troubles(camera.id, 9) == [CameraTrouble(kind, after(STEP_S), None)]
        assert [change.after for change in await spots.list_changes(camera.lot_id, 2)] == [UNKNOWN, UNKNOWN]

    async def test_when_it_ends_the_picture_that_ends_it_counts(self, clients: Clients, camera: Camera) -> None:
        doubts = begins(Trouble.BLOCKED)
        states = await watch(clients, camera, [*doubts, *[None] * GOOD_LOOKS])
        assert states[-GOOD_LOOKS:] == [UNKNOWN] * (GOOD_LOOKS - 1) + [FREE]
        ended_at = after((len(states) - 1) * STEP_S)
        assert await troubles.list_troubles(camera.id, 9) == [CameraTrouble(Trouble.BLOCKED, after(STEP_S), ended_at)]

    async def test_one_odd_picture_changes_nothing(self, clients: Clients, camera: Camera) -> None:
        assert await watch(clients, camera, [None, Trouble.BLOWN, None]) == [FREE, FREE, FREE]
        assert await troubles.list_troubles(camera.id, 9) == []

    async def test_its_beginning_and_its_end_are_told_once_each(self, clients: Clients, camera: Camera) -> None:
        with capture_logs() as logs:
            await watch(clients, camera, [*begins(Trouble.DARK), Trouble.DARK, Trouble.BLURRED, None, None, None])
        told = [entry["event"] for entry in logs if entry["event"].startswith("camera.")]
        assert told == ["camera.trouble_began", "camera.trouble_ended"]

    async def test_who_watches_the_lot_is_told(self, clients: Clients, camera: Camera) -> None:
        await watch(clients, camera, begins(Trouble.DARK)[:-1])
        clients.live.announced.clear()
        await look(clients, camera, 1000, sight=Sight(0, Trouble.DARK))
        assert clients.live.announced == [f"lot:{camera.lot_id}"]

    async def test_a_late_picture_neither_begins_nor_ends_one(self, clients: Clients, camera: Camera) -> None:
        await watch(clients, camera, begins(Trouble.DARK))
        before = await cameras.get_camera(camera.id)
        for at_s in (1, 2, 3):
            assert (await look(clients, camera, at_s, sight=Sight(0, None))).status is FrameStatus.LATE
        assert await cameras.get_camera(camera.id) == before
        other = await save_camera(spots_seen=2)
        await look(clients, other, 1000, sight=Sight(0, None))
        for at_s in (1, 2, 3, 400, 500):
            await look(clients, other, at_s, sight=Sight(0, Trouble.DARK))
        assert (await cameras.get_camera(other.id)).trust.trouble is None

    async def test_a_late_good_picture_is_not_the_one_that_ends_it(self, clients: Clients, camera: Camera) -> None:
        await watch(clients, camera, [*begins(Trouble.DARK), None])
        before = await cameras.get_camera(camera.id)
        assert before.trust.looks == GOOD_LOOKS - 1
        await look(clients, camera, 1, sight=Sight(0, None))
        (lasts,) = await troubles.list_troubles(camera.id, 9)
        assert (lasts.ended_at, await cameras.get_camera(camera.id)) == (None, before)

    async def test_a_picture_that_is_read_again_counts_once(self, clients: Clients, camera: Camera) -> None:
        await look(clients, camera, 0, sight=Sight(0, None))
        frame = await save_frame(camera, captured_at=after(20))
        doubtful = Seen(seen(UNKNOWN, "A1", "A2"), 1, sight=Sight(0, Trouble.DARK))
        await asyncio.gather(*(save_look(clients, frame.id, doubtful) for _ in range(8)))
        assert (await cameras.get_camera(camera.id)).trust == TrustTrack(
            suspect=Trouble.DARK, suspect_since=after(20), looks=1
        )

    async def test_what_was_compared_with_a_view_of_the_past_says_nothing(
        self, clients: Clients, camera: Camera
    ) -> None:
        await troubles.renew_reference(camera.id)
        assert await watch(clients, camera, begins(Trouble.MOVED), reference=0) == [FREE] * 3
        assert (await cameras.get_camera(camera.id)).trust == TrustTrack()

    async def test_where_the_view_lies_is_known_until_another_picture_of_it_says_otherwise(
        self, clients: Clients, camera: Camera
    ) -> None:
        right = (1.0, 0.0, 0.25, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        found = []
        for at_s, sight in enumerate([Sight(0, None, right), None, Sight(7, None), Sight(0, None)]):
            await look(clients, camera, at_s, sight=sight)
            found.append((await cameras.get_camera(camera.id)).shift)
        assert found == [right, right, right, None]

    async def test_a_person_s_word_stands(self, clients: Clients, camera: Camera) -> None:
        await watch(clients, camera, [None])
        track = (await spots.load_tracks(camera.id))["A1"]
        await spots.save_tracks(camera.id, [hold(track, OCCUPIED, after(1), after(3600))])
        for at_s in (10, 20, 30):
            await look(clients, camera, at_s, sight=Sight(0, Trouble.DARK))
        assert [each.state for each in (await spots.load_tracks(camera.id)).values()] == [OCCUPIED, UNKNOWN]

    async def test_a_frame_keeps_what_its_engine_said(self, clients: Clients, camera: Camera) -> None:
        await watch(clients, camera, begins(Trouble.FROZEN))
        (last, *_) = await frames.list_frames(camera.id, 1)
        assert await frames.load_observations(last.id) == seen(FREE, "A1", "A2")


async def test_what_an_engine_is_not_sure_enough_of_it_has_not_seen(
    database: Settings, clients: Clients, camera: Camera
):
    await cameras.set_limits(camera.id, 0.8, 0.0, None)
    for at_s, sure in ((0.0, 0.9), (10.0, 0.79)):
        frame = await save_frame(camera, captured_at=after(at_s), received_at=after(at_s))
        state = OCCUPIED if at_s else FREE
        opinions = [SpotObservation("A1", state, sure), SpotObservation("A2", state, 0.95)]
        await save_look(clients, frame.id, Seen(opinions, 5.0))
    tracks = await spots.load_tracks(camera.id)
    assert [tracks[name].state for name in ("A1", "A2")] == [FREE, OCCUPIED]
    assert [(count.occupied, count.unknown) for count in await kept(camera)][-1] == (1, 1)
