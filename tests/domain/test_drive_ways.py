"""The way from a monitor to a place: by lanes, not as the crow flies."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkhub.domain.drive_ways import ASTERN, Roads, Way, find_unreached, find_ways, off
from parkhub.domain.drives import Drives, Lane
from parkhub.domain.spots import Point

UP, RIGHT, DOWN, LEFT = 0, 90, 180, 270
STRAIGHT, TO_RIGHT, BEHIND, TO_LEFT = 0, 2, 4, 6

LOOP = Drives((Lane(((0, 0), (100, 0), (100, 100), (0, 100), (0, 0)), one_way=True),))
"""Round and round, clockwise as it is drawn."""

TEE = Drives((Lane(((100, 300), (100, 100))), Lane(((0, 100), (100, 100), (200, 100)))))
"""A lane up to one that goes across."""


def way(drives: Drives, at: Point, heading: int, place: Point) -> Way | None:
    return find_ways(drives, at, heading, [place])[0]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param((20, 90), Way(240, TO_LEFT), id="left where the lanes meet"),
        pytest.param((180, 110), Way(240, TO_RIGHT), id="right where the lanes meet"),
        pytest.param((110, 150), Way(110, STRAIGHT), id="before they meet"),
        pytest.param((120, 245), Way(25, TO_RIGHT), id="beside the monitor itself"),
    ],
)
def test_the_arrow_is_the_first_turn_and_the_distance_that_along_the_lanes(place: Point, expected: Way) -> None:
    found = way(TEE, (100, 250), UP, place)
    assert found is not None
    assert (found.far, found.eighth) == (pytest.approx(expected.far), expected.eighth)


def test_a_place_beyond_a_wall_is_as_far_as_the_way_round_it() -> None:
    walled = Drives((Lane(((0, 0), (0, 500), (60, 500), (60, 0))),))
    near, far = find_ways(walled, (0, 100), DOWN, [(-20, 400), (40, 100)])
    assert near is not None
    assert far is not None
    assert near.far < far.far
    assert far == Way(400 + 60 + 400 + 20, TO_LEFT)


def test_a_one_way_lane_is_driven_in_its_direction_only() -> None:
    before, after = find_ways(LOOP, (50, 0), RIGHT, [(30, 0), (70, 0)])
    assert before == Way(380, TO_RIGHT)
    assert after == Way(20, STRAIGHT)


def test_nobody_is_sent_backwards_while_a_way_ahead_leads_there_too() -> None:
    square = Drives((Lane(((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))),))
    assert way(square, (50, 0), RIGHT, (20, 0)) == Way(370, TO_RIGHT)


def test_a_place_that_only_lies_behind_is_told_so_and_counts_as_the_farthest() -> None:
    one_lane = Drives((Lane(((0, 0), (100, 0))), Lane(((100, 0), (100, 100)), one_way=True)))
    ahead, behind = find_ways(one_lane, (50, 0), RIGHT, [(100, 90), (20, 0)])
    assert ahead == Way(140, TO_RIGHT)
    assert behind is not None
    assert behind.eighth in (STRAIGHT, BEHIND)
    assert behind.far > ahead.far


def test_cars_turn_round_at_a_dead_end_and_not_in_a_lane() -> None:
    dead_end = Drives((Lane(((0, 0), (100, 0), (200, 0))),))
    assert way(dead_end, (50, 0), RIGHT, (20, 0)) == Way(150 + 180, STRAIGHT)


def test_going_straight_on_where_one_could_turn_is_said_so() -> None:
    cross = Drives((Lane(((100, 300), (100, 200), (100, 100), (200, 100))), Lane(((0, 200), (100, 200), (200, 200)))))
    assert way(cross, (100, 280), UP, (180, 90)) == Way(80 + 100 + 80 + 10, STRAIGHT)


def test_a_bend_without_a_choice_is_a_turn() -> None:
    bend = Drives((Lane(((0, 100), (0, 0), (100, 0))),))
    assert way(bend, (0, 80), UP, (90, 0)) == Way(170, TO_RIGHT)


def test_a_monitor_where_lanes_meet_points_into_the_lane() -> None:
    left, right = find_ways(TEE, (102, 98), UP, [(20, 100), (180, 100)])
    assert (left, right) == (Way(80, TO_LEFT), Way(80, TO_RIGHT))


def test_lanes_that_only_cross_do_not_meet() -> None:
    bridge = Drives((Lane(((0, 50), (100, 50))), Lane(((50, 0), (50, 100)))))
    assert way(bridge, (10, 50), RIGHT, (50, 95)) is None


POINTS = [
    (0.0, 0.0),
    (71.0, 13.0),
    (152.0, 5.0),
    (9.0, 91.0),
    (88.0, 111.0),
    (163.0, 79.0),
    (3.0, 207.0),
    (81.0, 193.0),
]
LANES = st.lists(
    st.builds(
        lambda points, one_way: Lane(tuple(points), one_way=one_way),
        st.lists(st.sampled_from(POINTS), min_size=2, max_size=4, unique=True),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def brute_force(drives: Drives, start: Point, heading: int) -> dict[Point, float]:
    """How far each point is, by driving on and on wherever one may, and noting what was nearer than before."""
    roads = Roads(drives)
    far: dict[tuple[Point, Point], float] = {}
    todo = [(start, v, 0.0) for v in roads.onwards[start] if abs(off(heading, start, v)) < ASTERN]
    while todo:
        u, v, before = todo.pop()
        whole = before + roads.lengths[u, v]
        if whole < far.get((u, v), math.inf):
            far[u, v] = whole
            todo += [(v, w, whole) for w in roads.next_of(u, v)]
    return {v: min(whole for (_, w), whole in far.items() if w == v) for _, v in far}


@given(LANES, st.sampled_from((0, 90, 180, 270)), st.data())
@settings(max_examples=40)
def test_the_way_is_as_long_as_the_shortest_of_all_drives(lanes: list[Lane], heading: int, data: st.DataObject) -> None:
    drives = Drives(tuple(lanes))
    start = data.draw(st.sampled_from(sorted({point for lane in lanes for point in lane.points})))
    expected = brute_force(drives, start, heading)
    last = sum(Roads(drives).lengths.values())
    for place in sorted({point for lane in lanes for point in lane.points} - {start}):
        found = way(drives, start, heading, place)
        if place in expected:
            assert found is not None
            assert found.far == pytest.approx(expected[place], abs=0.06)
        else:
            assert found is None or found.far > last


def test_without_lanes_there_is_no_way() -> None:
    assert find_ways(Drives(), (0, 0), UP, [(1, 1), (2, 2)]) == (None, None)


def test_what_no_entrance_leads_to_is_named() -> None:
    lanes = (
        Lane(((0, 0), (100, 0)), one_way=True),
        Lane(((100, 0), (200, 0)), one_way=True),
        Lane(((0, 90), (50, 90))),
    )
    places = [(50, 5), (150, 5), (20, 80)]
    assert find_unreached(Drives(lanes), places) == []
    assert find_unreached(Drives(lanes, ((0, 0),)), places) == [2]
    assert find_unreached(Drives(lanes, ((100, 0),)), places) == [0, 2]
