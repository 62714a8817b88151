"""Vehicles in whole pictures, by any detector exported in the manner of YOLOX (Ge et al., 2021, arXiv 2107.08430).

The network wants a square-ish picture, shrunk into its upper left corner and padded with grey 114, blue green red,
0..255. It answers one row per cell of three grids (strides 8, 16, 32): box middle and logarithm of its size in cells,
how surely there is an object, and how surely it is of each class, both already 0..1.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import EngineError
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture

STRIDES: Final = (8, 16, 32)
PADDING: Final = 114
SIDE_DEFAULT: Final = 640  # for a model that takes any size
COCO_CLASSES: Final = 80
COCO_VEHICLES: Final = {
    2: VehicleKind.CAR,
    3: VehicleKind.MOTORCYCLE,
    5: VehicleKind.BUS,
    7: VehicleKind.TRUCK,
}
CONFIDENCE_MIN: Final = 0.05
OVERLAP_MAX: Final = 0.5
_VEHICLES_MAX: Final = 1000

Array = NDArray[np.float32]


class VehicleDetector:
    """A YOLOX-type ONNX file, opened once; thread-safe. Knows the 80 COCO classes or our four kinds in their order."""

    def __init__(self, model: Path, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._session = open_session(model, threads, providers)
        self._name = model.name
        given = self._session.get_inputs()
        if len(given) != 1 or len(given[0].shape) != 4:
            raise EngineError(f"{model.name} is not a YOLOX-type detector: it must take one picture, 1 x 3 x H x W.")
        self._input = given[0].name
        self.height, self.width = (
            side if isinstance(side, int) and side > 0 else SIDE_DEFAULT for side in given[0].shape[2:]
        )
        if self.height % STRIDES[-1] or self.width % STRIDES[-1]:
            raise EngineError(f"{model.name} is not a YOLOX-type detector: its input must be a multiple of 32 pixels.")
        self._cells, self._steps = grid(self.height, self.width)

    def detect(self, picture: Picture, confidence_min: float = CONFIDENCE_MIN) -> list[Vehicle]:
        """Vehicles of the picture, surest first, boxes in its pixels. Raises EngineError."""
        return merge([self.candidates(picture, confidence_min)], *picture.shape[1::-1])

    def candidates(self, picture: Picture, confidence_min: float = CONFIDENCE_MIN) -> "Candidates":
        """What the network sees before overlapping boxes are merged, in pixels of the picture."""
        fitted, scale = letterbox(picture, self.width, self.height)
        blob = np.ascontiguousarray(fitted.transpose(2, 0, 1)[None], dtype=np.float32)
        try:
            rows = self._session.run(None, {self._input: blob})[0]
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The detector failed: {str(error)[:200]}") from error
        rows = np.asarray(rows, np.float32)
        if rows.ndim != 3 or rows.shape[:2] != (1, len(self._cells)):
            raise EngineError(
                f"{self._name} is not a YOLOX-type detector: it answered in the shape {rows.shape}, "
                f"not 1 x {len(self._cells)} x (5 + classes)."
            )
        if not np.isfinite(rows).all():
            raise EngineError("The detector answered with values that are no numbers.")
        columns, kinds = self._kinds(rows.shape[2] - 5)
        scores = rows[0, :, 4:5] * rows[0][:, columns]
        keep, which = np.nonzero(scores >= confidence_min)
        boxes = decode_boxes(rows[0, keep, :4], self._cells[keep], self._steps[keep]) / scale
        return boxes, scores[keep, which], np.array(kinds)[which]

    def _kinds(self, classes: int) -> tuple[list[int], list[int]]:
        """Columns of the answer that are vehicles, and the kind of each as its place in `VehicleKind`."""
        order = list(VehicleKind)
        if classes == COCO_CLASSES:
            return [5 + column for column in COCO_VEHICLES], [order.index(kind) for kind in COCO_VEHICLES.values()]
        if classes == len(order):
            return [5 + column for column in range(classes)], list(range(classes))
        raise EngineError(f"{self._name} knows {classes} classes; the 80 of COCO or our {len(order)} kinds are needed.")


Candidates = tuple[Array, Array, NDArray[Any]]
"""Boxes N x 4 (left, top, width, height), confidences N, places in `VehicleKind` N."""


def letterbox(picture: Picture, width: int, height: int) -> tuple[Picture, float]:
    """The picture shrunk or enlarged into the upper left corner of a grey one, and by how much."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner = max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))
    fitted = np.full((height, width, 3), PADDING, np.uint8)
    fitted[: inner[1], : inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_LINEAR)
    return fitted, scale


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Column and row (N x 2) and stride (N x 1) of every cell, in the order of the network's rows."""
    cells, steps = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        cells.append(np.stack((columns, rows), axis=-1).reshape(-1, 2))
        steps.append(np.full((len(cells[-1]), 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)


def decode_boxes(raw: Array, cells: Array, steps: Array) -> Array:
    """Left, top, width, height in pixels of the network's picture."""
    middle = (raw[:, :2] + cells) * steps
    size = np.exp(np.minimum(raw[:, 2:4], 10.0)) * steps
    boxes: Array = np.concatenate((middle - size / 2, size), axis=1)
    return boxes


def merge(found: Sequence[Candidates], width: int, height: int) -> list[Vehicle]:
    """One vehicle for boxes of the same kind that overlap, cut at the picture's edge, surest first."""
    boxes, scores, kinds = (np.concatenate(parts) for parts in zip(*found, strict=True))
    low = np.clip(boxes[:, :2], 0, [width, height])
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, [width, height])
    boxes = np.concatenate((low, high - low), axis=1)
    order = list(VehicleKind)
    kept = suppress(boxes, scores, kinds)
    return [
        Vehicle(order[int(kinds[i])], round(min(1.0, float(scores[i])), 4), _box(boxes[i]))
        for i in kept[:_VEHICLES_MAX]
        if boxes[i, 2] >= 1 and boxes[i, 3] >= 1
    ]


def suppress(boxes: Array, scores: Array, kinds: NDArray[Any], overlap_max: float = OVERLAP_MAX) -> list[int]:
    """Which boxes stay, surest first: of two of one kind that overlap more than ``overlap_max`` (IoU) the surer."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    areas = boxes[:, 2:].prod(axis=1)
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(left):
        best, left = int(left[0]), left[1:]
        kept.append(best)
        shared = np.clip(np.minimum(high[best], high[left]) - np.maximum(low[best], low[left]), 0, None).prod(axis=1)
        overlap = shared / np.maximum(areas[best] + areas[left] - shared, 1e-9)
        left = left[(overlap <= overlap_max) | (kinds[left] != kinds[best])]
    return kept


def _box(box: Array) -> tuple[float, float, float, float]:
    left, top, width, height = (round(float(value), 1) for value in box)
    return left, top, width, height
