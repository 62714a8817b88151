"""A labelled spot cut out with its surroundings, so that any window can still be laid around it by a later model."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import Polygon, SpotShape
from parkhub.errors import InvalidInputError
from tasks.vision.crops import Layout, Window, cut, mark, matrix, pixels, side_of
from tasks.vision.picture import Picture, decode

ROOM: Final = 1.0
"""Surroundings on each side, as a share of the spot's longer side: more than any window reaches out."""

SIDE_MAX_PX: Final = 320
"""Larger crops are shrunk: a window takes a third of it into some fifty pixels."""


def cut_out(picture: Picture, polygon: Polygon) -> tuple[bytes, Polygon]:
    """A PNG of a spot with its surroundings, as far as the picture goes, and the polygon in 0..1 coordinates of it.

    ``polygon`` in 0..1 coordinates of the picture. Raises InvalidInputError for a spot outside the picture.
    """
    height, width = picture.shape[:2]
    (corners,) = pixels([SpotShape("label", polygon)], width, height)
    room = side_of(corners) * ROOM
    left, top = (max(0, int(low)) for low in np.floor(corners.min(axis=0) - room))
    right, bottom = np.minimum(np.ceil(corners.max(axis=0) + room), (width, height)).astype(int).tolist()
    inside = np.minimum(corners.max(axis=0), (width, height)) - np.maximum(corners.min(axis=0), 0)
    if (inside < 1).any():
        raise InvalidInputError("The spot lies outside the picture.")
    crop = picture[top:bottom, left:right]
    scale = min(1.0, SIDE_MAX_PX / max(crop.shape))
    if scale < 1.0:
        crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    size = right - left, bottom - top
    moved = tuple((float((x - left) / size[0]), float((y - top) / size[1])) for x, y in corners)
    _, png = cv2.imencode(".png", crop)
    return png.tobytes(), moved


def window_crops(labels: Sequence[tuple[bytes, Polygon]], window: Window) -> NDArray[np.uint8]:
    """What a classifier with this window would see of what `cut_out` kept: N x side x side x 4.

    Raises PictureError for a damaged PNG.
    """
    batch = np.empty((len(labels), window.side_px, window.side_px, 4), np.uint8)
    for crop, (png, polygon) in zip(batch, labels, strict=True):
        picture = decode(png)
        (corners,) = pixels([SpotShape("label", polygon)], picture.shape[1], picture.shape[0])
        whole = matrix(corners, window)
        crop[:] = cut(picture, Layout(window, (corners,), (whole,), mark(corners, whole, window.side_px)[None]))[0]
    return batch
