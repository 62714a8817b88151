"""Crops hold the spot upright, mark it, and are the same whatever the scale of decoding."""

import cv2
import numpy as np
import pytest

from parkhub.domain.spots import SpotShape
from tasks.vision.crops import Window, cut, lay, long_side_needed, matrix

WINDOW = Window(side_px=48, long_room=1.5, short_room=1.5, raised=0.0)


def spot(*corners: tuple[float, float], width: int = 400, height: int = 300) -> SpotShape:
    return SpotShape("1", tuple((x / width, y / height) for x, y in corners))


def slanted(degrees: float) -> SpotShape:
    corners = cv2.boxPoints(((200, 150), (40, 90), degrees))
    return spot(*((float(x), float(y)) for x, y in corners))


@pytest.mark.parametrize("degrees", [0, 20, 45, 80, 90, 135, 170])
def test_the_mark_stands_upright_and_fills_the_same_place_however_the_spot_lies(degrees):
    picture = np.zeros((300, 400, 3), np.uint8)
    crops = cut(picture, lay((slanted(degrees),), 400, 300, WINDOW))

    assert crops.shape == (1, 48, 48, 4)
    mark = crops[0, ..., 3] > 0
    rows, columns = np.flatnonzero(mark.any(axis=1)), np.flatnonzero(mark.any(axis=0))
    assert abs(rows[0] - 8) <= 1
    assert abs(rows[-1] - 40) <= 1
    assert abs(columns[0] - 8) <= 1
    assert abs(columns[-1] - 40) <= 1


def test_what_is_up_in_the_picture_stays_up_and_nothing_is_mirrored():
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[:, :] = (9, 9, 9)
    picture[95:125] = (255, 0, 0)  # blue above
    picture[:, 225:] = (0, 0, 255)  # red to the right
    crop = cut(picture, lay((slanted(0),), 400, 300, WINDOW))[0]

    assert crop[6, 24, 0] > 200
    assert crop[40, 24, 0] < 50
    assert crop[30, 46, 2] > 200
    assert crop[30, 2, 2] < 50


def test_a_raised_window_shows_more_above():
    polygon = np.array([[180, 100], [220, 100], [220, 190], [180, 190]], np.float32)
    level = matrix(polygon, WINDOW) @ [200, 145, 1]
    raised = matrix(polygon, Window(48, 1.5, 1.5, 0.2)) @ [200, 145, 1]
    assert raised[1] > level[1] + 3
    assert raised[0] == pytest.approx(level[0])


def test_half_the_picture_gives_nearly_the_same_crops():
    coarse = np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)
    whole = cv2.resize(coarse, (400, 300), interpolation=cv2.INTER_CUBIC)
    half = cv2.resize(whole, (200, 150), interpolation=cv2.INTER_AREA)
    shapes = (slanted(10), slanted(100))
    full_crops = cut(whole, lay(shapes, 400, 300, WINDOW)).astype(int)
    half_crops = cut(half, lay(shapes, 200, 150, WINDOW)).astype(int)
    assert np.abs(full_crops - half_crops)[..., :3].mean() < 6


def test_beyond_the_picture_its_edge_goes_on():
    picture = np.full((300, 400, 3), 77, np.uint8)
    crops = cut(picture, lay((spot((0, 0), (40, 0), (40, 90), (0, 90)),), 400, 300, WINDOW))
    assert (crops[..., :3] == 77).all()


def test_the_small_spots_decide_how_many_pixels_are_needed():
    small = tuple(spot((x, 10), (x + 8, 10), (x + 8, 26), (x, 26)) for x in range(0, 300, 10))
    large = (spot((0, 0), (200, 0), (200, 280), (0, 280)),)
    assert long_side_needed(small, 400, 300, WINDOW) == 400
    assert long_side_needed(large, 400, 300, WINDOW) < 100
    assert long_side_needed((), 400, 300, WINDOW) is None


def test_fine_texture_of_a_large_spot_is_averaged_not_sampled():
    picture = np.zeros((1200, 1600, 3), np.uint8)
    picture[:, ::2] = 255
    crop = cut(picture, lay((SpotShape("1", ((0.1, 0.1), (0.8, 0.1), (0.8, 0.9), (0.1, 0.9))),), 1600, 1200, WINDOW))[0]
    assert crop[4:44, 4:44, :3].std() < 20


@pytest.mark.parametrize(
    "shape",
    [spot((5, 5), (5, 5), (5, 5)), spot((1, 1), (300, 1), (300, 1)), spot((-90, -90), (-50, -90), (-50, -50))],
    ids=["a point", "a line", "outside"],
)
def test_degenerate_polygons_crash_nothing(shape):
    crops = cut(np.zeros((300, 400, 3), np.uint8), lay((shape,), 400, 300, WINDOW))
    assert crops.shape == (1, 48, 48, 4)


def test_many_cameras_in_turn_keep_their_layouts():
    cameras = [(spot((5 * n, 5), (5 * n + 40, 5), (5 * n + 40, 90), (5 * n, 90)),) for n in range(40)]
    first = [lay(shapes, 400, 300, WINDOW) for shapes in cameras]
    assert all(lay(shapes, 400, 300, WINDOW) is layout for shapes, layout in zip(cameras, first, strict=True))
