"""What hides a view, on textures whose every cell shows something."""

import cv2
import numpy as np

from tasks.vision.hidden import BLURRED, TEXTURE_MIN, cover, keeps_edges, sharpness
from tasks.vision.view import CELL, View, view_of

ROWS, COLUMNS = 9, 16


def texture(seed: int = 1) -> np.ndarray:
    """Blocks of 4 pixels, bright and dark."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 200, (ROWS * CELL // 4, COLUMNS * CELL // 4), np.uint8)
    return cv2.resize(blocks, (COLUMNS * CELL, ROWS * CELL), interpolation=cv2.INTER_NEAREST)


def behind(picture: np.ndarray, left: float, soft: float = 0.02) -> View:
    """The view behind something dull from the left rim up to that column of cells, with a soft edge."""
    column = np.arange(picture.shape[1]) / picture.shape[1]
    mask = 1 / (1 + np.exp((column - left / COLUMNS) / soft))
    return view_of(np.asarray(picture + (120.0 - picture) * mask, np.uint8))


def alike(upto: int) -> np.ndarray:
    """A likeness of none up to that column of cells, and of one beyond."""
    like = np.ones((ROWS, COLUMNS), np.float32)
    like[:, :upto] = 0
    return like


NOWHERE = np.zeros((ROWS, COLUMNS), np.float32)


def test_a_view_out_of_focus_is_less_sharp():
    blurred = view_of(cv2.GaussianBlur(texture(), (0, 0), 2.5))
    assert sharpness(view_of(texture()), blurred, NOWHERE) < BLURRED
    assert sharpness(view_of(texture()), view_of(texture(2)), NOWHERE) > BLURRED / 2


def test_blur_keeps_the_edges_and_a_large_cover_does_not():
    reference, soft = view_of(texture()), cv2.GaussianBlur(texture(), (0, 0), 2.5)
    assert keeps_edges(reference, view_of(soft))
    soft[:, : 12 * CELL] = 120
    assert not keeps_edges(reference, view_of(soft))


def test_a_cover_reaches_as_far_as_its_soft_edge_leaves_nothing_to_see():
    reference = view_of(texture())
    assert (np.sqrt(reference.fine) >= TEXTURE_MIN).all()
    found = cover([reference], behind(texture(), 6.0), alike(6))
    assert found.cells[:, :6].all()
    assert not found.cells[:, 6:].any()
    assert 5 / COLUMNS <= found.share < found.cells.mean()


def test_a_cell_that_still_looks_alike_is_not_counted_to_the_cover_beside_it():
    found = cover([view_of(texture())], behind(texture(), 6.0), alike(4))
    assert found.cells[:, :4].all()
    assert not found.cells[:, 5:].any()
