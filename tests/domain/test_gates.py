"""Cars in single pictures of a gate."""

from collections.abc import Sequence

import pytest
from builders import after
from plate_scenes import Box, read

from parkhub.domain.cameras import Area, CameraRole, Gate, Inward, parse_area
from parkhub.domain.gates import cars_in, compact, direction_of
from parkhub.domain.passages import Direction, Place
from parkhub.domain.plates import PlateRead, Reading, vote
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import InvalidInputError

SIZE = (1000, 500)


def vehicle(box: Box, kind: VehicleKind = VehicleKind.CAR, confidence: float = 0.9) -> Vehicle:
    return Vehicle(kind, confidence, box)


def test_a_plate_has_the_kind_of_the_smallest_vehicle_around_it() -> None:
    truck, car = vehicle((50, 20, 900, 450), VehicleKind.TRUCK), vehicle((300, 100, 400, 300))
    (found,) = cars_in([read("KA417XM", (450, 300, 100, 25))], [truck, car], SIZE)
    assert (found.read.text, found.kind) == ("KA417XM", VehicleKind.CAR)
    assert found.read.box == (0.45, 0.6, 0.1, 0.05)


@pytest.mark.parametrize(
    ("box", "confidence", "excluded", "seen"),
    [
        ((300, 100, 400, 300), 0.9, (), True),
        ((300, 100, 200, 200), 0.9, (), False),
        ((0, 100, 400, 300), 0.9, (), False),
        ((595, 100, 400, 300), 0.9, (), False),
        ((300, 200, 400, 300), 0.9, (), True),
        ((300, 100, 400, 300), 0.4, (), False),
        ((300, 100, 400, 300), 0.9, ((0.4, 0.4, 0.2, 0.2),), False),
    ],
    ids=["near", "far", "beside, left", "beside, right", "cut below", "doubtful", "excluded"],
)
def test_a_vehicle_at_the_gate_that_shows_no_plate_is_a_car_without_one(
    box: Box, confidence: float, excluded: Sequence[Area], seen: bool
) -> None:
    found = cars_in([], [vehicle(box, VehicleKind.TRUCK, confidence)], SIZE, excluded)
    assert [(car.read.text, car.kind) for car in found] == ([("", VehicleKind.TRUCK)] if seen else [])


def test_a_motorcycle_is_seen_without_its_plate_though_it_is_small() -> None:
    box = (400, 150, 150, 250)
    assert len(cars_in([], [vehicle(box, VehicleKind.MOTORCYCLE)], SIZE)) == 1
    assert cars_in([], [vehicle(box, VehicleKind.CAR)], SIZE) == []
    assert cars_in([], [vehicle((400, 150, 50, 120), VehicleKind.MOTORCYCLE)], SIZE) == []


def test_what_is_kept_of_a_read_votes_as_the_read_did() -> None:
    letters = ((("K", 0.91239), ("X", 0.04), ("H", 0.03), ("R", 0.01), ("Y", 0.0077)), (("A", 0.7), ("4", 0.001)))
    seen = PlateRead("KA", 0.812345, (1, 2, 3, 4), read("KA").corners, (), (Reading(letters),))
    kept = compact(seen, (0.123456, 0.2, 0.3, 0.04))
    assert kept.readings[0].letters == ((("K", 0.912), ("X", 0.04), ("H", 0.03), ("R", 0.01)), (("A", 0.7),))
    assert (kept.text, kept.raw, kept.box) == ("KA", seen.raw, (0.1235, 0.2, 0.3, 0.04))
    assert vote(kept.readings)[0].text == vote(seen.readings)[0].text
    assert compact(kept, kept.box) == kept


def path(*middles: tuple[float, float], plate: bool = True) -> list[Place]:
    return [Place(after(n / 2), (x - 0.05, y - 0.02, 0.1, 0.04), plate) for n, (x, y) in enumerate(middles)]


DOWN = ((0.5, 0.3), (0.52, 0.45), (0.5, 0.6), (0.5, 0.8))


@pytest.mark.parametrize(
    ("inward", "middles", "direction"),
    [
        (Inward.DOWN, DOWN, Direction.ENTRY),
        (Inward.UP, DOWN, Direction.EXIT),
        (Inward.RIGHT, ((0.2, 0.5), (0.6, 0.5)), Direction.ENTRY),
        (Inward.LEFT, ((0.2, 0.5), (0.6, 0.5)), Direction.EXIT),
        (Inward.RIGHT, DOWN, None),
        (Inward.DOWN, ((0.5, 0.5), (0.5, 0.52)), None),
        (Inward.DOWN, ((0.5, 0.5),), None),
        (Inward.DOWN, ((0.5, 0.3), (0.5, 0.6), (0.5, 0.3)), None),
    ],
    ids=["down", "up", "right", "left", "across", "stood", "once", "there and back"],
)
def test_where_cars_go_both_ways_the_movement_tells(
    inward: Inward, middles: Sequence[tuple[float, float]], direction: Direction | None
) -> None:
    gate = Gate(CameraRole.BOTH, inward=inward)
    assert direction_of(gate, path(*middles)) is direction
    assert direction_of(gate, path(*middles, plate=False)) is direction


def test_the_plate_tells_more_of_the_movement_than_the_vehicle() -> None:
    vehicles = path((0.5, 0.8), (0.5, 0.2), plate=False)
    assert direction_of(Gate(CameraRole.BOTH), [*vehicles, *path(*DOWN)]) is Direction.ENTRY
    assert direction_of(Gate(CameraRole.BOTH), [*vehicles, *path(DOWN[0])]) is Direction.EXIT


@pytest.mark.parametrize(("role", "direction"), [(CameraRole.ENTRANCE, Direction.ENTRY), (CameraRole.EXIT, "exit")])
def test_a_gate_of_one_way_needs_no_movement(role: CameraRole, direction: Direction) -> None:
    assert direction_of(Gate(role), path(DOWN[0])) == direction


def test_an_area_is_four_shares_of_the_picture() -> None:
    assert parse_area(" 0.7, 0,0.3,0.1") == (0.7, 0.0, 0.3, 0.1)
    for wrong in ("0.7,0,0.3", "a,b,c,d", "0,nan,1,1", "0,0,64,20", "-0.1,0,1,1"):
        with pytest.raises(InvalidInputError):
            parse_area(wrong)
