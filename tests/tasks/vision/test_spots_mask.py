"""A mask picture's connected white patches become spots in reading order."""

import cv2
import numpy as np
import pytest

from parkhub.errors import SpotsFileError
from tasks.vision.spots_file import read_mask


def mask(width: int = 320, height: int = 200) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def corners(spot, width: int, height: int) -> list[tuple[int, int]]:
    return [(round(x * width), round(y * height)) for x, y in spot.polygon]


def test_rectangles_keep_their_corners_and_are_named_row_by_row():
    picture = mask()
    for left, top in ((200, 20), (20, 24), (110, 18), (30, 120), (150, 115)):
        picture[top : top + 40, left : left + 60] = 255
    found = read_mask(png(picture))

    assert (found.width, found.height) == (320, 200)
    assert [s.name for s in found.spots] == ["1", "2", "3", "4", "5"]
    assert [corners(s, 320, 200)[0] for s in found.spots] == [(20, 24), (110, 18), (200, 20), (30, 120), (150, 115)]
    assert corners(found.spots[0], 320, 200) == [(20, 24), (80, 24), (80, 64), (20, 64)]


def test_slanted_spots_keep_their_slant_and_four_corners():
    picture = mask()
    drawn = np.array([[40, 60], [100, 30], [120, 70], [60, 100]])
    cv2.fillPoly(picture, [drawn], 255)
    (spot,) = read_mask(png(picture)).spots

    assert len(spot.polygon) == 4
    for x, y in drawn:
        assert min(abs(px * 320 - x) + abs(py * 200 - y) for px, py in spot.polygon) < 4


def test_an_odd_shape_becomes_its_outline():
    picture = mask()
    picture[20:120, 20:40] = 255
    picture[100:120, 20:120] = 255
    (spot,) = read_mask(png(picture)).spots
    assert len(spot.polygon) >= 5


def test_specks_are_dropped_and_greys_decided_at_half():
    picture = mask()
    picture[20:60, 20:80] = 200
    picture[100:140, 20:80] = 255
    picture[100:140, 120:180] = 90
    picture[5, 5] = picture[150:152, 200:205] = 255
    assert len(read_mask(png(picture)).spots) == 2


def test_colour_jpeg_and_webp_masks_are_read_too():
    picture = cv2.cvtColor(mask(), cv2.COLOR_GRAY2BGR)
    picture[20:80, 20:80] = 255
    for kind in (".jpg", ".webp"):
        assert len(read_mask(cv2.imencode(kind, picture)[1].tobytes()).spots) == 1


def test_a_spot_at_the_edge_stays_inside():
    picture = mask()
    cv2.fillPoly(picture, [np.array([[-20, 150], [40, 120], [70, 190], [10, 230]])], 255)
    (spot,) = read_mask(png(picture)).spots
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in spot.polygon)


def test_touching_corners_are_one_spot():
    picture = mask()
    picture[20:40, 20:40] = picture[40:60, 40:60] = 255
    assert len(read_mask(png(picture)).spots) == 1


def noise(width: int, height: int) -> np.ndarray:
    picture = mask(width, height)
    picture[::8, ::8] = 255
    return cv2.dilate(picture, np.ones((5, 5), np.uint8))


def rings(side: int) -> np.ndarray:
    picture = mask(side, side)
    for inset in range(0, side // 2, 8):
        cv2.rectangle(picture, (inset, inset), (side - 1 - inset, side - 1 - inset), 255, 2)
    return picture


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read"),
        (b"{}", "not a JPEG, PNG or WebP"),
        (png(mask())[:60], "cannot be read"),
        (png(mask()), "is empty"),
        (png(mask() + 255), "white all over"),
        (png(np.eye(8, dtype=np.uint8) * 255), "specks"),
        (png(noise(800, 800)), "at most 5,000"),
        (png(cv2.erode(noise(3200, 3200), np.ones((4, 4), np.uint8))), "noise, not a mask"),
        (png(rings(600)), "within each other"),
        (png(mask(5100, 5000)), "at most 25,000,000"),
    ],
    ids=["nothing", "json", "cut short", "black", "white", "specks", "too many", "far too many", "rings", "too large"],
)
def test_a_wrong_mask_is_refused_with_a_sentence(data, message):
    with pytest.raises(SpotsFileError, match=message):
        read_mask(data)
