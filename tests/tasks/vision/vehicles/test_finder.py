"""Any detector file that can be read is, and one that cannot is refused with the reason."""

import numpy as np
import pytest
from networks import save_brightness_classifier, save_constant_answers, save_constant_detector

from parkhub.errors import EngineError
from tasks.vision.vehicles.finder import MODEL, open_finder

SIDE = 64
ROWS = 84  # cells of three grids
COCO = str([*"pb", "car", "motorcycle", "a", "bus", "t", "truck", *"x" * 72])


def one_car() -> np.ndarray:
    """A car of 16 x 16 pixels in the middle of cell (2, 2) of the finest grid, as YOLOX says it."""
    rows = np.zeros((1, ROWS, 85), np.float32)
    rows[0, 18, :5] = (0.5, 0.5, np.log(2), np.log(2), 1)
    rows[0, 18, 5 + 2] = 0.9
    return rows


HEADS = [np.zeros((1, cells, width)) for cells in (144, 36, 9) for width in (80, 32)]


@pytest.mark.parametrize(
    ("answers", "family"),
    [
        ([np.zeros((1, 189, 85))], "yolox"),
        (HEADS, "nanodet"),
        ([np.zeros((1, 84, 189))], "ultralytics"),
    ],
    ids=["a row per cell", "six heads", "a column per cell"],
)
def test_the_shapes_of_the_answers_tell_the_family(tmp_path, answers, family):
    finder = open_finder(save_constant_answers(tmp_path / "made.onnx", answers, (96, 96), names=COCO))
    assert finder.family == family
    assert [str(kind) for kind in finder.kinds] == ["car", "motorcycle", "bus", "truck"]
    assert (finder.width, finder.height) == (96, 96)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "missing.onnx", "does not exist"),
        (lambda p: (p / "text.onnx").write_text("hello") and p / "text.onnx", "cannot be loaded"),
        (lambda p: save_constant_detector(p / "tiny.onnx", one_car(), 16), "16 x 16 pixels is out of reach"),
        (lambda p: save_brightness_classifier(p / "classifier.onnx"), "must take one picture, 1 x 3 x H x W"),
        (lambda p: save_constant_detector(p / "odd.onnx", np.zeros((1, 7, 7)), SIDE), "it answers 1 x 7 x 7 to a"),
        (lambda p: save_constant_detector(p / "other.onnx", one_car(), SIDE, family="detr"), "cannot be read"),
    ],
    ids=["missing", "no model", "tiny", "a classifier", "another answer", "another family"],
)
def test_a_file_that_is_no_detector_is_refused(tmp_path, make, message):
    with pytest.raises(EngineError, match=message):
        open_finder(make(tmp_path))


def test_an_answer_that_is_no_number_is_an_error_never_an_empty_list(tmp_path):
    finder = open_finder(save_constant_detector(tmp_path / "nan.onnx", np.full((1, ROWS, 85), np.nan), SIDE))
    with pytest.raises(EngineError, match="no numbers"):
        finder.find(np.zeros((SIDE, SIDE, 3), np.uint8))


def test_vehicles_cut_by_a_tiles_inner_edge_are_left_to_the_neighbouring_tile(tmp_path):
    whole = open_finder(save_constant_detector(tmp_path / "whole.onnx", one_car(), SIDE))
    boxes = sorted(v.box for v in whole.find(np.zeros((100, 100, 3), np.uint8), tiles=2))
    # the whole picture's own, and one from each of the four tiles of 56 pixels
    assert boxes == sorted(
        (x, y, side, side)
        for x, y, side in [
            (18.8, 18.8, 25.0),
            (10.5, 10.5, 14.0),
            (54.5, 10.5, 14.0),
            (10.5, 54.5, 14.0),
            (54.5, 54.5, 14.0),
        ]
    )
    rows = one_car()
    rows[0, 18, :2] = (-2, 0.5)  # its left side at the left edge of what the network sees
    cut = open_finder(save_constant_detector(tmp_path / "cut.onnx", rows, SIDE))
    assert min(v.box[0] for v in cut.find(np.zeros((100, 100, 3), np.uint8), tiles=2)) == 0
    assert all(v.box[0] < 44 for v in cut.find(np.zeros((100, 100, 3), np.uint8), tiles=2))


@pytest.mark.skipif(MODEL.is_file(), reason="the shipped model is there")
def test_without_the_shipped_model_the_missing_file_is_named():
    with pytest.raises(EngineError, match="does not exist"):
        open_finder()
