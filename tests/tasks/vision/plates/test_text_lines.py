"""PP-OCR's text detector: what becomes of its answer, and that it finds lines."""

import cv2
import numpy as np
import pytest
from plate_scenes import plate

from tasks.vision.plates.text_lines import TextLines, lines_of, upright


@pytest.fixture(scope="module")
def text_lines() -> TextLines:
    return TextLines()


def blob(middle: tuple[float, float], size: tuple[float, float], angle: float, chance: float = 0.9) -> np.ndarray:
    chances = np.zeros((160, 320), np.float32)
    corners = cv2.boxPoints((middle, size, angle))
    cv2.fillPoly(chances, [corners.round().astype(np.int32)], chance)
    return chances


@pytest.mark.parametrize("angle", [0.0, 6.0, -9.0], ids=["level", "falling", "rising"])
def test_a_blob_becomes_the_rectangle_that_training_shrank(angle: float) -> None:
    (line,) = lines_of(blob((160, 80), (120, 12), angle))
    grown = 120 * 12 * 1.6 / (2 * (120 + 12))
    wide, high = np.linalg.norm(line.quad[1] - line.quad[0]), np.linalg.norm(line.quad[3] - line.quad[0])
    assert (wide, high) == (pytest.approx(120 + 2 * grown, abs=6), pytest.approx(12 + 2 * grown, abs=6))
    assert line.quad.mean(axis=0) == pytest.approx([160, 80], abs=1.5)
    assert 0.7 < line.confidence <= 0.9


@pytest.mark.parametrize(
    "chances",
    [np.zeros((64, 64), np.float32), blob((160, 80), (120, 12), 0, 0.4), blob((160, 80), (0, 0), 0)],
    ids=["nothing", "too unsure", "too small"],
)
def test_what_is_no_line_is_left_out(chances: np.ndarray) -> None:
    assert lines_of(chances) == []


def test_corners_come_in_reading_order() -> None:
    corners = np.array([[100, 40], [10, 50], [12, 90], [102, 80]])
    assert upright(corners).tolist() == [[10, 50], [100, 40], [102, 80], [12, 90]]


def test_a_line_is_found_where_it_was_drawn(text_lines: TextLines) -> None:
    picture = np.full((200, 320, 3), 90, np.uint8)
    picture[70:130, 40:280] = cv2.resize(plate(["KA 417XM"]), (240, 60))
    (line,) = text_lines.find(picture)
    low, high = line.quad.min(axis=0), line.quad.max(axis=0)
    assert 30 < low[0] < 110
    assert 230 < high[0] < 290
    assert 60 < low[1] < 95
    assert 105 < high[1] < 140


def test_an_empty_picture_has_no_lines(text_lines: TextLines) -> None:
    assert text_lines.find(np.full((90, 160, 3), 120, np.uint8)) == []


def test_lines_are_where_rapidocr_finds_them(text_lines: TextLines) -> None:
    """The reference implementation of the same network, where it is installed."""
    rapidocr = pytest.importorskip("rapidocr")
    picture = np.full((256, 384, 3), 110, np.uint8)
    picture[40:100, 60:320] = cv2.resize(plate(["KA 417XM"]), (260, 60))
    picture[150:210, 40:240] = cv2.resize(plate(["BD 52 KTV"], band=False), (200, 60))
    engine = rapidocr.RapidOCR(params={"Global.log_level": "error", "Det.limit_type": "max", "Det.limit_side_len": 384})
    wanted = sorted(np.asarray(engine(picture, use_cls=False, use_rec=False).boxes), key=lambda box: box[0][1])
    ours = sorted((line.quad for line in text_lines.find(picture)), key=lambda quad: float(quad[0][1]))
    assert len(ours) == len(wanted) == 2
    for quad, box in zip(ours, wanted, strict=True):
        assert quad == pytest.approx(box, abs=4)
