"""Two cameras see some of the same places: each is counted once, and the better view says what it is."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from builders import NOW, a_new_spot, after, save_account, save_camera, save_frame, save_lot, seen, stand_ins

from parkhub.clients import Clients
from parkhub.db import better_views, booking_rules, cameras, overview, report_sources, spots
from parkhub.domain.bookings import Place
from parkhub.domain.cameras import Camera
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.domain.spots import NewSpot, SpotChange, SpotObservation, SpotState
from parkhub.domain.trust import Trouble
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit, lot_ends, lots
from parkhub.services.better_views import join, part
from parkhub.services.corrections import correct_spot, undo_correction
from parkhub.services.looks import Seen, expire_stale, save_look
from parkhub.services.troubles import Sight
from parkhub.settings import Settings

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
NEAR = ((0.2, 0.2), (0.5, 0.2), (0.5, 0.6), (0.2, 0.6))
FAR = ((0.6, 0.1), (0.65, 0.1), (0.66, 0.12), (0.61, 0.12))


def marked(*names: str, polygon: tuple[tuple[float, float], ...]) -> list[NewSpot]:
    return [a_new_spot(name, polygon=polygon) for name in names]


@dataclass
class House:
    """A lot whose places A1 and A2 the south camera sees from near; from the north N1 is A1, seen from far away."""

    clients: Clients
    lot: Lot
    south: Camera
    north: Camera

    @property
    def pairs(self) -> list[tuple[Camera, str]]:
        """Each camera with its spot of the place that both see."""
        return [(self.south, "A1"), (self.north, "N1")]

    async def look(
        self, camera: Camera, at_s: float, opinions: Sequence[SpotObservation], trouble: Trouble | None = None
    ) -> int:
        frame = await save_frame(camera, captured_at=after(at_s))
        await save_look(self.clients, frame.id, Seen(opinions, 1, sight=Sight(camera.reference, trouble)))
        return frame.id

    async def states(self, at_s: float) -> dict[str, SpotState]:
        status = await lots.lot_status(self.lot.slug, after(at_s))
        return {known.spot.name: known.track.state for known in status.spots}

    async def history(self, name: str = "A1") -> list[SpotChange]:
        return [each for each in reversed(await spots.list_changes(self.lot.id, 100)) if each.spot == name]

    async def join(self, at_s: float = 0) -> None:
        await join(self.clients, None, self.lot.id, "A1", "N1", after(at_s))


@pytest.fixture
async def house(database: Settings) -> House:
    lot = await save_lot(slug="two-eyed")
    south = await save_camera(lot, marked("A1", "A2", polygon=NEAR), name="South")
    north = await save_camera(lot, marked("N1", "N2", polygon=FAR), name="North", stale_after_s=600)
    return House(stand_ins(), lot, south, north)


class TestCountingOnce:
    async def test_a_place_of_two_cameras_is_there_once_and_the_near_view_says_what_it_is(self, house: House) -> None:
        await house.look(house.north, 0, seen(OCCUPIED, "N1", "N2", confidence=1))
        await house.join()
        await house.look(house.south, 1, seen(FREE, "A1", "A2", confidence=0.6))
        assert await house.states(2) == {"A1": FREE, "A2": FREE, "N2": OCCUPIED}
        status = await lots.lot_status(house.lot.slug, after(2))
        assert (status.capacity, status.count(FREE), status.count(OCCUPIED)) == (3, 2, 1)

    async def test_the_live_view_counts_it_once_and_each_camera_still_has_all_its_spots(self, house: House) -> None:
        await house.join()
        found = await overview.list_spots_now()
        counted = {(each.camera_id, place): each.counted for each in found for place in each.positions}
        assert counted == {
            (house.south.id, 0): True,
            (house.south.id, 1): True,
            (house.north.id, 0): False,
            (house.north.id, 1): True,
        }

    async def test_a_report_counts_its_day_once(self, house: House) -> None:
        await house.look(house.south, 0, seen(OCCUPIED, "A1"))
        await house.look(house.north, 0, seen(OCCUPIED, "N1"))
        await house.join(1)
        await house.look(house.south, 2, seen(OCCUPIED, "A1"))
        found = await report_sources.list_spot_days(house.lot.id, Span(after(-100), after(100)))
        assert sorted(len(each.changes) for each in found) == [0, 0, 1]

    async def test_of_a_spot_that_stands_for_nothing_any_more_the_history_says_unknown(self, house: House) -> None:
        await house.look(house.north, 0, seen(OCCUPIED, "N1"))
        await house.join(5)
        assert [each.after for each in await house.history("N1")] == [OCCUPIED, UNKNOWN]
        assert [(each.after, each.camera_id) for each in await house.history()] == [(OCCUPIED, house.north.id)]


class TestDeciding:
    async def test_the_worse_view_takes_over_while_the_better_one_is_not_believed_and_the_history_says_who_decided(
        self, house: House
    ) -> None:
        await house.join()
        await house.look(house.south, 0, seen(FREE, "A1"))
        for at_s in (1, 2):
            await house.look(house.north, at_s, seen(OCCUPIED, "N1"))
        assert (await house.states(3))["A1"] is FREE
        for at_s in (10, 20, 30):
            await house.look(house.south, at_s, seen(FREE, "A1"), Trouble.DARK)
        assert (await house.states(31))["A1"] is OCCUPIED
        for at_s in (40, 50):
            await house.look(house.south, at_s, seen(FREE, "A1"))
        assert (await house.states(51))["A1"] is FREE
        north, south = house.north.id, house.south.id
        assert [(each.after, each.camera_id) for each in await house.history()] == [
            (FREE, south),
            (OCCUPIED, north),
            (FREE, south),
        ]

    async def test_the_worse_view_takes_over_when_the_better_camera_falls_silent(self, house: House) -> None:
        await house.join()
        await house.look(house.south, 0, seen(FREE, "A1"))
        await house.look(house.north, 1, seen(OCCUPIED, "N1"))
        assert await expire_stale(house.clients, after(70)) > 0
        assert (await house.states(71))["A1"] is OCCUPIED
        assert (await house.history())[-1].camera_id == house.north.id
        # The north camera looks seldom, and its view is believed for as long as it says, not as the south one's.
        assert (await house.states(500))["A1"] is OCCUPIED
        assert (await house.states(700))["A1"] is UNKNOWN

    async def test_what_is_seen_again_and_again_is_no_change(self, house: House) -> None:
        await house.join()
        for at_s in range(4):
            await house.look(house.south, at_s, seen(FREE, "A1"))
            await house.look(house.north, at_s, seen(OCCUPIED, "N1"))
        assert [each.after for each in await house.history()] == [FREE]
        assert await house.history("N1") == []


class TestCorrecting:
    async def test_a_persons_word_on_the_place_stands_whichever_view_it_is_of(self, house: House) -> None:
        await house.join()
        await house.look(house.south, 0, seen(FREE, "A1"))
        frame = await house.look(house.north, 1, seen(OCCUPIED, "N1"))
        label = await correct_spot(house.clients, None, house.lot.id, "A1", True, after(2), frame)
        assert (label.name, label.camera_id) == ("N1", house.north.id)
        await house.look(house.south, 3, seen(FREE, "A1"))
        assert (await house.states(4))["A1"] is OCCUPIED
        assert (await house.history())[-1].by_hand
        await undo_correction(house.clients, None, house.lot.id, label.id, after(5))
        assert (await house.states(6))["A1"] is FREE

    async def test_a_later_word_goes_before_an_earlier_one_on_the_other_view(self, house: House) -> None:
        await house.join()
        await house.look(house.south, 0, seen(FREE, "A1"))
        frame = await house.look(house.north, 1, seen(FREE, "N1"))
        await correct_spot(house.clients, None, house.lot.id, "A1", True, after(2), frame)
        await correct_spot(house.clients, None, house.lot.id, "A1", False, after(3))
        await house.look(house.north, 4, seen(FREE, "N1"))
        assert (await house.states(5))["A1"] is FREE


class TestParting:
    async def test_parted_they_are_two_places_again_each_as_its_camera_sees_it(self, house: House) -> None:
        await house.join()
        await house.look(house.south, 0, seen(FREE, "A1"))
        await house.look(house.north, 1, seen(OCCUPIED, "N1"))
        await part(house.clients, None, house.lot.id, "N1", after(2))
        assert await house.states(3) == {"A1": FREE, "A2": UNKNOWN, "N1": OCCUPIED, "N2": UNKNOWN}
        assert [each.after for each in await house.history("N1")] == [OCCUPIED]
        await house.look(house.north, 4, seen(FREE, "N1"))
        await house.look(house.north, 5, seen(FREE, "N1"))
        assert (await house.states(6))["N1"] is FREE
        with pytest.raises(NotFoundError, match="not any more"):
            await part(house.clients, None, house.lot.id, "N1", after(7))

    async def test_both_are_noted_with_who_said_so(self, house: House) -> None:
        kim = await save_account()
        await join(house.clients, kim.id, house.lot.id, "A1", "N1", NOW)
        await part(house.clients, kim.id, house.lot.id, "A1", after(1))
        found = [(each.action, each.account_id) for each in await audit.list_entries()]
        assert found == [("spots.parted", kim.id), ("spots.joined", kim.id)]

    async def test_a_spot_that_goes_or_whose_camera_goes_leaves_the_other_by_itself(self, house: House) -> None:
        await house.join()
        await house.look(house.north, 1, seen(OCCUPIED, "N1"))
        await spots.replace_camera_spots(house.south.id, marked("A2", polygon=NEAR))
        assert await house.states(2) == {"A2": UNKNOWN, "N1": OCCUPIED, "N2": UNKNOWN}
        await join(house.clients, None, house.lot.id, "A2", "N1", after(3))
        await lot_ends.remove_camera(house.clients, await cameras.get_camera(house.south.id), None, after(4))
        assert await house.states(5) == {"N1": OCCUPIED, "N2": UNKNOWN}
        assert await better_views.list_places(house.lot.id) == []

    async def test_of_three_the_first_left_stands_for_the_place(self, house: House) -> None:
        west = await save_camera(house.lot, marked("W1", polygon=FAR), name="West")
        await house.join()
        await join(house.clients, None, house.lot.id, "N1", "W1", NOW)
        await house.look(west, 1, seen(OCCUPIED, "W1"))
        assert await house.states(2) == {"A1": OCCUPIED, "A2": UNKNOWN, "N2": UNKNOWN}
        await part(house.clients, None, house.lot.id, "A1", after(2))
        assert await house.states(3) == {"A1": UNKNOWN, "A2": UNKNOWN, "N1": OCCUPIED, "N2": UNKNOWN}


class TestRefusing:
    @pytest.mark.parametrize(
        ("one", "two", "why"),
        [
            ("A1", "A1", "two different"),
            ("A1", "A2", "two places"),
            ("A1", "N1", "already"),
            ("A2", "N1", "two places"),
        ],
    )
    async def test_what_cannot_be_one_place(self, house: House, one: str, two: str, why: str) -> None:
        await house.join()
        with pytest.raises(InvalidInputError, match=why):
            await join(house.clients, None, house.lot.id, one, two, NOW)

    async def test_a_spot_that_is_booked_by_its_name_must_stand_for_the_place(self, house: House) -> None:
        await booking_rules.replace_places(house.lot.id, [], [Place(1, "N1")])
        with pytest.raises(ConflictError, match="booked by its name"):
            await house.join()
        await join(house.clients, None, house.lot.id, "N1", "A1", NOW)
        assert list(await house.states(1)) == ["A2", "N1", "N2"]

    async def test_a_spot_that_is_none(self, house: House) -> None:
        with pytest.raises(NotFoundError, match="B7"):
            await join(house.clients, None, house.lot.id, "A1", "B7", NOW)


class TestTakingTurns:
    async def test_looks_of_both_cameras_joins_and_partings_at_once_leave_the_place_as_the_better_view_has_it(
        self, house: House
    ) -> None:
        await house.join()
        south = [house.look(house.south, at_s, seen(FREE, "A1", "A2")) for at_s in range(6)]
        north = [house.look(house.north, at_s, seen(OCCUPIED, "N1", "N2")) for at_s in range(6)]
        others = [
            join(house.clients, None, house.lot.id, "A2", "N2", after(9)),
            correct_spot(house.clients, None, house.lot.id, "N2", True, after(9)),
            spots.replace_camera_spots(house.north.id, marked("N1", "N2", "N3", polygon=FAR)),
        ]
        await asyncio.gather(*(each for pair in zip(south, north, strict=True) for each in pair), *others)
        await part(house.clients, None, house.lot.id, "A2", after(10))
        await house.look(house.south, 20, seen(FREE, "A1"))
        assert await house.states(21) == {"A1": FREE, "A2": FREE, "N2": OCCUPIED, "N3": UNKNOWN}
        (place,) = await better_views.list_places(house.lot.id)
        assert (place.decider_id, len(place.views)) == (house.south.id, 2)

    async def test_words_of_several_people_on_one_place_by_different_views_leave_one_that_stands(
        self, house: House
    ) -> None:
        seen_by = {camera.id: await house.look(camera, 0, seen(FREE, name)) for camera, name in house.pairs}
        await house.join()
        for turn in range(5):
            await asyncio.gather(
                *(
                    correct_spot(house.clients, None, house.lot.id, "A1", occupied, after(1 + turn), frame)
                    for occupied, frame in zip((True, False), seen_by.values(), strict=True)
                )
            )
            (place,) = await better_views.list_places(house.lot.id)
            held = [track for track in place.views.values() if track.held_until is not None]
            assert [track.state for track in held] == [place.track.state]
