"""How a family of detectors wants its pictures, and the way back from its boxes to the picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.vision.picture import Picture

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies on the canvas: times its scales, then ``left`` and ``top`` pixels from its corner.

    The scales differ a little, because each side becomes whole pixels by itself.
    """

    scale_x: float
    scale_y: float
    left: int
    top: int

    def back(self, boxes: Array) -> Array:
        """Boxes (N x 4: left, top, width, height) of the canvas in pixels of the picture."""
        scales = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        moved: Array = (boxes - np.array([self.left, self.top, 0, 0], np.float32)) / scales
        return moved


@dataclass(frozen=True, slots=True)
class Canvas:
    """The network's picture. A picture keeps its proportions on it; what is left is ``padding`` (grey 0..255).

    ``centred``: in the middle, else in the upper left corner. ``rgb``: red first, else blue. Each value becomes
    (value - mean) / spread, by colour in the picture's own order (blue, green, red).
    """

    width: int
    height: int
    padding: int = 114
    centred: bool = False
    rgb: bool = False
    mean: tuple[float, float, float] = (0, 0, 0)
    spread: tuple[float, float, float] = (1, 1, 1)

    def place(self, picture: Picture) -> tuple[Picture, Placement]:
        """The picture on the canvas, height x width x 3 bytes, blue first."""
        height, width = picture.shape[:2]
        scale = min(self.width / width, self.height / height)
        # each family rounds as the project it comes from does
        turn = round if self.centred else int
        inner = max(1, turn(width * scale)), max(1, turn(height * scale))
        left = round((self.width - inner[0]) / 2 - 0.1) if self.centred else 0
        top = round((self.height - inner[1]) / 2 - 0.1) if self.centred else 0
        fitted = np.full((self.height, self.width, 3), self.padding, np.uint8)
        fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner)
        return fitted, Placement(inner[0] / width, inner[1] / height, left, top)

    def blob(self, fitted: Picture) -> Array:
        """1 x 3 x height x width as the network wants it."""
        channels: Array = np.ascontiguousarray(fitted.transpose(2, 0, 1)[None], dtype=np.float32)
        if any(self.mean):
            channels -= np.array(self.mean, np.float32)[:, None, None]
        if any(spread != 1 for spread in self.spread):
            channels *= (1 / np.array(self.spread, np.float32))[:, None, None]
        return np.ascontiguousarray(channels[:, ::-1]) if self.rgb else channels
