"""A simulated car park under one camera, in several lights, and what may happen to its pictures."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.light import light_at
from camera_node.simulator.render import Renderer
from camera_node.simulator.traffic import World

Picture = NDArray[np.uint8]


@lru_cache(maxsize=1)
def _renderer() -> Renderer:
    return Renderer(3)


@lru_cache(maxsize=16)
def view(hour: float = 12.0, cars: int | None = 3) -> Picture:
    """The car park at that hour, with the cars of that seed or with none; read-only."""
    world = [] if cars is None else World(cars).seen()
    picture = _renderer().render(world, light_at(hour, 1.0 if 6 < hour < 20 else 0.0))
    picture.flags.writeable = False
    return picture


def noisy(picture: NDArray[np.number], sigma: float = 1.5, seed: int = 0) -> Picture:
    """A sensor's noise on top."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def turned(picture: Picture, right: float, down: float, degrees: float = 0.0) -> tuple[Picture, NDArray[np.float64]]:
    """The picture of a camera that has moved by shares of the width, and the map of its pixels."""
    height, width = picture.shape[:2]
    whole = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), (0, 0, 1)])
    whole[0, 2] += right * width
    whole[1, 2] += down * width
    moved = cv2.warpPerspective(picture, whole, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return noisy(moved, seed=9), whole


def covered(picture: Picture, left: float, colour: tuple[int, int, int] = (60, 90, 120)) -> Picture:
    """Something soft and near before the lens, from the left rim up to that share of the width."""
    width = picture.shape[1]
    mask = 1 / (1 + np.exp((np.arange(width) / width - left) * 80))
    mixed = picture + (np.array(colour) - picture.astype(np.float64)) * mask[None, :, None]
    return noisy(mixed, seed=5)
