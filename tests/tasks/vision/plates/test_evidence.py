"""The kept picture of a plate is a part of the frame that was read."""

import cv2
import numpy as np
import pytest
from plate_scenes import Box, read

from tasks.vision.plates.evidence import LONG_SIDE_MAX_PX, crop


def cut(box: Box, size: tuple[int, int] = (640, 480)) -> np.ndarray:
    picture = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return cv2.imdecode(np.frombuffer(crop(picture, read("KA417XM", box)), np.uint8), cv2.IMREAD_COLOR)


def test_it_holds_the_plate_with_room_around_it_pixel_for_pixel() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)
    assert np.array_equal(cut((100, 200, 100, 30)), picture[170:260, 70:230])


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((0, 0, 100, 30), (60, 130, 3)),
        ((600, 460, 60, 40), (60, 58, 3)),
        ((-20, -20, 900, 700), (480, 640, 3)),
        ((100, 100, 2, 1), (17, 18, 3)),
    ],
    ids=["upper left corner", "lower right corner", "larger than the picture", "tiny"],
)
def test_it_ends_where_the_picture_ends(box: Box, shape: tuple[int, int, int]) -> None:
    assert cut(box).shape == shape


def test_a_plate_that_fills_a_huge_picture_is_made_smaller() -> None:
    assert max(cut((0, 0, 3000, 700), (3000, 700)).shape) == LONG_SIDE_MAX_PX
