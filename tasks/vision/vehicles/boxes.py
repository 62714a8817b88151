"""From what a network sees to vehicles: pick candidates, keep one of those that overlap, stay in the picture."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.vehicles import Vehicle, VehicleKind
from tasks.vision.vehicles.canvas import Array

OVERLAP_MAX: Final = 0.5
SAME_MIN: Final = 0.7  # overlap (IoU) from which boxes of two kinds are two opinions about one vehicle
_VEHICLES_MAX: Final = 1000


class Candidates(NamedTuple):
    """Boxes N x 4 (left, top, width, height), confidences N, and kinds N as places in `VehicleKind`."""

    boxes: Array
    scores: Array
    kinds: NDArray[Any]


def pick(scores: Array, confidence_min: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows and columns of ``scores`` (N x kinds, places in `VehicleKind`) that are sure enough."""
    rows, kinds = np.nonzero(scores >= confidence_min)
    return rows, kinds


def merge(found: Sequence[Candidates], width: int, height: int, confidence_min: float = 0.0) -> list[Vehicle]:
    """One vehicle for boxes of the same kind that overlap, cut at the picture's edge, surest first."""
    boxes, scores, kinds = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = suppress(boxes, scores, kinds)[:_VEHICLES_MAX]
    boxes, scores, kinds = boxes[kept], np.minimum(scores[kept], 1), kinds[kept]
    scores = scores * (1 - surer_kind(boxes, scores, kinds))
    low = np.clip(boxes[:, :2], 0, [width, height])
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, [width, height])
    boxes = np.concatenate((low, high - low), axis=1)
    order = list(VehicleKind)
    return [
        Vehicle(order[int(kinds[i])], round(float(scores[i]), 4), _box(boxes[i]))
        for i in np.argsort(-scores, kind="stable")
        if scores[i] >= confidence_min and (boxes[i, 2:] >= 1).all()
    ]


def surer_kind(boxes: Array, scores: Array, kinds: NDArray[Any]) -> Array:
    """How sure another kind is of the same vehicle, by box, surest first; 0 where none is surer.

    A vehicle is of one kind: another opinion about it holds only as far as the surer one is wrong.
    """
    same = overlaps(boxes) > SAME_MIN
    same &= kinds[:, None] != kinds[None, :]
    surer: Array = np.max(np.tril(same, -1) * scores[None, :], axis=1, initial=0.0)
    return surer


def overlaps(boxes: Array) -> Array:
    """Intersection over union of each with each, N x N."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    sides = np.minimum(high[:, None], high[None, :]) - np.maximum(low[:, None], low[None, :])
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas = boxes[:, 2:].prod(axis=1)
    ratio: Array = shared / np.maximum(areas[:, None] + areas[None, :] - shared, 1e-9)
    return ratio


def suppress(boxes: Array, scores: Array, kinds: NDArray[Any], overlap_max: float = OVERLAP_MAX) -> list[int]:
    """Which boxes stay, surest first: of two of one kind that overlap more than ``overlap_max`` (IoU) the surer."""
    if not len(boxes):
        return []
    return [int(i) for i in cv2.dnn.NMSBoxesBatched(boxes.tolist(), scores.tolist(), kinds.tolist(), 0.0, overlap_max)]


def _box(box: Array) -> tuple[float, float, float, float]:
    left, top, width, height = (round(float(value), 1) for value in box)
    return left, top, width, height
