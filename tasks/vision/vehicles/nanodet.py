"""Decodes answers of NanoDet (github.com/RangiLyu/nanodet), whose heads are those of Generalized Focal Loss.

Per cell there is one score per class, 0..1, and for each side of the box a distribution over its distance from the
cell, 0..reg_max cells: its mean is the distance (Li et al., 2020, arXiv 2006.04388). NanoDet gives scores and
distances per grid of strides 8, 16, 32, and measures from the middle of a cell; NanoDet-Plus gives both in one answer
over four grids, and measures from the cell's corner.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from parkhub.errors import EngineError
from tasks.vision.vehicles.boxes import Candidates, pick
from tasks.vision.vehicles.canvas import Array, Canvas
from tasks.vision.vehicles.export import Classes, Export
from tasks.vision.vehicles.grids import cells

STRIDES: Final = (8, 16, 32)
STRIDES_PLUS: Final = (8, 16, 32, 64)
BINS: Final = 8  # of one side's distribution: reg_max 7
MEAN: Final = (103.53, 116.28, 123.675)
SPREAD: Final = (57.375, 57.12, 58.395)


class NanoDet:
    """See `Decoder`."""

    family = "nanodet"

    def __init__(self, export: Export) -> None:
        if not self.fits(export):
            raise EngineError(f"{export.file} does not answer as NanoDet does: {export.shapes}.")
        plus = len(export.answers) == 1
        classes, _ = self._heads(export.answers)
        self.canvas = Canvas(export.width, export.height, 0, centred=True, mean=MEAN, spread=SPREAD)
        self.classes = Classes.of(export, classes.shape[1])
        places, self._steps = cells(export.height, export.width, STRIDES_PLUS if plus else STRIDES)
        self._middles = (places + (0.0 if plus else 0.5)) * self._steps

    @staticmethod
    def fits(export: Export) -> bool:
        """Whether the answers have this family's shape."""
        shapes = [answer.shape for answer in export.answers]
        if any(len(shape) != 3 or shape[0] != 1 for shape in shapes):
            return False
        grids = [-(-export.height // s) * -(-export.width // s) for s in STRIDES_PLUS]
        if len(shapes) == 1:
            return (shapes[0][1], shapes[0][2] > 4 * BINS) == (sum(grids), True)
        by_grid = sorted(shape[1:] for shape in shapes)
        classes = min((shape[2] for shape in shapes if shape[2] != 4 * BINS), default=4 * BINS)
        return by_grid == sorted((grid, width) for grid in grids[:3] for width in (classes, 4 * BINS))

    def decode(self, answers: Sequence[Array], confidence_min: float) -> Candidates:
        """Boxes in pixels of the canvas."""
        classes, sides = self._heads(answers)
        scores = self.classes.scores(classes)
        keep, kinds = pick(scores, confidence_min)
        bins = sides[keep].reshape(-1, 4, BINS)
        weights = np.exp(bins - bins.max(axis=2, keepdims=True))
        mean = (weights @ np.arange(BINS, dtype=np.float32)) / weights.sum(axis=2)
        distances = mean * self._steps[keep]
        low, high = self._middles[keep] - distances[:, :2], self._middles[keep] + distances[:, 2:]
        limit = [self.canvas.width, self.canvas.height]
        low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
        return Candidates(np.concatenate((low, high - low), axis=1).astype(np.float32), scores[keep, kinds], kinds)

    @staticmethod
    def _heads(answers: Sequence[Array]) -> tuple[Array, Array]:
        """Class scores (N x classes) and distributions (N x 32) over all cells, the finest grid first."""
        if len(answers) == 1:
            return answers[0][0, :, : -4 * BINS], answers[0][0, :, -4 * BINS :]
        finest_first = sorted(answers, key=lambda answer: -answer.shape[1])
        sides = [answer[0] for answer in finest_first if answer.shape[2] == 4 * BINS]
        classes = [answer[0] for answer in finest_first if answer.shape[2] != 4 * BINS]
        return np.concatenate(classes), np.concatenate(sides)
