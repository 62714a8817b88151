"""The camera over the car park: a pinhole with a little barrel distortion, on a mast at the south side.

A pinhole camera with one radial term (Brown's model without the tangential ones); distances in metres.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WIDTH, HEIGHT = 1280, 720
EYE = np.array([21.6, -52.0, 29.0])
AIM = np.array([22.35, -19.6, 0.0])
FOCAL_PX = 960.0
BARREL = -0.06


def _axes() -> NDArray[np.float64]:
    ahead = AIM - EYE
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    roll = np.deg2rad(0.5)  # nobody mounts a camera quite level
    down = np.cross(ahead, right)
    return np.stack([right * np.cos(roll) + down * np.sin(roll), down * np.cos(roll) - right * np.sin(roll), ahead])


AXES = _axes()
"""Rows: right, down and ahead of the camera in world coordinates."""


def project(points: NDArray[np.floating]) -> Floats:
    """Return the pixels (N x 2) and depths (metres, third column) of world points (N x 3) in front of the camera."""
    seen = (np.asarray(points, np.float64) - EYE) @ AXES.T
    depth = np.maximum(seen[:, 2], 0.1)
    flat = seen[:, :2] / depth[:, None]
    bent = flat * (1 + BARREL * (flat**2).sum(1, keepdims=True))
    return np.column_stack([bent * FOCAL_PX + (WIDTH / 2, HEIGHT / 2), depth]).astype(np.float32)


def scale_at(point: NDArray[np.floating]) -> float:
    """Return how many pixels a metre across the view takes at a world point."""
    return float(FOCAL_PX / max(0.1, (np.asarray(point) - EYE) @ AXES[2]))


@lru_cache(maxsize=1)
def ground_points() -> tuple[Floats, Floats]:
    """Return x and y (metres) on the ground for every pixel of the picture.

    Pixels over the horizon get points far away (10 km).
    """
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    bent = np.stack([columns + np.float32(0.5 - WIDTH / 2), rows + np.float32(0.5 - HEIGHT / 2)], -1) / np.float32(
        FOCAL_PX
    )
    flat = bent
    for _ in range(4):  # the inverse of the distortion has no closed form; four rounds are exact to 0.01 px
        flat = bent / (1 + np.float32(BARREL) * (flat[..., :1] ** 2 + flat[..., 1:] ** 2))
    right, down, ahead = AXES.astype(np.float32)
    across, along, fall = (flat[..., 0] * right[n] + flat[..., 1] * down[n] + ahead[n] for n in range(3))
    reach = np.minimum(np.float32(EYE[2]) / np.maximum(-fall, np.float32(1e-4)), np.float32(1e4))
    return np.float32(EYE[0]) + across * reach, np.float32(EYE[1]) + along * reach
