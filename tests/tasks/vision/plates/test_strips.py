"""From a box to the strips that are read."""

import numpy as np
import pytest

from parkhub.domain.plate_looks import HEIGHT_PX, WIDTH_PX, Tone, Way
from tasks.vision.plates.finder import Region
from tasks.vision.plates.strips import quad, straighten, strip

BOX = Region(40, 30, 140, 70, 0.9)


def striped(size: tuple[int, int], box: Region) -> np.ndarray:
    """Dark, with the box light in its upper half."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    middle = (box.top + box.bottom) / 2
    picture[int(box.top) : int(middle), int(box.left) : int(box.right)] = 255
    return picture


@pytest.mark.parametrize(
    ("way", "corners"),
    [
        (Way(0, 0), [[40, 30], [140, 30], [140, 70], [40, 70]]),
        (Way(0.1, 0.25), [[30, 20], [150, 20], [150, 80], [30, 80]]),
        (Way(0, 0, tilt=0.1), [[40, 25], [140, 35], [140, 75], [40, 65]]),
        (Way(0, 0, rows=(0.5, 1.0)), [[40, 50], [140, 50], [140, 70], [40, 70]]),
    ],
    ids=["as found", "with room", "tilted", "the lower line"],
)
def test_a_way_cuts_its_corners_out_of_a_box(way: Way, corners: list[list[float]]) -> None:
    assert quad(BOX, way) == pytest.approx(np.array(corners))


@pytest.mark.parametrize("scale", [1, 8], ids=["a small plate is drawn out", "a large one is shrunk"])
def test_a_box_of_any_size_fills_the_strip(scale: int) -> None:
    box = Region(*(side * scale for side in (40, 30, 140, 70)), 0.9)
    cut = strip(striped((200 * scale, 100 * scale), box), box, Way(0, 0))
    assert cut.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert cut[: HEIGHT_PX // 2 - 2, 3:-3].min() > 200
    assert cut[HEIGHT_PX // 2 + 2 :].max() < 50


def test_a_tilted_plate_comes_out_level() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    angle = np.radians(15)
    along, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    start = np.array([40, 60])
    corners = np.array([start, start + along * 100, start + along * 100 + down * 24, start + down * 24], np.float32)
    inside = np.array([start + along * x + down * y for x in range(100) for y in range(12)]).round().astype(int)
    picture[inside[:, 1], inside[:, 0]] = 255
    cut = straighten(picture, corners).mean(axis=(1, 2))
    assert cut[4:20].mean() > 200
    assert cut[28:].mean() < 30


def test_room_beyond_the_picture_repeats_its_edge() -> None:
    picture = np.full((40, 100, 3), 77, np.uint8)
    assert (strip(picture, Region(0, 0, 100, 40, 0.9), Way(0.3, 0.5)) == 77).all()


@pytest.mark.parametrize("tone", list(Tone), ids=lambda tone: tone.name.lower())
def test_every_tone_gives_a_strip_of_the_same_shape(tone: Tone) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (100, 200, 3), np.uint8)
    cut = strip(picture, BOX, Way(0, 0, tone))
    assert (cut.shape, cut.dtype) == ((HEIGHT_PX, WIDTH_PX, 3), np.uint8)


def test_dark_becomes_light_in_the_inverse() -> None:
    picture = np.full((100, 200, 3), 10, np.uint8)
    assert strip(picture, BOX, Way(tone=Tone.INVERSE)).mean() == pytest.approx(245)


def test_faint_letters_are_drawn_out_and_an_even_patch_is_not() -> None:
    faint = np.full((100, 200, 3), 100, np.uint8)
    faint[30:50] = 125
    assert np.ptp(strip(faint, BOX, Way(0, 0, Tone.DRAWN_OUT))) >= 250
    even = np.full((100, 200, 3), 100, np.uint8)
    assert (strip(even, BOX, Way(tone=Tone.DRAWN_OUT)) == 100).all()
