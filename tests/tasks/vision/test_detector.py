"""The detector engine: vehicles stand on spots by the ground part of their boxes."""

import numpy as np
import pytest
from networks import save_constant_detector

from parkhub.domain.spots import SpotShape, SpotState
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import EngineError
from tasks.vision.detector import DetectorEngine, on_spots


def rectangle(left: float, top: float, width: float, height: float) -> np.ndarray:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def car(left: float, top: float, width: float, height: float, confidence: float = 0.8) -> Vehicle:
    return Vehicle(VehicleKind.CAR, confidence, (left, top, width, height))


def lorry(left: float, top: float, width: float, height: float) -> Vehicle:
    return Vehicle(VehicleKind.TRUCK, 0.7, (left, top, width, height))


def taken(polygons: list[np.ndarray], vehicles: list[Vehicle]) -> list[int]:
    return [i for i, vehicle in enumerate(on_spots(polygons, vehicles)) if vehicle is not None]


BAYS = [rectangle(100 * i, 100, 100, 60) for i in range(4)]
"""Four bays side by side, seen at an angle: cars on them rise above."""


@pytest.mark.parametrize(
    ("vehicles", "occupied"),
    [
        ([], []),
        ([car(110, 60, 80, 95)], [1]),
        ([car(110, 60, 80, 95), car(305, 70, 85, 85)], [1, 3]),
        ([car(60, 70, 80, 80)], [0]),
        ([car(110, 10, 80, 60)], []),
        ([car(110, 170, 80, 60)], []),
        ([lorry(90, 60, 220, 95)], [1, 2]),
        ([car(95, 60, 190, 95)], [1]),
        ([car(100, 20, 100, 100)], []),
        ([car(0, 40, 400, 120)], []),
        ([car(140, 110, 20, 40)], []),
    ],
    ids=[
        "nobody",
        "one car, its roof above its bay",
        "two cars",
        "a car between two bays is on one of them",
        "a car behind the bay",
        "a car in front of the bay",
        "a lorry across two",
        "a car's box that is wider than the car",
        "only the bumper over the line",
        "one box around the whole row",
        "somebody walking over it",
    ],
)
def test_a_vehicle_is_where_it_stands(vehicles, occupied):
    assert taken(BAYS, vehicles) == occupied


def test_the_surest_vehicle_is_the_one_that_stands_there():
    first, second = car(110, 60, 80, 95, 0.9), car(112, 62, 80, 95, 0.4)
    assert on_spots(BAYS, [first, second])[1] is first


def test_slanted_and_odd_polygons_count_by_area():
    slanted = np.array([[50, 100], [120, 100], [90, 200], [20, 200]], np.float32)
    assert taken([slanted], [car(30, 80, 80, 115)]) == [0]
    assert taken([slanted], [car(130, 80, 80, 115)]) == []


def test_seen_from_above_a_car_fills_its_bay():
    above = [rectangle(50 * i, 100, 50, 110) for i in range(4)]
    assert taken(above, [car(55, 105, 40, 98)]) == [1]
    assert taken(above, [car(55, 215, 98, 40)]) == []  # in the lane in front of two bays


def test_the_engine_answers_every_spot_in_order(tmp_path):
    rows = np.zeros((1, 84, 85), np.float32)
    index = 2 * 8 + 2  # the cell of stride 8 at 16..24 pixels
    rows[0, index, :5] = (0.5, 0.5, np.log(2), np.log(2), 1)
    rows[0, index, 5 + 2] = 0.9
    engine = DetectorEngine(save_constant_detector(tmp_path / "d.onnx", rows, 64))
    spots = [
        SpotShape("free", ((0.52, 0.52), (0.98, 0.52), (0.98, 0.98), (0.52, 0.98))),
        SpotShape("taken", ((0.02, 0.02), (0.48, 0.02), (0.48, 0.48), (0.02, 0.48))),
        SpotShape("tiny", ((0.7, 0.1), (0.705, 0.1), (0.705, 0.105), (0.7, 0.105))),
    ]
    look = engine.look(np.zeros((128, 128, 3), np.uint8), spots)

    assert [(o.spot, o.state) for o in look.observations] == [
        ("free", SpotState.FREE),
        ("taken", SpotState.OCCUPIED),
        ("tiny", SpotState.UNKNOWN),
    ]
    assert look.observations[1].confidence == pytest.approx(0.95)
    assert [o.vehicle for o in look.observations] == [None, VehicleKind.CAR, None]
    assert {v.kind for v in look.vehicles} == {VehicleKind.CAR}
    assert look.memory is None


def test_small_spots_make_the_engine_look_at_tiles_and_keep_their_pixels(tmp_path):
    engine = DetectorEngine(save_constant_detector(tmp_path / "d.onnx", np.zeros((1, 84, 85)), 64))
    small = [SpotShape("1", ((0.5, 0.5), (0.6, 0.5), (0.6, 0.6), (0.5, 0.6)))]
    large = [SpotShape("1", ((0.02, 0.1), (0.98, 0.1), (0.98, 0.9), (0.02, 0.9)))]
    assert engine.long_side_needed(small, 1920, 1080) == 4 * 64
    assert engine.long_side_needed(large, 1920, 1080) == 64
    assert engine.look(np.zeros((300, 500, 3), np.uint8), small).observations[0].state is SpotState.FREE
    assert engine.look(np.zeros((300, 500, 3), np.uint8), []).observations == []


def test_a_failing_model_is_an_error_not_a_free_lot(tmp_path):
    engine = DetectorEngine(save_constant_detector(tmp_path / "d.onnx", np.full((1, 84, 85), np.nan), 64))
    with pytest.raises(EngineError):
        engine.look(np.zeros((64, 64, 3), np.uint8), [SpotShape("1", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)))])
