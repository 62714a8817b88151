"""Decodes detectors exported by Ultralytics (YOLOv8, 11, 26 and kin), by what the exporter writes into the file.

The network wants the picture in the middle of grey 114, red green blue, 0..1. One kind of answer is a column per cell:
box middle and size in pixels, then one score per class, 0..1. The other, of models that choose by themselves, is a row
per object: left, top, right, bottom, score, class.
"""

from collections.abc import Sequence

import numpy as np

from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import EngineError
from tasks.vision.vehicles.boxes import Candidates, pick
from tasks.vision.vehicles.canvas import Array, Canvas
from tasks.vision.vehicles.export import Classes, Export
from tasks.vision.vehicles.grids import cell_count

CHOSEN = 6  # values of a row of a model that chooses by itself
STRIDES = (8, 16, 32)


class Ultralytics:
    """See `Decoder`."""

    family = "ultralytics"

    def __init__(self, export: Export) -> None:
        task = export.about.get("task", "detect")
        if task != "detect":
            raise EngineError(f"{export.file} is an Ultralytics model for {task[:20]!r}; only 'detect' finds vehicles.")
        if not self.fits(export):
            raise EngineError(f"{export.file} does not answer as Ultralytics' detectors do: {export.shapes}.")
        (rows,) = export.answers
        self._chosen = rows.shape[2] == CHOSEN
        self.canvas = Canvas(export.width, export.height, centred=True, rgb=True, spread=(255, 255, 255))
        names = export.names()
        if self._chosen and not names:
            raise EngineError(f"{export.file} names no classes, and answers with their numbers only.")
        self.classes = Classes.of(export, len(names or ()) if self._chosen else rows.shape[1] - 4)

    @staticmethod
    def fits(export: Export) -> bool:
        """Whether the answers have this family's shape."""
        if len(export.answers) != 1 or export.answers[0].ndim != 3 or export.answers[0].shape[0] != 1:
            return False
        _, rows, columns = export.answers[0].shape
        said = "Ultralytics" in export.about.get("author", "") or export.about.get("family") == Ultralytics.family
        return columns == CHOSEN or (rows > 4 and (said or columns == cell_count(export.height, export.width, STRIDES)))

    def decode(self, answers: Sequence[Array], confidence_min: float) -> Candidates:
        """Boxes in pixels of the canvas."""
        if self._chosen:
            return self._take(answers[0][0], confidence_min)
        columns = answers[0][0]
        scores = self.classes.scores(columns[4:].T)
        keep, kinds = pick(scores, confidence_min)
        found = columns[:4, keep].T
        boxes = np.concatenate((found[:, :2] - found[:, 2:] / 2, found[:, 2:]), axis=1)
        return Candidates(boxes, scores[keep, kinds], kinds)

    def _take(self, rows: Array, confidence_min: float) -> Candidates:
        order = list(VehicleKind)
        places = dict(zip(self.classes.columns, map(order.index, self.classes.kinds), strict=True))
        kinds = np.array([places.get(round(float(number)), -1) for number in rows[:, 5]], np.int64)
        keep = (rows[:, 4] >= confidence_min) & (kinds >= 0)
        boxes = np.concatenate((rows[keep, :2], rows[keep, 2:4] - rows[keep, :2]), axis=1)
        return Candidates(boxes, rows[keep, 4], kinds[keep])
