"""Where lines of text are, by PP-OCR's detector (Differentiable Binarization, Liao et al., 2019, arXiv 1911.08947).

The network answers how surely each pixel belongs to the shrunken middle of a line of text. Connected pixels become
the smallest turned rectangle around them, grown back by what training shrank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.errors import EngineError
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture

MODEL: Final = Path(__file__).parents[1] / "models" / "plates_text.onnx"
STEP_PX: Final = 32  # the network's sides are multiples of it
SIDE_MIN_PX: Final = 32
PIXEL_MIN: Final = 0.3
LINE_MIN: Final = 0.5
UNCLIP: Final = 1.6
SHORT_SIDE_MIN_PX: Final = 3

Quad = NDArray[np.float32]
"""4 x 2: upper left, upper right, lower right, lower left corner, in pixels."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text: its corners and how sure the network is, 0..1."""

    quad: Quad
    confidence: float


class TextLines:
    """The detector, opened once; thread-safe."""

    def __init__(self, model: Path = MODEL, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._session = open_session(model, threads, providers)
        self._input = self._session.get_inputs()[0].name

    def find(self, picture: Picture, scale: float = 1.0, unclip: float = UNCLIP) -> list[TextLine]:
        """Lines of the picture enlarged or shrunk by ``scale``, surest first. Raises EngineError."""
        height, width = picture.shape[:2]
        sides = tuple(max(SIDE_MIN_PX, round(side * scale / STEP_PX) * STEP_PX) for side in (width, height))
        chances = self._chances(cv2.resize(picture, sides, interpolation=cv2.INTER_LINEAR))
        lines = lines_of(chances, unclip)
        grow = np.array([width / sides[0], height / sides[1]], np.float32)
        return [TextLine(np.asarray(line.quad * grow, np.float32), line.confidence) for line in lines]

    def _chances(self, picture: Any) -> NDArray[np.float32]:
        blob = np.asarray(picture, np.float32).transpose(2, 0, 1)[None] * np.float32(1 / 127.5) - np.float32(1)
        try:
            (answer,) = self._session.run(None, {self._input: blob})
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The text detector failed: {str(error)[:200]}") from error
        return np.asarray(answer[0, 0], np.float32)


def lines_of(chances: NDArray[np.float32], unclip: float = UNCLIP) -> list[TextLine]:
    """Lines in the network's answer (height x width, 0..1), surest first, in its pixels."""
    mask = (chances > PIXEL_MIN).astype(np.uint8)
    mask = np.asarray(cv2.dilate(mask, np.ones((2, 2), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        middle, size, angle = cv2.minAreaRect(contour)
        if min(size) < SHORT_SIDE_MIN_PX:
            continue
        corners = np.asarray(cv2.boxPoints((middle, size, angle)), np.float32)
        confidence = _mean_inside(chances, corners)
        if confidence < LINE_MIN:
            continue
        # the rectangle around a rectangle grown by a distance with round corners is itself grown by that distance
        grow = size[0] * size[1] * unclip / (2 * (size[0] + size[1]))
        grown = (size[0] + 2 * grow, size[1] + 2 * grow)
        found.append(TextLine(upright(np.asarray(cv2.boxPoints((middle, grown, angle)))), confidence))
    return sorted(found, key=lambda line: -line.confidence)


def upright(corners: NDArray[Any]) -> Quad:
    """Corners in reading order, from the upper left one clockwise."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    left, right = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def _mean_inside(chances: NDArray[np.float32], corners: Quad) -> float:
    height, width = chances.shape
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [width - 1, height - 1])
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], 1)
    return float(cv2.mean(chances[low[1] : high[1] + 1, low[0] : high[0] + 1], mask)[0])
