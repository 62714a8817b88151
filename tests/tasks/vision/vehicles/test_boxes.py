"""Boxes that overlap become one vehicle of one kind."""

import numpy as np
import pytest

from parkhub.domain.vehicles import VehicleKind
from tasks.vision.vehicles.boxes import Candidates, merge, suppress

CAR, MOTORCYCLE, BUS, TRUCK = range(4)


def candidates(*found: tuple[int, float, tuple[float, float, float, float]]) -> Candidates:
    return Candidates(
        np.array([box for _, _, box in found], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in found], np.float32),
        np.array([kind for kind, _, _ in found], np.int64),
    )


def test_nothing_is_nothing():
    assert merge([candidates()], 100, 100) == []
    assert suppress(*candidates()) == []


def test_two_boxes_on_one_car_are_one_car_and_two_cars_apart_are_two():
    found = merge(
        [
            candidates((CAR, 0.8, (10, 10, 30, 20)), (CAR, 0.6, (12, 11, 30, 20))),
            candidates((CAR, 0.5, (60, 10, 30, 20))),
        ],
        100,
        100,
    )
    assert [(v.confidence, v.box) for v in found] == [
        (pytest.approx(0.8), (10.0, 10.0, 30.0, 20.0)),
        (pytest.approx(0.5), (60.0, 10.0, 30.0, 20.0)),
    ]


def test_a_second_kind_for_one_box_holds_as_far_as_the_surer_one_is_wrong():
    found = merge([candidates((BUS, 0.5, (11, 10, 31, 20)), (CAR, 0.8, (10, 10, 30, 20)))], 100, 100)
    assert [(v.kind, v.confidence) for v in found] == [
        (VehicleKind.CAR, pytest.approx(0.8)),
        (VehicleKind.BUS, pytest.approx(0.5 * 0.2)),
    ]
    assert len(merge([candidates((BUS, 0.5, (11, 10, 31, 20)), (CAR, 0.8, (10, 10, 30, 20)))], 100, 100, 0.25)) == 1


def test_a_car_before_a_bus_is_both():
    found = merge([candidates((CAR, 0.8, (10, 30, 30, 20)), (BUS, 0.5, (5, 5, 60, 45)))], 100, 100)
    assert [(v.kind, v.confidence) for v in found] == [(VehicleKind.CAR, pytest.approx(0.8)), (VehicleKind.BUS, 0.5)]


def test_boxes_end_where_the_picture_does_and_slivers_vanish():
    found = merge([candidates((CAR, 0.8, (-20, 40, 50, 30)), (TRUCK, 0.7, (99.5, 0, 30, 30)))], 100, 60)
    assert [v.box for v in found] == [(0.0, 40.0, 30.0, 20.0)]
