"""Where one view lies in another: pieces outvote what came, went or never moves."""

import cv2
import numpy as np
import pytest
from car_park_views import noisy, turned, view

from tasks.vision.moved import STAYS, carry, compare, distance, find, lay_back, likeness, stays
from tasks.vision.view import shrink, size_for, view_of

SIZE = (320, 180)


def small(picture):
    return view_of(shrink(picture, SIZE))


def test_views_of_one_camera_are_alike_by_day_and_night_and_strangers_are_not():
    day, night = small(view(12.0, 3)), small(view(23.0, 5))
    assert likeness(day, day) == pytest.approx(1.0)
    assert likeness(day, night) > 0.15
    assert abs(likeness(day, small(view(12.0, 3)[::-1, ::-1]))) < 0.1


def test_a_camera_that_stands_still_is_seen_to():
    assert compare(small(view(12.0, 3)), small(noisy(view(17.5, 6)))).stayed


@pytest.mark.parametrize("degrees", [0.0, 1.0], ids=["pushed", "turned about its middle"])
def test_a_camera_that_moved_is_seen_to(degrees):
    moved, _ = turned(view(12.0, 4), 0.0 if degrees else 0.004, 0.0, degrees)
    assert not compare(small(view(12.0, 3)), small(moved)).stayed


def test_the_map_is_found_to_a_fraction_of_a_pixel():
    moved, whole = turned(view(12.0, 4), 0.03, -0.015, 0.8)
    found = find(small(view(12.0, 3)), shrink(moved, SIZE))
    assert found is not None
    points = np.array([(x, y) for x in (60.0, 160.0, 260.0) for y in (50.0, 90.0, 150.0)])
    true = carry(points * 4 + 1.5, whole) / 4 - 0.375
    assert np.linalg.norm(carry(points, found) - true, axis=1).max() < 1.0


def test_a_clock_burnt_into_the_picture_does_not_hold_it():
    shown = []
    for picture in (np.array(view(12.0, 3)), turned(view(12.0, 3), 0.03, 0.0)[0]):
        for line in (50, 100):
            cv2.putText(picture, "2026-03-01 12:00:00 CAM 1", (20, line), 0, 1.5, (255, 255, 255), 4)
        shown.append(picture)
    found = find(small(shown[0]), shrink(shown[1], SIZE))
    assert found is not None
    assert carry(np.array([[160.0, 90.0]]), found)[0] == pytest.approx((169.6, 90.0), abs=0.8)


def test_nothing_is_found_where_nothing_is():
    reference = small(view(12.0, 3))
    assert find(reference, np.full((180, 320), 90, np.uint8)) is None
    assert find(reference, np.random.default_rng(3).integers(0, 255, (180, 320), dtype=np.uint8)) is None


def test_laying_back_undoes_a_move():
    before = shrink(view(12.0, 3), SIZE)
    whole = np.array([[1, 0, 6.0], [0, 1, -4.0], [0, 0, 1]])
    moved = cv2.warpPerspective(before, whole, SIZE)
    again = lay_back(moved, whole)
    assert np.abs(again[20:-20, 20:-20].astype(int) - before[20:-20, 20:-20]).max() <= 2


def test_distances_are_shares_of_the_width():
    whole = np.array([[1, 0, 16.0], [0, 1, 0], [0, 0, 1]])
    assert distance(whole, *SIZE) == pytest.approx(0.05)
    assert stays(STAYS)
    assert not stays(whole)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (320, 180)), ((640, 480), (280, 200)), ((480, 640), (200, 280)), ((4000, 20), (800, 60))],
    ids=["wide", "four to three", "upright", "a strip"],
)
def test_a_view_has_nearly_the_shape_of_its_picture(size, expected):
    assert size_for(*size) == expected
