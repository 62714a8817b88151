"""The simulated traffic: nobody jumps, nobody shares a place, and something always happens."""

from itertools import pairwise

import numpy as np
import pytest

from camera_node.simulator.plan import BAYS, to_world
from camera_node.simulator.routes import Place, way_in, way_out
from camera_node.simulator.traffic import World
from camera_node.simulator.truth import truth_of


def _states(world: World, seconds: int) -> list[list[tuple[int, float, float, str | None]]]:
    found = []
    for _ in range(seconds):
        world.step(1)
        found.append([(seen.vehicle.number, seen.x, seen.y, seen.bay) for seen in world.seen()])
    return found


def test_the_same_seed_gives_the_same_traffic_and_another_seed_another() -> None:
    assert _states(World(5), 40) == _states(World(5), 40)
    assert _states(World(5), 5) != _states(World(6), 5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_spot_changes_within_the_first_ten_seconds_and_often_after(seed: int) -> None:
    world = World(seed)
    changes, taken = [], {seen.bay for seen in world.seen()}
    for second in range(240):
        world.step(1)
        now = {seen.bay for seen in world.seen()}
        if now != taken:
            changes.append(second)
        taken = now
    assert changes[0] < 10
    assert len(changes) > 240 / 12


@pytest.mark.parametrize("seed", [1, 2])
def test_the_filling_wanders_between_forty_and_eighty_five_percent(seed: int) -> None:
    world = World(seed)
    shares = []
    for _ in range(150):
        world.step(6)
        shares.append(sum(seen.bay is not None for seen in world.seen()) / len(BAYS))
    assert min(shares) >= 0.38
    assert max(shares) <= 0.85
    assert max(shares) - min(shares) > 0.08


def test_vehicles_drive_and_never_jump() -> None:
    world = World(4)
    before = {seen.vehicle.number: (seen.x, seen.y) for seen in world.seen()}
    for _ in range(600):
        world.step(0.5)
        now = {seen.vehicle.number: (seen.x, seen.y) for seen in world.seen()}
        for number, place in now.items():
            if number in before:
                assert np.hypot(*np.subtract(place, before[number])) < 0.5 * 6.5
            else:
                assert place[1] < -36, "a vehicle appeared inside the picture"
        for number in set(before) - set(now):
            assert before[number][1] < -36, "a vehicle vanished inside the picture"
        before = now


def test_nobody_parks_outside_the_own_bay_or_in_a_taken_one() -> None:
    world = World(6)
    rectangles = {bay.name: (to_world(bay.x, bay.y), to_world(bay.x + bay.width, bay.y + bay.height)) for bay in BAYS}
    for _ in range(40):
        world.step(10)
        parked = [seen for seen in world.seen() if seen.bay]
        assert len({seen.bay for seen in parked}) == len(parked)
        for seen in parked:
            (west, north), (east, south) = rectangles[seen.bay or ""]
            assert west < seen.x < east
            assert south < seen.y < north
            inside = (seen.corners[:, 0] > west - 0.35) & (seen.corners[:, 0] < east + 0.35)
            assert inside.all(), (seen.bay, seen.vehicle.kind)


@pytest.mark.parametrize("bay", BAYS, ids=lambda bay: bay.name)
def test_there_is_a_way_into_and_out_of_every_bay(bay: object) -> None:
    place = Place(bay, False, 0.0, 0.0, 0.0)  # type: ignore[arg-type]
    into, out = way_in(place, 1.3), way_out(place, 1.3)
    for legs in (into, out):
        for before, after in pairwise(legs):
            assert np.hypot(*(before.points[-1] - after.points[0])) < 0.01
            turn = before.pose(before.length_m)[2] - after.pose(0)[2]
            assert abs((turn + np.pi) % (2 * np.pi) - np.pi) < 0.35, "the vehicle spins on the spot"
    assert np.hypot(*(into[-1].points[-1] - out[0].points[0])) < 0.01
    assert into[0].points[0][1] < -40 > out[-1].points[-1][1]


def test_truth_is_open_while_somebody_drives_through_a_spot() -> None:
    world = World(1)
    kinds = set()
    for _ in range(60):
        world.step(1)
        truth = truth_of(world.seen())
        assert list(truth) == [bay.name for bay in BAYS]
        for seen in world.seen():
            if seen.bay:
                assert truth[seen.bay] in (True, None)
        kinds |= set(truth.values())
    assert kinds == {True, False, None}
