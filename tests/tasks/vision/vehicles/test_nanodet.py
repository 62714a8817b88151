"""Answers of NanoDet are decoded as its Generalized Focal Loss heads mean them, checked against plain loops."""

import math
from pathlib import Path

import numpy as np
import pytest
from networks import save_constant_answers
from plain_boxes import Found, inside, vehicles

from parkhub.errors import EngineError
from tasks.vision.vehicles.finder import OnnxFinder, open_finder

WIDTH, HEIGHT = 96, 64
STRIDES = (8, 16, 32)
KIND_BY_COLUMN = {2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}


def empty_answers() -> list[np.ndarray]:
    """Class scores of three grids, then the distributions of their sides."""
    grids = [(HEIGHT // stride) * (WIDTH // stride) for stride in STRIDES]
    scores = [np.zeros((1, cells, 80), np.float32) for cells in grids]
    return scores + [np.zeros((1, cells, 32), np.float32) for cells in grids]


def finder(tmp_path: Path, answers: list[np.ndarray], size: tuple[int, int] = (WIDTH, HEIGHT)) -> OnnxFinder:
    return open_finder(save_constant_answers(tmp_path / "made.onnx", answers, size))


def put(answers: list[np.ndarray], grid: int, column: int, row: int, sides: tuple[int, int, int, int]) -> None:
    """A car whose box reaches ``sides`` cells left, up, right and down from the middle of one cell."""
    index = row * (WIDTH // STRIDES[grid]) + column
    answers[grid][0, index, 2] = 0.8
    for side, cells in enumerate(sides):
        answers[grid + 3][0, index, side * 8 + cells] = 50.0


@pytest.mark.parametrize("grid", [0, 1, 2])
def test_one_car_on_each_grid(tmp_path, grid):
    answers = empty_answers()
    put(answers, grid, 1, 1, (1, 1, 1, 1))
    stride = STRIDES[grid]
    (found,) = finder(tmp_path, answers).find(np.zeros((HEIGHT, WIDTH, 3), np.uint8))

    assert found.kind == "car"
    assert found.confidence == pytest.approx(0.8)
    left, top, width, height = found.box
    assert (left, top) == pytest.approx((0.5 * stride, 0.5 * stride), abs=0.1)
    assert left + width == pytest.approx(min(2.5 * stride, WIDTH), abs=0.1)
    assert top + height == pytest.approx(min(2.5 * stride, HEIGHT), abs=0.1)


def test_a_picture_lies_in_the_middle_of_the_networks(tmp_path):
    answers = empty_answers()
    put(answers, 0, 5, 3, (2, 2, 3, 2))
    (found,) = finder(tmp_path, answers).find(np.zeros((640, 640, 3), np.uint8))
    # 64 x 64 pixels of it, 16 from the left: the box there is 28..68 by 12..44
    assert found.box == pytest.approx((120, 120, 400, 320), abs=1)


@pytest.mark.parametrize("seed", range(6))
def test_random_answers_are_decoded_as_the_plain_reference_does(tmp_path, seed):
    numbers = np.random.default_rng(seed)
    answers = empty_answers()
    for grid in range(3):
        answers[grid][...] = numbers.uniform(0, 1, answers[grid].shape) ** 6
        answers[grid + 3][...] = numbers.normal(0, 2, answers[grid + 3].shape)
    candidates = [
        Found(kind, float(answers[grid][0, row * (WIDTH // stride) + column, place]), box)
        for grid, stride in enumerate(STRIDES)
        for row in range(HEIGHT // stride)
        for column in range(WIDTH // stride)
        for box in [plain_box(answers[grid + 3][0, row * (WIDTH // stride) + column].tolist(), column, row, stride)]
        for place, kind in KIND_BY_COLUMN.items()
    ]
    expected = vehicles(candidates, WIDTH, HEIGHT, 0.1)
    shuffled = [answers[i] for i in numbers.permutation(6)]
    found = finder(tmp_path, shuffled).find(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0.1)

    assert len(expected) > 20
    assert [str(v.kind) for v in found] == [f.kind for f in expected]
    np.testing.assert_allclose([v.confidence for v in found], [f.confidence for f in expected], atol=1e-4)
    np.testing.assert_allclose([v.box for v in found], [f.box for f in expected], atol=0.06)


def plain_box(
    logits: list[float], column: int, row: int, stride: int, offset: float = 0.5
) -> tuple[float, float, float, float]:
    """Each side is the mean of its softmax distribution over 0..7 cells, from the middle of the cell."""
    x, y = (column + offset) * stride, (row + offset) * stride
    sides = []
    for start in (0, 8, 16, 24):
        weights = [math.exp(value) for value in logits[start : start + 8]]
        sides.append(sum(place * weight for place, weight in enumerate(weights)) / sum(weights) * stride)
    left, top, right, bottom = x - sides[0], y - sides[1], x + sides[2], y + sides[3]
    return inside((left, top, right - left, bottom - top), WIDTH, HEIGHT)  # NanoDet cuts before it suppresses


def test_nanodet_plus_has_one_answer_of_four_grids_and_measures_from_the_corner(tmp_path):
    numbers = np.random.default_rng(0)
    cells = [(s, x, y) for s in (8, 16, 32, 64) for y in range(-(-HEIGHT // s)) for x in range(-(-WIDTH // s))]
    rows = numbers.normal(0, 2, (1, len(cells), 112)).astype(np.float32)
    rows[..., :80] = numbers.uniform(0, 1, (1, len(cells), 80)) ** 6
    candidates = [
        Found(kind, values[place], plain_box(values[80:], x, y, stride, offset=0.0))
        for (stride, x, y), values in zip(cells, rows[0].tolist(), strict=True)
        for place, kind in KIND_BY_COLUMN.items()
    ]
    expected = vehicles(candidates, WIDTH, HEIGHT, 0.1)
    made = finder(tmp_path, [rows])
    found = made.find(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0.1)

    assert made.family == "nanodet"
    assert len(expected) > 20
    assert [str(v.kind) for v in found] == [f.kind for f in expected]
    np.testing.assert_allclose([v.box for v in found], [f.box for f in expected], atol=0.06)


def test_heads_that_do_not_belong_together_are_refused(tmp_path):
    answers = empty_answers()
    with pytest.raises(EngineError, match="cannot be read: it answers"):
        finder(tmp_path, answers[:5])
    with pytest.raises(EngineError, match="does not answer as NanoDet does"):
        open_finder(save_constant_answers(tmp_path / "said.onnx", answers[:5], (WIDTH, HEIGHT), family="nanodet"))
