"""What people see on the annotated video."""

import numpy as np
import pytest
import videos
from numpy.typing import NDArray

from parkhub.domain.spots import SpotShape, SpotState
from tasks.vision.annotate import LONG_SIDE_MAX, WIDTH_MIN, Annotator

FREE, TAKEN, UNSEEN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


def drawn(left: SpotState, right: SpotState) -> tuple[Annotator, NDArray[np.uint8]]:
    annotator = Annotator(640, 480, videos.SPOTS)
    return annotator, annotator.draw(videos.frame(size=(640, 480)), (left, right)).copy()


def edge(picture: NDArray[np.uint8], annotator: Annotator, x_share: float) -> NDArray[np.uint8]:
    """Pixels along a spot's upper edge."""
    top = annotator.height - 480
    y = top + int(0.25 * 480)
    x = int(x_share * 640)
    return picture[y, x + 20 : x + 120].astype(int)


def test_free_is_green_occupied_red() -> None:
    annotator, picture = drawn(FREE, TAKEN)
    blue, green, red = edge(picture, annotator, 0.1).mean(axis=0)
    assert green > 1.5 * max(blue, red)
    blue, green, red = edge(picture, annotator, 0.6).mean(axis=0)
    assert red > 1.5 * max(blue, green)


def test_not_seen_is_a_dashed_line_of_grey() -> None:
    annotator, picture = drawn(UNSEEN, TAKEN)
    line = edge(picture, annotator, 0.1)
    bright = line.mean(axis=1) > 150
    assert 0.2 < bright.mean() < 0.8
    assert np.ptp(line[bright].mean(axis=0)) < 12


def test_the_band_hides_nothing_of_the_picture() -> None:
    annotator = Annotator(640, 480, videos.SPOTS)
    given = np.arange(480 * 640 * 3, dtype=np.uint8).reshape(480, 640, 3)
    picture = annotator.draw(given, (TAKEN, TAKEN))
    assert (picture[-480:][0] == given[0]).all()


def test_a_change_of_states_is_drawn_and_the_old_one_gone() -> None:
    annotator = Annotator(640, 480, videos.SPOTS)
    frame = videos.frame(size=(640, 480))
    first = annotator.draw(frame, (FREE, FREE)).copy()
    annotator.draw(frame, (TAKEN, UNSEEN))
    assert (annotator.draw(frame, (FREE, FREE)) == first).all()


@pytest.mark.parametrize(
    ("size", "pixel_aspect"),
    [
        ((640, 480), 1.0),
        ((381, 453), 1.0),
        ((3840, 2160), 1.0),
        ((64, 48), 1.0),
        ((720, 576), 16 / 11),
        ((17, 16), 1.0),
    ],
    ids=["usual", "odd", "4K", "tiny", "anamorphic", "least"],
)
def test_the_result_has_even_sizes_within_limits(size: tuple[int, int], pixel_aspect: float) -> None:
    annotator = Annotator(*size, videos.SPOTS, pixel_aspect)
    picture = annotator.draw(videos.frame(size=size), (FREE, TAKEN))
    assert picture.shape == (annotator.height, annotator.width, 3)
    assert annotator.height % 2 == annotator.width % 2 == 0
    assert WIDTH_MIN <= annotator.width <= LONG_SIDE_MAX


def test_few_free_names_are_listed_and_many_are_counted() -> None:
    annotator = Annotator(640, 480, videos.SPOTS)
    assert annotator.free_lines([], 600) == ["No free place"]
    assert annotator.free_lines(["A1", "A2"], 600) == ["A1  A2"]
    names = [f"A{n}" for n in range(200)]
    lines = annotator.free_lines(names, 600)
    assert len(lines) == 2
    shown, _, rest = lines[1].partition("  and ")
    told = len(lines[0].split()) + len(shown.split())
    assert rest == f"{200 - told} more"


@pytest.mark.parametrize("name", ["Ä1", "第一", "🚗", "x" * 40, "%s%n"])
def test_any_name_can_be_drawn(name: str) -> None:
    annotator = Annotator(320, 240, [SpotShape(name, videos.LEFT)])
    annotator.draw(videos.frame(), (FREE,))
