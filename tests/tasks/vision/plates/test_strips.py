"""From text lines to the strips that are read."""

import numpy as np
import pytest

from tasks.vision.plates.finder import Region
from tasks.vision.plates.strips import Tone, Way, join_rows, plate_lines, strip, surroundings, touches_side, whole
from tasks.vision.plates.text_lines import TextLine


def quad(left: float, top: float, width: float, height: float) -> np.ndarray:
    return np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]], np.float32)


def line(left: float, top: float, width: float, height: float) -> TextLine:
    return TextLine(quad(left, top, width, height), 0.8)


def boxes(quads: list[np.ndarray]) -> list[list[float]]:
    return [[*q.min(axis=0).tolist(), *(q.max(axis=0) - q.min(axis=0)).tolist()] for q in quads]


@pytest.mark.parametrize(
    ("lines", "aspect", "kept"),
    [
        ([line(10, 10, 100, 20)], 4.5, [[10, 10, 100, 20]]),
        ([line(10, 10, 100, 20), line(30, 0, 60, 9)], 2.0, [[10, 10, 100, 20]]),
        ([line(10, 10, 45, 20), line(65, 11, 45, 20)], 4.5, [[10, 10, 100, 21]]),
        ([line(10, 35, 80, 20), line(20, 10, 60, 20)], 1.6, [[20, 10, 60, 20], [10, 35, 80, 20]]),
        ([line(10, 35, 80, 20), line(20, 10, 60, 20)], 4.5, [[10, 35, 80, 20]]),
        ([], 4.5, []),
    ],
    ids=["one line", "a state above", "two groups of one row", "two lines", "a long plate has one line", "none"],
)
def test_the_lines_of_the_number_are_chosen(lines: list[TextLine], aspect: float, kept: list[list[float]]) -> None:
    assert boxes(plate_lines(lines, aspect)) == kept


def test_parts_far_from_each_other_stay_apart() -> None:
    assert len(join_rows([quad(0, 0, 40, 20), quad(120, 0, 40, 20)])) == 2


def test_a_turned_line_comes_out_level() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    angle = np.radians(20)
    along, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    start = np.array([40, 60])
    corners = np.array([start, start + along * 100, start + along * 100 + down * 24, start + down * 24], np.float32)
    inside = np.array([start + along * x + down * y for x in range(100) for y in range(12)]).round().astype(int)
    picture[inside[:, 1], inside[:, 0]] = 255
    cut = strip(picture, corners, Way(0, 0)).mean(axis=(1, 2))
    assert cut[4:20].mean() > 200
    assert cut[28:].mean() < 30


@pytest.mark.parametrize("tone", list(Tone), ids=lambda tone: tone.name.lower())
def test_every_tone_gives_a_strip_of_the_same_shape(tone: Tone) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (60, 200, 3), np.uint8)
    cut = strip(picture, quad(10, 10, 160, 40), Way(0, 0, tone))
    assert (cut.shape, cut.dtype) == ((48, 192, 3), np.uint8)


def test_dark_becomes_light_in_the_inverse() -> None:
    picture = np.full((60, 200, 3), 10, np.uint8)
    assert strip(picture, quad(10, 10, 160, 40), Way(0, 0, Tone.INVERSE)).mean() == pytest.approx(245)


def test_surroundings_stay_inside_the_picture() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    around, place = surroundings(Region(0, 80, 60, 100, 0.9), picture)
    assert place[0] == 0
    assert around.shape[0] + place[1] <= 100


@pytest.mark.parametrize(("left", "cut"), [(2, True), (30, False), (95, True)], ids=["left", "inside", "right"])
def test_a_line_at_the_side_says_that_the_region_is_too_small(left: float, cut: bool) -> None:
    assert touches_side([quad(left, 10, 100, 20)], np.zeros((40, 200, 3), np.uint8), 0) is cut


def test_a_region_is_a_quad_in_reading_order() -> None:
    assert whole(Region(1, 2, 11, 7, 0.5)).tolist() == [[1, 2], [11, 2], [11, 7], [1, 7]]
