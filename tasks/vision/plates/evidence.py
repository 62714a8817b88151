"""The picture that is kept of a plate: cut out of the very frame that was read, with some of the vehicle around it."""

from typing import Final

import cv2
import numpy as np

from parkhub.domain.plates import PlateRead
from parkhub.errors import EngineError
from tasks.vision.picture import Picture

MARGIN_X, MARGIN_Y = 0.3, 1.0  # of the plate's width and height, on each side
LONG_SIDE_MAX_PX: Final = 1024  # a plate that fills a huge picture needs no more
SIDE_MIN_PX: Final = 8


def crop(picture: Picture, read: PlateRead) -> bytes:
    """A PNG of the plate and what is around it, at the size it was seen. Raises EngineError."""
    height, width = picture.shape[:2]
    left, top, wide, high = read.box
    x, y = max(SIDE_MIN_PX, wide * MARGIN_X), max(SIDE_MIN_PX, high * MARGIN_Y)
    rows = slice(max(0, int(top - y)), min(height, int(np.ceil(top + high + y))))
    columns = slice(max(0, int(left - x)), min(width, int(np.ceil(left + wide + x))))
    return _encode(picture[rows, columns], ".png")


def crop_vehicle(picture: Picture, box: tuple[float, float, float, float]) -> bytes:
    """A JPEG of a vehicle that shows no plate; ``box`` in shares of the picture. Raises EngineError."""
    height, width = picture.shape[:2]
    left, top = max(0, int(box[0] * width)), max(0, int(box[1] * height))
    right, bottom = int(np.ceil((box[0] + box[2]) * width)), int(np.ceil((box[1] + box[3]) * height))
    return _encode(picture[top:bottom, left:right], ".jpg")


def _encode(cut: Picture, ending: str) -> bytes:
    scale = LONG_SIDE_MAX_PX / max(cut.shape[:2], default=1)
    if scale < 1:
        sides = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
        cut = np.asarray(cv2.resize(cut, sides, interpolation=cv2.INTER_AREA), np.uint8)
    whole, data = cv2.imencode(ending, cut)
    if not whole:
        raise EngineError("The car could not be cut out of its picture.")
    return data.tobytes()
