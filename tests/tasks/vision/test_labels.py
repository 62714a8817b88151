"""What is kept of a labelled spot shows a classifier nearly what the whole picture would have shown it."""

import cv2
import numpy as np
import pytest

from parkhub.domain.spots import Polygon, SpotShape
from parkhub.errors import InvalidInputError, PictureError
from tasks.vision.crops import Window, cut, lay
from tasks.vision.labels import SIDE_MAX_PX, cut_out, window_crops
from tasks.vision.picture import Picture, decode

WINDOWS = [Window(), Window(48, 1.5, 1.5, 0.0), Window(64, 2.0, 1.6, 0.3)]


def a_scene(width: int, height: int) -> Picture:
    coarse = np.random.default_rng(7).integers(0, 255, (height // 32, width // 32, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def slanted(middle: tuple[float, float], size: tuple[float, float], degrees: float) -> Polygon:
    """In 0..1 of 1200 x 800."""
    return tuple((float(x) / 1200, float(y) / 800) for x, y in cv2.boxPoints((middle, size, degrees)))


@pytest.mark.parametrize("window", WINDOWS, ids=["shipped", "square", "tall"])
@pytest.mark.parametrize(
    ("polygon", "error_max"),
    [
        (slanted((600, 400), (30, 60), 20), 0),
        (slanted((600, 400), (60, 30), 70), 0),
        (slanted((1180, 20), (40, 80), 10), 0),
        (slanted((600, 400), (200, 260), 30), 6),
    ],
    ids=["small", "lying", "in a corner", "so large that it is shrunk"],
)
def test_a_window_on_the_crop_shows_what_it_shows_on_the_whole_picture(
    window: Window, polygon: Polygon, error_max: float
) -> None:
    picture = a_scene(1200, 800)
    whole = cut(picture, lay((SpotShape("1", polygon),), 1200, 800, window))
    (crop,) = window_crops([cut_out(picture, polygon)], window)
    assert np.abs(whole[0].astype(int) - crop.astype(int))[..., :3].mean() <= error_max + 1.5
    assert np.abs(whole[0, ..., 3].astype(int) - crop[..., 3].astype(int)).mean() <= 3


def test_a_crop_is_small_and_goes_no_further_than_the_picture() -> None:
    picture = a_scene(1200, 800)
    for polygon in (slanted((600, 400), (300, 400), 0), slanted((1195, 5), (60, 60), 0)):
        png, moved = cut_out(picture, polygon)
        assert max(decode(png).shape) <= SIDE_MAX_PX
        assert len(moved) == len(polygon)


def test_a_spot_outside_the_picture_shows_nothing() -> None:
    with pytest.raises(InvalidInputError, match="outside"):
        cut_out(a_scene(1200, 800), ((1.1, 0.1), (1.2, 0.1), (1.2, 0.2)))


def test_a_damaged_crop_is_refused() -> None:
    png, polygon = cut_out(a_scene(1200, 800), slanted((600, 400), (30, 60), 20))
    with pytest.raises(PictureError):
        window_crops([(png[:100], polygon)], Window())


def test_no_labels_are_no_crops() -> None:
    assert window_crops([], Window(48)).shape == (0, 48, 48, 4)
