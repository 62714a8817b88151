"""Answers of Ultralytics' exports are read as its own predictor does, by what the exporter writes into the file."""

from pathlib import Path

import numpy as np
import pytest
from networks import save_constant_answers
from plain_boxes import Found, vehicles

from parkhub.errors import EngineError
from tasks.vision.vehicles.finder import OnnxFinder, open_finder

WIDTH, HEIGHT = 96, 64
CELLS = sum((HEIGHT // stride) * (WIDTH // stride) for stride in (8, 16, 32))
NAMES = {0: "person", 1: "Van", 2: "lorry", 3: "bus", 4: "motorbike", 5: "car"}
KINDS = {1: "car", 2: "truck", 3: "bus", 4: "motorcycle", 5: "car"}
SAID = {"author": "Ultralytics", "task": "detect", "names": str(NAMES), "imgsz": str([HEIGHT, WIDTH])}


def finder(tmp_path: Path, answer: np.ndarray, **metadata: str) -> OnnxFinder:
    return open_finder(save_constant_answers(tmp_path / "made.onnx", [answer], (WIDTH, HEIGHT), **(SAID | metadata)))


def grey() -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), 128, np.uint8)


@pytest.mark.parametrize("seed", range(6))
def test_random_columns_are_decoded_as_the_plain_reference_does(tmp_path, seed):
    numbers = np.random.default_rng(seed)
    answer = np.zeros((1, 4 + len(NAMES), CELLS), np.float32)
    answer[0, :2] = numbers.uniform(0, WIDTH, (2, CELLS))
    answer[0, 2:4] = numbers.uniform(2, 40, (2, CELLS))
    answer[0, 4:] = numbers.uniform(0, 1, (len(NAMES), CELLS)) ** 4
    candidates = []
    for x, y, width, height, *scores in answer[0].T.tolist():
        box = (x - width / 2, y - height / 2, width, height)
        candidates += [Found(KINDS[place], scores[place], box) for place in (2, 3, 4)]
        candidates.append(Found("car", max(scores[1], scores[5]), box))
    expected = vehicles(candidates, WIDTH, HEIGHT, 0.1)
    found = finder(tmp_path, answer).find(grey(), 0.1)

    assert len(expected) > 20
    assert [str(v.kind) for v in found] == [f.kind for f in expected]
    np.testing.assert_allclose([v.confidence for v in found], [f.confidence for f in expected], atol=1e-4)
    np.testing.assert_allclose([v.box for v in found], [f.box for f in expected], atol=0.06)


def test_a_model_that_chooses_by_itself_gives_corners_score_and_class(tmp_path):
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = (10, 12, 40, 32, 0.9, 5)
    rows[0, 1] = (50, 12, 90, 52, 0.8, 0)  # a person
    rows[0, 2] = (60, 20, 80, 30, 0.7, 3)
    found = finder(tmp_path, rows, end2end="True").find(grey())

    assert [(str(v.kind), v.confidence, v.box) for v in found] == [
        ("car", pytest.approx(0.9), (10.0, 12.0, 30.0, 20.0)),
        ("bus", pytest.approx(0.7), (60.0, 20.0, 20.0, 10.0)),
    ]


def test_the_picture_lies_in_the_middle_and_boxes_find_back(tmp_path):
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = (16, 0, 48, 32, 0.9, 5)  # a square picture is 64 x 64 pixels, 16 from the left
    (found,) = finder(tmp_path, rows).find(np.zeros((640, 640, 3), np.uint8))
    assert found.box == (0.0, 0.0, 320.0, 320.0)


def test_without_metadata_the_shape_tells_and_the_classes_are_those_of_coco(tmp_path):
    answer = np.zeros((1, 84, CELLS), np.float32)
    answer[0, :4, 7] = (30, 30, 20, 10)
    answer[0, 4 + 7, 7] = 0.6
    made = open_finder(save_constant_answers(tmp_path / "bare.onnx", [answer], (WIDTH, HEIGHT)))
    (found,) = made.find(grey())
    assert made.family == "ultralytics"
    assert (str(found.kind), found.box) == ("truck", (20.0, 25.0, 20.0, 10.0))


@pytest.mark.parametrize(
    ("shape", "metadata", "message"),
    [
        ((1, 42, CELLS), {"task": "segment"}, "is an Ultralytics model for 'segment'; only 'detect' finds vehicles"),
        ((1, 10, CELLS), {"names": "{0: 'cat', 1: 'dog'}"}, "names 2 classes but answers for 6"),
        ((1, 6, CELLS), {"names": "{0: 'cat', 1: 'dog'}"}, "finds no vehicles: its classes are cat, dog"),
        ((1, 300, 6), {"names": "__import__('os')"}, "names no classes"),
        ((1, 4, CELLS), {}, "does not answer as Ultralytics' detectors do"),
    ],
    ids=["outlines", "names missing", "no vehicles", "names are code", "no classes"],
)
def test_a_file_that_finds_no_vehicles_is_refused_with_the_reason(tmp_path, shape, metadata, message):
    with pytest.raises(EngineError, match=message):
        finder(tmp_path, np.zeros(shape, np.float32), **metadata)
