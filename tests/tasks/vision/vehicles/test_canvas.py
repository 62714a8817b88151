"""Pictures keep their proportions on the network's canvas, and boxes find the way back."""

import numpy as np
import pytest

from tasks.vision.vehicles.canvas import Canvas


@pytest.mark.parametrize(
    ("canvas", "top"),
    [(Canvas(64, 64), 0), (Canvas(64, 64, centred=True), 16)],
    ids=["upper left corner", "middle"],
)
def test_the_rest_of_the_canvas_is_grey_114(canvas, top):
    fitted, placement = canvas.place(np.full((100, 200, 3), 7, np.uint8))
    assert (fitted[top : top + 32] == 7).all()
    assert (fitted == 114).all(axis=2).sum() == 32 * 64
    np.testing.assert_allclose(placement.back(np.array([[8, top + 4, 16, 8]], np.float32)), [[25, 12.5, 50, 25]])


@pytest.mark.parametrize(
    ("canvas", "top", "rows"),
    [(Canvas(160, 160), 0, 128), (Canvas(160, 160, centred=True), 15, 129)],
    ids=["upper left corner", "middle"],
)
def test_what_fills_the_picture_on_the_canvas_fills_the_picture(canvas, top, rows):
    fitted, placement = canvas.place(np.full((386, 480, 3), 7, np.uint8))  # 128 and two thirds of a row
    filled = np.flatnonzero((fitted == 7).all(axis=(1, 2)))
    assert (filled[0], len(filled)) == (top, rows)
    np.testing.assert_allclose(placement.back(np.array([[0, top, 160, rows]], np.float32)), [[0, 0, 480, 386]])


def test_colours_come_in_the_order_and_range_a_family_wants():
    fitted = np.full((32, 32, 3), (10, 20, 30), np.uint8)
    plain = Canvas(32, 32).blob(fitted)
    assert plain.shape == (1, 3, 32, 32)
    assert plain[0, :, 0, 0].tolist() == [10, 20, 30]
    turned = Canvas(32, 32, rgb=True, spread=(255, 255, 255)).blob(fitted)
    assert turned[0, :, 0, 0] == pytest.approx([30 / 255, 20 / 255, 10 / 255])
    normal = Canvas(32, 32, mean=(1, 2, 3), spread=(3, 6, 9)).blob(fitted)
    assert normal[0, :, 0, 0] == pytest.approx([3, 3, 3])
