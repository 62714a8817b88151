"""Answers of YOLOX-type networks are decoded as the paper's reference does, checked on networks with known answers."""

import math
from pathlib import Path

import numpy as np
import pytest
from networks import save_constant_detector
from plain_boxes import Found, vehicles

from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import EngineError
from tasks.vision.vehicles.finder import OnnxFinder, open_finder

SIDE = 64
CELLS = [(8, x, y) for y in range(8) for x in range(8)]
CELLS += [(16, x, y) for y in range(4) for x in range(4)]
CELLS += [(32, x, y) for y in range(2) for x in range(2)]
KIND_BY_COLUMN = {2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}


def empty_rows(classes: int = 80) -> np.ndarray:
    return np.zeros((1, len(CELLS), 5 + classes), np.float32)


def put(rows: np.ndarray, box: tuple[float, float, float, float], column: int, confidence: float, stride: int) -> None:
    """Write a box (left, top, width, height in network pixels) the way a YOLOX head would."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    index = CELLS.index((stride, int(x // stride), int(y // stride)))
    rows[0, index, :4] = (
        x / stride - int(x // stride),
        y / stride - int(y // stride),
        math.log(box[2] / stride),
        math.log(box[3] / stride),
    )
    rows[0, index, 4] = 0.9
    rows[0, index, 5 + column] = confidence / 0.9


def finder(tmp_path: Path, rows: np.ndarray, **metadata: str) -> OnnxFinder:
    return open_finder(save_constant_detector(tmp_path / "made.onnx", rows, SIDE, **metadata))


def grey(width: int = SIDE, height: int = SIDE) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize(("column", "kind"), KIND_BY_COLUMN.items(), ids=KIND_BY_COLUMN.values())
def test_one_vehicle_of_each_kind_on_each_grid(tmp_path, stride, column, kind):
    rows = empty_rows()
    put(rows, (20, 12, 24, 16), column, 0.8, stride)
    (found,) = finder(tmp_path, rows).find(grey())

    assert found.kind == kind
    assert found.confidence == pytest.approx(0.8, abs=1e-4)
    assert found.box == pytest.approx((20, 12, 24, 16), abs=0.1)


def test_boxes_come_back_in_pixels_of_the_picture_and_inside_it(tmp_path):
    rows = empty_rows()
    put(rows, (10, 4, 20, 10), 2, 0.8, 8)
    put(rows, (40, 20, 40, 40), 2, 0.7, 16)
    first, second = finder(tmp_path, rows).find(grey(640, 320))

    assert first.box == pytest.approx((100, 40, 200, 100), abs=1)
    assert second.box == pytest.approx((400, 200, 240, 120), abs=1)


def test_people_and_dogs_are_no_vehicles(tmp_path):
    rows = empty_rows()
    for place, column in enumerate((0, 1, 4, 6, 16)):
        put(rows, (4 + 12 * place, 10, 10, 10), column, 0.8, 8)
    assert finder(tmp_path, rows).find(grey()) == []


def test_a_network_of_our_four_kinds_is_read_in_their_order(tmp_path):
    rows = empty_rows(4)
    put(rows, (10, 10, 20, 20), 2, 0.8, 8)
    (found,) = finder(tmp_path, rows).find(grey())
    assert found.kind is VehicleKind.BUS


def test_kinds_written_into_the_file_win_over_their_usual_order(tmp_path):
    rows = empty_rows(4)
    put(rows, (10, 10, 20, 20), 2, 0.8, 8)
    made = finder(tmp_path, rows, family="yolox", kinds="truck,bus,motorcycle,car")
    assert [v.kind for v in made.find(grey())] == [VehicleKind.MOTORCYCLE]
    assert made.family == "yolox"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("decoded", [False, True], ids=["raw heads", "decoded in the file"])
def test_random_answers_are_decoded_as_the_plain_reference_does(tmp_path, seed, decoded):
    numbers = np.random.default_rng(seed)
    rows = empty_rows()
    rows[..., :2] = numbers.normal(0.5, 0.5, rows[..., :2].shape)
    rows[..., 2:4] = numbers.normal(0.5, 0.7, rows[..., 2:4].shape)
    rows[..., 4:] = numbers.uniform(0, 1, rows[..., 4:].shape) ** 3
    boxes = [plain_box(values, *cell) for cell, values in zip(CELLS, rows[0].tolist(), strict=True)]
    candidates = [
        Found(kind, values[4] * values[5 + column], (x - width / 2, y - height / 2, width, height))
        for (x, y, width, height), values in zip(boxes, rows[0].tolist(), strict=True)
        for column, kind in KIND_BY_COLUMN.items()
    ]
    expected = vehicles(candidates, SIDE, SIDE, 0.05)
    if decoded:
        rows[0, :, :4] = boxes
    found = finder(tmp_path, rows).find(grey(), 0.05)

    assert len(expected) > 20
    assert [str(v.kind) for v in found] == [f.kind for f in expected]
    np.testing.assert_allclose([v.confidence for v in found], [f.confidence for f in expected], atol=1e-4)
    np.testing.assert_allclose([v.box for v in found], [f.box for f in expected], atol=0.06)


def plain_box(values: list[float], stride: int, column: int, row: int) -> tuple[float, float, float, float]:
    """Middle and size in pixels of the network's picture, as plainly as the paper says it."""
    return (
        (values[0] + column) * stride,
        (values[1] + row) * stride,
        math.exp(values[2]) * stride,
        math.exp(values[3]) * stride,
    )


@pytest.mark.parametrize(
    ("rows", "metadata", "message"),
    [
        (np.zeros((1, 50, 85)), {"family": "yolox"}, "does not answer as YOLOX does: 1 x 50 x 85, not 1 x 84 x"),
        (empty_rows(20), {}, "knows 20 classes without naming them"),
        (empty_rows(2), {"kinds": "dog,cat"}, "finds no vehicles: its classes are dog, cat"),
        (empty_rows(4), {"kinds": "car,bus"}, "names 2 classes but answers for 4"),
    ],
    ids=["other grids", "unnamed classes", "no vehicles", "names missing"],
)
def test_a_file_that_says_too_little_or_the_wrong_thing_is_refused(tmp_path, rows, metadata, message):
    with pytest.raises(EngineError, match=message):
        finder(tmp_path, rows, **metadata)
