"""Where number plates are in a picture: the server's small network, asked about the picture at several sizes.

For every cell it answers how surely the middle of a plate is there and how far the plate's four sides are.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from camera_node.edge.crops import Bytes
from camera_node.edge.gate_settings import Finding
from camera_node.edge.model import Floats, Model

FILE = "plates_find.onnx"


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture that looks like a plate: sides in pixels, confidence 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def middle(self) -> tuple[float, float]:
        """In pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


class PlateFinder:
    """The network, opened."""

    def __init__(self, data: bytes, finding: Finding) -> None:
        """Raises EdgeError."""
        self._model = Model(data, "finding plates")
        if len(self._model.answer_shape) != 4:
            raise self._model.too_new()
        self._by = finding

    def find(self, picture: Bytes) -> list[Region]:
        """Return what looks like a plate at any of the sizes, surest first. Raises EdgeError."""
        longer = max(picture.shape[:2])
        seen = [
            (self._is_exact(region, side / longer), region)
            for side in self._by.long_sides_px
            for region in self._look(picture, side)
        ]
        found: list[Region] = []
        for _, region in sorted(seen, key=lambda each: (-each[0], -each[1].confidence)):
            if all(_overlap(region, other) <= self._by.overlap_max for other in found):
                found.append(region)
        return sorted(found, key=lambda region: -region.confidence)[: self._by.regions_max]

    def _is_exact(self, region: Region, scale: float) -> bool:
        """Whether the network saw it at a width that it knows well."""
        return self._by.widths_px[0] <= (region.right - region.left) * scale <= self._by.widths_px[1]

    def _look(self, picture: Bytes, side: int) -> list[Region]:
        height, width = picture.shape[:2]
        scale = side / max(height, width)
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        step = self._by.step_px
        canvas = np.full((-(-high // step) * step, -(-wide // step) * step, 3), self._by.padding, np.uint8)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas[:high, :wide] = cv2.resize(picture, (wide, high), interpolation=how)
        x, y = width / wide, height / high
        found = [
            Region(
                max(0.0, each.left * x),
                max(0.0, each.top * y),
                min(float(width), each.right * x),
                min(float(height), each.bottom * y),
                each.confidence,
            )
            for each in self._peaks(self._model.run(canvas[None])[0])
        ]
        return [each for each in found if each.right - each.left >= 1 and each.bottom - each.top >= 1]

    def _peaks(self, cells: Floats) -> list[Region]:
        """Return every local maximum of 5 x rows x columns, in the network's pixels."""
        chances = np.ascontiguousarray(cells[0])
        highest = cv2.dilate(chances, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((chances >= self._by.confidence_min) & (chances >= highest))
        found = []
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            left, top, right, bottom = cells[1:, row, column].tolist()
            x, y = (column + 0.5) * self._by.stride, (row + 0.5) * self._by.stride
            found.append(Region(x - left, y - top, x + right, y + bottom, float(chances[row, column])))
        return found


def _overlap(one: Region, other: Region) -> float:
    """Shared area over the smaller one's."""
    wide = max(0.0, min(one.right, other.right) - max(one.left, other.left))
    high = max(0.0, min(one.bottom, other.bottom) - max(one.top, other.top))
    smaller = min((each.right - each.left) * (each.bottom - each.top) for each in (one, other))
    return wide * high / max(1.0, smaller)
