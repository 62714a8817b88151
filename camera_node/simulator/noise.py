"""Textures out of chance: smooth noise over several sizes, and grain."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def clouds_of(rng: np.random.Generator, shape: tuple[int, int], size_px: float, octaves: int) -> Field:
    """Return smooth noise (mean 0, about -1..1): ``octaves`` layers, the largest ``size_px`` wide."""
    total = np.zeros(shape, np.float32)
    weight = 1.0
    for _ in range(octaves):
        rows, columns = max(2, int(shape[0] / size_px) + 2), max(2, int(shape[1] / size_px) + 2)
        coarse = rng.standard_normal((rows, columns), np.float32)
        total += weight * cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        weight *= 0.55
        size_px = max(2.0, size_px / 2.3)
    return total / 1.6


def speckle(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Return grain of a texel or two (mean 0, about -1..1), tiled out of a smaller piece."""
    tile = rng.standard_normal((509, 613), np.float32)
    tile = 0.55 * tile + 0.9 * cv2.GaussianBlur(tile, (0, 0), 0.9)
    times = (shape[0] // tile.shape[0] + 1, shape[1] // tile.shape[1] + 1)
    return np.tile(tile, times)[: shape[0], : shape[1]] * 0.6
