from builders import NOW, after, seen

from parkhub.domain.counts import COUNT_FROM, FrameCount, count_kinds, count_states
from parkhub.domain.spots import SpotState
from parkhub.domain.vehicles import Vehicle, VehicleKind

CAR, MOTORCYCLE, BUS, TRUCK = VehicleKind


def vehicle(kind: VehicleKind, confidence: float) -> Vehicle:
    return Vehicle(kind, confidence, (0, 0, 10, 10))


def test_vehicles_are_counted_by_kind_from_a_confidence_on() -> None:
    found = [vehicle(CAR, 0.9), vehicle(CAR, COUNT_FROM), vehicle(TRUCK, 0.5), vehicle(BUS, COUNT_FROM - 0.01)]
    assert count_kinds(found) == {CAR: 2, MOTORCYCLE: 0, BUS: 0, TRUCK: 1}


def test_an_empty_street_has_none_of_each_kind() -> None:
    assert count_kinds([]) == {CAR: 0, MOTORCYCLE: 0, BUS: 0, TRUCK: 0}


def test_spots_are_counted_by_what_the_picture_showed() -> None:
    looks = [*seen(SpotState.FREE, "A1", "A2"), *seen(SpotState.UNKNOWN, "A3")]
    assert count_states(looks) == {SpotState.FREE: 2, SpotState.OCCUPIED: 0, SpotState.UNKNOWN: 1}


def test_a_picture_belongs_to_the_five_minutes_that_hold_it() -> None:
    count = FrameCount(1, 2, 3, after(299.9), False, 4, 5, 6, None)
    assert (count.slot, count.spots) == (NOW, 15)
