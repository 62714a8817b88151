"""Where number plates are in a whole picture, by a small network of our own (`tasks/training/plate_finder.py`).

The network answers for every cell of 8 x 8 pixels how surely the middle of a plate is there and how far the plate's
four sides are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.plate_looks import (
    CONFIDENCE_MIN,
    LONG_SIDES_PX,
    OVERLAP_MAX,
    PADDING,
    REGIONS_MAX,
    STEP_PX,
    STRIDE,
    WIDTHS_PX,
)
from parkhub.errors import EngineError
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture

MODEL: Final = Path(__file__).parents[1] / "models" / "plates_find.onnx"


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture that looks like a plate: left, top, right, bottom in pixels; confidence 0..1."""

    left: float
    top: float
    right: float
    bottom: float
    confidence: float


class PlateFinder:
    """The network, opened once; thread-safe."""

    def __init__(self, model: Path = MODEL, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._session = open_session(model, threads, providers)
        self._input = self._session.get_inputs()[0].name

    def find(
        self, picture: Picture, confidence_min: float = CONFIDENCE_MIN, long_sides_px: Sequence[int] = LONG_SIDES_PX
    ) -> list[Region]:
        """Plates of the picture seen at each of the sizes, surest first. Raises EngineError."""
        seen = [
            (_exact(region, side / max(picture.shape[:2])), region)
            for side in long_sides_px
            for region in self._look(picture, confidence_min, side)
        ]
        found: list[Region] = []
        for _, region in sorted(seen, key=lambda one: (-one[0], -one[1].confidence)):
            if all(overlap(region, other) <= OVERLAP_MAX for other in found):
                found.append(region)
        return sorted(found, key=lambda region: -region.confidence)[:REGIONS_MAX]

    def _look(self, picture: Picture, confidence_min: float, long_side_px: int) -> list[Region]:
        height, width = picture.shape[:2]
        scale = long_side_px / max(height, width)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        sides = [-(-side // STEP_PX) * STEP_PX for side in inner]
        fitted = np.full((sides[1], sides[0], 3), PADDING, np.uint8)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        fitted[: inner[1], : inner[0]] = cv2.resize(picture, inner, interpolation=how)
        try:
            (answer,) = self._session.run(None, {self._input: fitted[None]})
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The plate finder failed: {str(error)[:200]}") from error
        x, y = width / inner[0], height / inner[1]
        return [
            Region(max(0.0, left * x), max(0.0, top * y), min(width, right * x), min(height, bottom * y), confidence)
            for left, top, right, bottom, confidence in peaks(np.asarray(answer[0], np.float32), confidence_min)
        ]


def _exact(region: Region, scale: float) -> bool:
    """Whether a region found in a picture shrunk to ``scale`` was of a size that the network knows well."""
    return WIDTHS_PX[0] <= (region.right - region.left) * scale <= WIDTHS_PX[1]


def peaks(cells: NDArray[np.float32], confidence_min: float) -> list[tuple[float, float, float, float, float]]:
    """Left, top, right, bottom and confidence of every local maximum (5 x rows x columns) in the network's pixels."""
    chances = np.ascontiguousarray(cells[0])
    highest = cv2.dilate(chances, np.ones((3, 3), np.uint8))
    found = []
    for row, column in zip(*np.nonzero((chances >= confidence_min) & (chances >= highest)), strict=True):
        left, top, right, bottom = (float(value) for value in cells[1:, row, column])
        x, y = (float(column) + 0.5) * STRIDE, (float(row) + 0.5) * STRIDE
        found.append((x - left, y - top, x + right, y + bottom, float(chances[row, column])))
    return found


def overlap(a: Region, b: Region) -> float:
    """Shared area over the smaller one's."""
    wide = max(0.0, min(a.right, b.right) - max(a.left, b.left))
    high = max(0.0, min(a.bottom, b.bottom) - max(a.top, b.top))
    smaller = min((r.right - r.left) * (r.bottom - r.top) for r in (a, b))
    return wide * high / max(1.0, smaller)
