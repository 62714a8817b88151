"""Answers of YOLOX-type networks are decoded as the paper's reference does, checked on networks with known answers."""

import math
from pathlib import Path

import numpy as np
import pytest
from networks import save_brightness_classifier, save_constant_detector

from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import EngineError
from tasks.vision.yolox import VehicleDetector, letterbox, suppress

SIDE = 64
CELLS = [(8, x, y) for y in range(8) for x in range(8)]
CELLS += [(16, x, y) for y in range(4) for x in range(4)]
CELLS += [(32, x, y) for y in range(2) for x in range(2)]


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


def detector(tmp_path: Path, rows: np.ndarray) -> VehicleDetector:
    return VehicleDetector(save_constant_detector(tmp_path / "made.onnx", rows, SIDE))


@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize(
    ("column", "kind"),
    [(2, VehicleKind.CAR), (3, VehicleKind.MOTORCYCLE), (5, VehicleKind.BUS), (7, VehicleKind.TRUCK)],
)
def test_one_vehicle_of_each_kind_on_each_grid(tmp_path, stride, column, kind):
    rows = empty_rows()
    put(rows, (20, 12, 24, 16), column, 0.8, stride)
    (found,) = detector(tmp_path, rows).detect(np.zeros((SIDE, SIDE, 3), np.uint8))

    assert found.kind is kind
    assert found.confidence == pytest.approx(0.8, abs=1e-4)
    assert found.box == pytest.approx((20, 12, 24, 16), abs=0.1)


def test_boxes_come_back_in_pixels_of_the_picture_and_inside_it(tmp_path):
    rows = empty_rows()
    put(rows, (10, 4, 20, 10), 2, 0.8, 8)
    put(rows, (40, 20, 40, 40), 2, 0.7, 16)
    first, second = detector(tmp_path, rows).detect(np.zeros((320, 640, 3), np.uint8))

    assert first.box == pytest.approx((100, 40, 200, 100), abs=1)
    assert second.box == pytest.approx((400, 200, 240, 120), abs=1)


def test_people_and_dogs_are_no_vehicles(tmp_path):
    rows = empty_rows()
    for place, column in enumerate((0, 1, 4, 6, 16)):
        put(rows, (4 + 12 * place, 10, 10, 10), column, 0.8, 8)
    assert detector(tmp_path, rows).detect(np.zeros((SIDE, SIDE, 3), np.uint8)) == []


def test_a_network_of_our_four_kinds_is_read_in_their_order(tmp_path):
    rows = empty_rows(4)
    put(rows, (10, 10, 20, 20), 2, 0.8, 8)
    (found,) = detector(tmp_path, rows).detect(np.zeros((SIDE, SIDE, 3), np.uint8))
    assert found.kind is VehicleKind.BUS


def test_two_boxes_on_one_car_are_one_car_but_a_car_before_a_bus_is_both(tmp_path):
    rows = empty_rows()
    put(rows, (10, 10, 30, 20), 2, 0.8, 8)
    put(rows, (12, 11, 30, 20), 2, 0.6, 16)
    put(rows, (11, 10, 31, 20), 5, 0.5, 32)
    found = detector(tmp_path, rows).detect(np.zeros((SIDE, SIDE, 3), np.uint8))
    assert [(v.kind, round(v.confidence, 2)) for v in found] == [(VehicleKind.CAR, 0.8), (VehicleKind.BUS, 0.5)]


def plain_decode(rows: np.ndarray, confidence_min: float) -> list[tuple[str, float, tuple[float, ...]]]:
    """The reference, written as plainly as the paper says it."""
    candidates = []
    for (stride, column, row), values in zip(CELLS, rows[0].tolist(), strict=True):
        for place, kind in ((2, "car"), (3, "motorcycle"), (5, "bus"), (7, "truck")):
            confidence = values[4] * values[5 + place]
            if confidence < confidence_min:
                continue
            x, y = (values[0] + column) * stride, (values[1] + row) * stride
            width, height = math.exp(values[2]) * stride, math.exp(values[3]) * stride
            low = max(0, min(SIDE, x - width / 2)), max(0, min(SIDE, y - height / 2))
            high = max(0, min(SIDE, x + width / 2)), max(0, min(SIDE, y + height / 2))
            candidates.append((kind, confidence, (*low, high[0] - low[0], high[1] - low[1])))
    kept = []
    for candidate in sorted(candidates, key=lambda c: -c[1]):
        if all(other[0] != candidate[0] or plain_iou(other[2], candidate[2]) <= 0.5 for other in kept):
            kept.append(candidate)
    return [c for c in kept if c[2][2] >= 1 and c[2][3] >= 1]


def plain_iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / max(a[2] * a[3] + b[2] * b[3] - shared, 1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_random_answers_are_decoded_as_the_plain_reference_does(tmp_path, seed):
    numbers = np.random.default_rng(seed)
    rows = empty_rows()
    rows[..., :2] = numbers.normal(0.5, 0.5, rows[..., :2].shape)
    rows[..., 2:4] = numbers.normal(0.5, 0.7, rows[..., 2:4].shape)
    rows[..., 4:] = numbers.uniform(0, 1, rows[..., 4:].shape) ** 3
    expected = plain_decode(rows, 0.05)
    found = detector(tmp_path, rows).detect(np.zeros((SIDE, SIDE, 3), np.uint8))

    assert len(expected) > 20
    assert [str(v.kind) for v in found] == [kind for kind, _, _ in expected]
    np.testing.assert_allclose([v.confidence for v in found], [c for _, c, _ in expected], atol=1e-4)
    np.testing.assert_allclose([v.box for v in found], [box for _, _, box in expected], atol=0.06)


def test_the_letterbox_keeps_proportions_and_pads_with_grey_114():
    fitted, scale = letterbox(np.full((100, 200, 3), 7, np.uint8), 64, 64)
    assert scale == 0.32
    assert (fitted[:32] == 7).all()
    assert (fitted[32:] == 114).all()


def test_suppression_of_nothing_is_nothing():
    none = np.zeros((0, 4), np.float32)
    assert suppress(none, none[:, 0], none[:, 0]) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "missing.onnx", "does not exist"),
        (lambda p: (p / "text.onnx").write_text("hello") and p / "text.onnx", "cannot be loaded"),
        (lambda p: save_constant_detector(p / "odd.onnx", empty_rows(), 65), "multiple of 32"),
        (lambda p: save_brightness_classifier(p / "classifier.onnx"), "not a YOLOX-type|multiple of 32"),
    ],
    ids=["missing", "no model", "odd size", "a classifier"],
)
def test_a_file_that_is_no_detector_is_refused(tmp_path, make, message):
    with pytest.raises(EngineError, match=message):
        VehicleDetector(make(tmp_path))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((1, 50, 85)), "answered in the shape"),
        (empty_rows(20), "knows 20 classes"),
        (np.full((1, len(CELLS), 85), np.nan), "no numbers"),
    ],
    ids=["other grids", "other classes", "not numbers"],
)
def test_an_answer_of_another_kind_is_an_error_never_an_empty_list(tmp_path, rows, message):
    with pytest.raises(EngineError, match=message):
        detector(tmp_path, rows).detect(np.zeros((SIDE, SIDE, 3), np.uint8))
