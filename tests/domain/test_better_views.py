import math
from typing import Any

import pytest
from builders import NOW, a_spot, a_track, after

from parkhub.domain.better_views import SURER, View, choose, follow, names_alike, narrowest, suggest
from parkhub.domain.spots import BayPlan, BayShape, SpotState, SpotTrack

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
SQUARE = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2))


def view(spot_id: int, width_px: float = 40, state: SpotState = FREE, *, trusted: bool = True, **track: Any) -> View:
    return View(spot_id, 10 * spot_id, a_track(f"A{spot_id}", state, **track), width_px, trusted)


class TestNarrowest:
    def test_a_box_is_as_narrow_as_its_shorter_side_in_pixels(self) -> None:
        assert narrowest(SQUARE, (1000, 500)) == pytest.approx(50)

    def test_a_slanted_bay_is_measured_across_and_not_along_the_picture(self) -> None:
        slanted = tuple((x / 1000, y / 1000) for x, y in ((0, 0), (100, 100), (110, 90), (10, -10)))
        assert narrowest(slanted, (1000, 1000)) == pytest.approx(math.hypot(10, 10))

    def test_a_dent_does_not_make_it_narrower(self) -> None:
        dented = ((0, 0), (0.1, 0), (0.1, 0.1), (0.05, 0.02), (0, 0.1))
        assert narrowest(dented, (1000, 1000)) == pytest.approx(100)

    def test_a_line_has_no_width(self) -> None:
        assert narrowest(((0.1, 0.1), (0.2, 0.2), (0.3, 0.3)), None) == pytest.approx(0)


class TestChoosing:
    @pytest.mark.parametrize(
        ("views", "decides"),
        [
            ([view(1, 40), view(2, 80)], 2),
            ([view(1, 40), view(2, 80, UNKNOWN)], 1),
            ([view(1, 40), view(2, 80, trusted=False)], 1),
            ([view(1, 40, UNKNOWN), view(2, 80, trusted=False)], 2),
            ([view(1, 40, confidence=0.99), view(2, 80, confidence=0.5)], 2),
            ([view(1, 80, confidence=0.99), view(2, 78, confidence=0.5)], 1),
            ([view(1, 78, confidence=0.5), view(2, 80, confidence=0.99)], 2),
            ([view(1, 40, held_until=after(9), seen_at=after(1)), view(2, 80)], 1),
            (
                [view(1, 40, held_until=after(9), seen_at=after(1)), view(2, 9, held_until=after(9), seen_at=after(2))],
                2,
            ),
            ([view(1, 40, held_until=NOW), view(2, 80)], 2),
        ],
        ids=[
            "the wider one",
            "what is known before what is not",
            "what is trusted before what is doubted",
            "what is doubted before what is not known",
            "the wider one, however sure the other is",
            "the surer one of two alike",
            "whichever comes first",
            "a person's word",
            "the later of two words",
            "no word whose time is over",
        ],
    )
    def test_the_view_that_decides(self, views: list[View], decides: int) -> None:
        assert choose(views, None, after(3)).spot_id == decides

    def test_of_two_alike_who_decided_goes_on_until_the_other_is_clearly_surer(self) -> None:
        little, much = (view(2, confidence=0.7 + gain) for gain in (SURER / 2, SURER))
        assert choose([view(1, confidence=0.7), little], 1, NOW).spot_id == 1
        assert choose([view(1, confidence=0.7), much], 1, NOW).spot_id == 2


class TestFollowing:
    def test_a_state_that_goes_on_began_when_it_began(self) -> None:
        before = a_track("A1", FREE)
        assert follow(before, view(2, since=after(5)), after(9)).since == NOW

    def test_another_state_begins_now_and_never_before_the_last_one(self) -> None:
        before = a_track("A1", FREE, since=after(5))
        assert follow(before, view(2, state=OCCUPIED), after(9)).since == after(9)
        assert follow(before, view(2, state=OCCUPIED), after(3)).since == after(5)

    def test_it_keeps_its_name(self) -> None:
        assert follow(SpotTrack("A1"), view(2), NOW).spot == "A1"


def at(x: float, name: str, camera_id: int) -> Any:
    return a_spot(name, camera_id=camera_id, plan=BayPlan(BayShape.MOUTH_UP, x, 0, 22, 46))


class TestSuggesting:
    def test_spots_of_two_cameras_that_lie_on_each_other_or_are_named_alike(self) -> None:
        spots = [at(0, "A1", 1), at(22, "A2", 1), at(5, "N7", 2), at(90, "north A2", 2), at(200, "N9", 2)]
        found = [(each.spot.name, each.other.name, each.why) for each in suggest(spots)]
        assert found == [("A1", "N7", "on each other in the plan"), ("A2", "north A2", "names alike")]

    def test_never_two_of_one_camera_and_never_what_is_one_place_already(self) -> None:
        spots = [at(0, "A1", 1), at(1, "A2", 1), at(2, "N1", 2)]
        assert suggest(spots, [frozenset({spots[0].id, spots[2].id}), frozenset({spots[1].id, spots[2].id})]) == []

    @pytest.mark.parametrize(
        ("one", "other", "alike"),
        [
            ("A12", "a12", True),
            ("A12", "N-A12", True),
            ("7", "South 7", True),
            ("A12", "A12_north", True),
            ("A1", "A12", False),
            ("Deck A 1", "Deck B 1", False),
            ("Deck", "Deck 1", False),
        ],
    )
    def test_names(self, one: str, other: str, alike: bool) -> None:
        assert names_alike(one, other) is alike
