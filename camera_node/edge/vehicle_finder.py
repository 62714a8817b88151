"""Vehicles in a picture, by the server's network of the family YOLOX (Ge et al., 2021, arXiv 2107.08430).

It wants the picture in the upper left corner of its own and answers one row for each cell of three grids: middle and
size of a box, how surely there is anything, and of which kind it is.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.edge.crops import Bytes
from camera_node.edge.error import EdgeError
from camera_node.edge.model import Floats, Model

FILE = "vehicles.onnx"
FAMILY = "yolox"
KINDS = ("car", "motorcycle", "bus", "truck")
STRIDES = (8, 16, 32)
PADDING = 114
LOG_MAX = 10.0
OVERLAP_MAX = 0.5
SAME_MIN = 0.7
"""From so much overlap two boxes of two kinds are two opinions about one vehicle."""

TOLD_MAX = 100


@dataclass(frozen=True, slots=True)
class Vehicle:
    """``box``: left, top, width, height in pixels; confidence 0 to 1."""

    kind: str
    confidence: float
    box: tuple[float, float, float, float]


class VehicleFinder:
    """The network, opened."""

    def __init__(self, data: bytes, confidence_min: float) -> None:
        """Raises EdgeError."""
        self._model = Model(data, "finding vehicles")
        self._least = confidence_min
        shape, about = self._model.input_shape, self._model.about
        kinds = about.get("kinds", "").split(",")
        if about.get("family") != FAMILY or len(shape) != 4 or not all(isinstance(each, int) for each in shape):
            raise self._model.too_new()
        self._height, self._width = shape[2:]
        self._cells, self._steps = _cells(self._height, self._width)
        if self._model.answer_shape[-1] != 5 + len(kinds) or set(kinds) != set(KINDS):
            raise self._model.too_new()
        self._columns = [kinds.index(kind) for kind in KINDS]

    def find(self, picture: Bytes) -> list[Vehicle]:
        """Return the vehicles of a picture, surest first. Raises EdgeError."""
        height, width = picture.shape[:2]
        scale = min(self._width / width, self._height / height)
        inner = max(1, int(width * scale)), max(1, int(height * scale))
        canvas = np.full((self._height, self._width, 3), PADDING, np.uint8)
        canvas[: inner[1], : inner[0]] = cv2.resize(picture, inner)
        rows = self._model.run(np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32))[0]
        if rows.shape != (len(self._cells), 5 + len(KINDS)) or not np.isfinite(rows).all():
            raise EdgeError("The server's model for vehicles answers with what are no vehicles; none is found with it.")
        scores = rows[:, 4:5] * rows[:, 5:][:, self._columns]
        places, kinds = np.nonzero(scores >= self._least)
        scales = np.array([inner[0] / width, inner[1] / height] * 2, np.float32)
        boxes: Floats = self._boxes(rows, places) / scales
        return _merged(boxes, scores[places, kinds], kinds, (width, height), self._least)

    def _boxes(self, rows: Floats, places: NDArray[Any]) -> Floats:
        """Left, top, width, height in pixels of the network's picture."""
        middle = (rows[places, :2] + self._cells[places]) * self._steps[places]
        size = np.exp(np.minimum(rows[places, 2:4], LOG_MAX)) * self._steps[places]
        return np.concatenate((middle - size / 2, size), axis=1)


def _cells(height: int, width: int) -> tuple[Floats, Floats]:
    """Column and row of every cell, N x 2, and its stride, N x 1; the finest grid first."""
    places, steps = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: -(-height // stride), : -(-width // stride)]
        places.append(np.stack((columns, rows), axis=-1).reshape(-1, 2))
        steps.append(np.full((len(places[-1]), 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(steps).astype(np.float32)


def _merged(boxes: Floats, scores: Floats, kinds: NDArray[Any], size: tuple[int, int], least: float) -> list[Vehicle]:
    """One vehicle for boxes that overlap, cut at the picture's edge."""
    if not len(boxes):
        return []
    kept = list(cv2.dnn.NMSBoxesBatched(boxes.tolist(), scores.tolist(), kinds.tolist(), 0.0, OVERLAP_MAX))
    boxes, scores, kinds = boxes[kept], np.minimum(scores[kept], 1), kinds[kept]
    scores = scores * (1 - _surer_kind(boxes, scores, kinds))
    low = np.clip(boxes[:, :2], 0, size)
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, size)
    cut = np.concatenate((low, high - low), axis=1)
    order = [at for at in np.argsort(-scores, kind="stable") if scores[at] >= least and (cut[at, 2:] >= 1).all()]
    return [Vehicle(KINDS[int(kinds[at])], round(float(scores[at]), 4), _rounded(cut[at])) for at in order[:TOLD_MAX]]


def _surer_kind(boxes: Floats, scores: Floats, kinds: NDArray[Any]) -> Floats:
    """How sure another kind is of the same vehicle; a vehicle is of one kind only."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    sides = np.minimum(high[:, None], high[None, :]) - np.maximum(low[:, None], low[None, :])
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas = boxes[:, 2:].prod(axis=1)
    same = shared / np.maximum(areas[:, None] + areas[None, :] - shared, 1e-9) > SAME_MIN
    same &= kinds[:, None] != kinds[None, :]
    surer: Floats = np.max(np.tril(same, -1) * scores[None, :], axis=1, initial=0.0)
    return surer


def _rounded(box: Floats) -> tuple[float, float, float, float]:
    left, top, width, height = (round(float(value), 1) for value in box)
    return left, top, width, height
