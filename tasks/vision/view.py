"""A camera's view, small and grey, with what of it lasts through day and night: where edges run, and how fine they are.

Edges are kept as gradients with doubled angle, weighed against the contrast around them. A line then looks alike in sun
and lamplight, and also when what was brighter than its ground becomes darker (as in orientation correlation, Fitch,
Kadyrov, Christmas, Kittler: "Orientation Correlation", BMVC 2002, with the angle doubled).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.vision.picture import Picture

CELL: Final = 20
"""Side in pixels of the square cells a view is judged by."""
_PIXELS: Final = 57_600  # 320 x 180
CELLS_MAX: Final = 40  # of the longer side, for very long pictures
_FLOOR: Final = 4.0  # squared gradient of noise, which says nothing of edges
_GREEN: Final = 1

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """A picture at about 320 x 180, whole cells each way.

    ``edges``: height x width x 2, cosine and sine of the doubled angle, 0..1 strong. Per cell (rows x columns):
    ``power`` the mean square of the edges, ``level`` the mean grey, ``fine`` the mean squared gradient, ``coarse`` the
    same after blurring.
    """

    grey: Grey
    edges: Floats
    power: Floats
    level: Floats
    fine: Floats
    coarse: Floats


def size_for(width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels of the view of such a picture: nearly its shape, always about as many pixels."""
    wide = np.sqrt(_PIXELS * width / height) / CELL
    high = np.sqrt(_PIXELS * height / width) / CELL
    columns, rows = (int(np.clip(round(side), 3, CELLS_MAX)) for side in (wide, high))
    return columns * CELL, rows * CELL


def shrink(picture: Picture, size: tuple[int, int]) -> Grey:
    """The picture's green, which is near enough to its brightness and comes without arithmetic, at that size."""
    green = cv2.extractChannel(picture, _GREEN)
    larger = picture.shape[1] > size[0]
    return np.asarray(cv2.resize(green, size, interpolation=cv2.INTER_AREA if larger else cv2.INTER_LINEAR), np.uint8)


def view_of(grey: Grey) -> View:
    """Everything that is known of a view."""
    plain = grey.astype(np.float32)
    blurred = np.asarray(cv2.GaussianBlur(plain, (0, 0), 2.0), np.float32)
    edges = edges_of(plain)
    steep = (means(_steepness(one)) for one in (plain, blurred))
    return View(grey, edges, agreement(edges, edges), means(plain), *steep)


def edges_of(plain: Floats) -> Floats:
    """The edges of a grey picture, see `View`."""
    smooth = cv2.GaussianBlur(plain, (0, 0), 1.0)
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32)
    strength = across * across + down * down
    scale = strength + 0.5 * cv2.blur(strength, (31, 31)) + _FLOOR
    return np.asarray(cv2.merge([(across * across - down * down) / scale, 2 * across * down / scale]), np.float32)


def agreement(one: Floats, other: Floats) -> Floats:
    """The mean product of two views' edges in every cell: how much of them runs the same way."""
    size = (one.shape[1] // CELL, one.shape[0] // CELL)
    products = cv2.resize(cv2.multiply(one, other), size, interpolation=cv2.INTER_AREA)
    return np.asarray(products[..., 0] + products[..., 1], np.float32)


def means(values: Floats) -> Floats:
    """The mean of every cell, rows x columns."""
    size = (values.shape[1] // CELL, values.shape[0] // CELL)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _steepness(plain: Floats) -> Floats:
    across = plain[:-1, 1:] - plain[:-1, :-1]
    down = plain[1:, :-1] - plain[:-1, :-1]
    found = np.zeros_like(plain)
    found[:-1, :-1] = across * across + down * down
    return found
