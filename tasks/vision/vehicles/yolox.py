"""Decodes answers of YOLOX (Ge et al., 2021, arXiv 2107.08430).

The network wants a picture in its upper left corner, padded with grey 114, blue green red, 0..255. It answers one row
per cell of three grids: box middle and logarithm of its size in cells, how surely there is an object, and how surely
it is of each class, both already 0..1. Some exports have the boxes decoded: middle and size in pixels.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from parkhub.errors import EngineError
from tasks.vision.vehicles.boxes import Candidates, pick
from tasks.vision.vehicles.canvas import Array, Canvas
from tasks.vision.vehicles.export import Classes, Export
from tasks.vision.vehicles.grids import cell_count, cells

STRIDES: Final = (8, 16, 32)
_LOG_MAX: Final = 10.0  # of a size in cells: no overflow from a broken model


class Yolox:
    """See `Decoder`."""

    family = "yolox"

    def __init__(self, export: Export) -> None:
        if not self.fits(export):
            wanted = f"1 x {cell_count(export.height, export.width, STRIDES)} x (5 + classes)"
            raise EngineError(f"{export.file} does not answer as YOLOX does: {export.shapes}, not {wanted}.")
        (rows,) = export.answers
        self.canvas = Canvas(export.width, export.height)
        self.classes = Classes.of(export, rows.shape[2] - 5)
        self._cells, self._steps = cells(export.height, export.width, STRIDES)
        self._decoded = self._are_pixels(rows[0, :, :2])

    @staticmethod
    def fits(export: Export) -> bool:
        """Whether the answers have this family's shape."""
        shapes = [answer.shape for answer in export.answers]
        count = cell_count(export.height, export.width, STRIDES)
        return len(shapes) == 1 and shapes[0][:-1] == (1, count) and shapes[0][-1] > 5

    def decode(self, answers: Sequence[Array], confidence_min: float) -> Candidates:
        """Boxes in pixels of the canvas."""
        rows = answers[0][0]
        scores = rows[:, 4:5] * self.classes.scores(rows[:, 5:])
        keep, kinds = pick(scores, confidence_min)
        found = rows[keep, :4]
        if self._decoded:
            middle, size = found[:, :2], found[:, 2:]
        else:
            middle = (found[:, :2] + self._cells[keep]) * self._steps[keep]
            size = np.exp(np.minimum(found[:, 2:], _LOG_MAX)) * self._steps[keep]
        return Candidates(np.concatenate((middle - size / 2, size), axis=1), scores[keep, kinds], kinds)

    def _are_pixels(self, middles: Array) -> bool:
        """Decoded middles lie near their cells; raw ones are small wherever the cell is."""
        return bool(np.median(np.abs(middles / self._steps - self._cells)) < np.median(np.abs(middles)))
