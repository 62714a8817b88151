"""The cells that a network without anchors answers for."""

from collections.abc import Sequence

import numpy as np

from tasks.vision.vehicles.canvas import Array


def cells(height: int, width: int, strides: Sequence[int]) -> tuple[Array, Array]:
    """Column and row (N x 2) and stride (N x 1) of every cell, row by row, the finest grid first."""
    places, steps = [], []
    for stride in strides:
        rows, columns = np.mgrid[: -(-height // stride), : -(-width // stride)]
        places.append(np.stack((columns, rows), axis=-1).reshape(-1, 2))
        steps.append(np.full((len(places[-1]), 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(steps).astype(np.float32)


def cell_count(height: int, width: int, strides: Sequence[int]) -> int:
    """How many cells there are."""
    return sum(-(-height // stride) * -(-width // stride) for stride in strides)
