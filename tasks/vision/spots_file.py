"""Spots from a mask picture: every connected bright patch is a spot."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import Point
from parkhub.domain.spots_file import SPOTS_MAX, SpotsFile, build
from parkhub.errors import PictureError, SpotsFileError
from tasks.vision.picture import decode

BRIGHT: Final = 128
AREA_MIN_PX: Final = 12  # smaller patches are specks of a compressed or hand-drawn mask
SPECK_SHARE: Final = 0.05  # and so are those far smaller than the middle one
PIXELS_MAX: Final = 25_000_000
OVERLAP_MAX: Final = 4  # times the picture that all the boxes of its patches may cover: spots lie side by side
BOX_SHARE: Final = 0.85  # of its tightest rectangle that a patch must fill to count as that rectangle


def read_mask(data: bytes) -> SpotsFile:
    """Spots of a mask of any size, named 1, 2, … in reading order; the size is the mask's.

    Raises SpotsFileError when the mask is no picture or shows no spots, or too many.
    """
    try:
        grey = cv2.cvtColor(decode(data, pixels_max=PIXELS_MAX), cv2.COLOR_BGR2GRAY)
    except PictureError as error:
        raise SpotsFileError(f"The mask cannot be read. {error}") from None
    height, width = grey.shape
    bright = (grey >= BRIGHT).astype(np.uint8)
    if not bright.any():
        raise SpotsFileError("The mask is empty: paint every spot white on black.")
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
    # a drawn mask can hold far more specks than spots, but not this many patches of any kind
    if count - 1 > 20 * SPOTS_MAX:
        raise SpotsFileError(f"The mask has {count - 1:,} white patches; it is a photograph or noise, not a mask.")
    areas = stats[1:, cv2.CC_STAT_AREA]
    least = max(
        AREA_MIN_PX,
        SPECK_SHARE * float(np.median(areas[areas >= AREA_MIN_PX])) if (areas >= AREA_MIN_PX).any() else 0.0,
    )
    kept = [int(index) + 1 for index in np.flatnonzero(areas >= least)]
    if not kept:
        raise SpotsFileError("The mask has white specks only: a spot needs at least 12 pixels.")
    if len(kept) == 1 and areas[kept[0] - 1] >= 0.98 * width * height:
        raise SpotsFileError("The mask is white all over: paint every spot white on black.")
    if len(kept) > SPOTS_MAX:
        raise SpotsFileError(f"The mask has {len(kept):,} spots; at most {SPOTS_MAX:,} are read.")
    if int((stats[kept, cv2.CC_STAT_WIDTH] * stats[kept, cv2.CC_STAT_HEIGHT].astype(np.int64)).sum()) > (
        OVERLAP_MAX * width * height
    ):
        # outlining costs a patch's box: rings within rings would cost minutes
        raise SpotsFileError("The mask's patches lie within each other; paint every spot beside the others.")
    boxes = [tuple(int(value) for value in stats[index, :4]) for index in kept]
    ordered = [(kept[i], boxes[i]) for i in reading_order(boxes)]
    return build(
        width, height, [(str(n), _outline(labels, index, box)) for n, (index, box) in enumerate(ordered, start=1)]
    )


def reading_order(boxes: list[tuple[int, ...]]) -> list[int]:
    """Indices of (left, top, width, height) boxes by rows from the top, each from the left."""
    rows: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda i: boxes[i][1] + boxes[i][3] / 2):
        _, top, _, height = boxes[index]
        first = boxes[rows[-1][0]] if rows else None
        # in the row when its middle lies within the upper or lower half of the row's first box
        if first and abs(top + height / 2 - first[1] - first[3] / 2) <= min(height, first[3]) / 2:
            rows[-1].append(index)
        else:
            rows.append([index])
    return [index for row in rows for index in sorted(row, key=lambda i: boxes[i][0])]


def _outline(labels: NDArray[Any], index: int, box: tuple[int, ...]) -> list[Point]:
    """Corners of a patch in pixels: its tightest rectangle if it is one, otherwise its simplified outline."""
    left, top, width, height = box
    patch = (labels[top : top + height, left : left + width] == index).astype(np.uint8)
    area = int(patch.sum())
    # pixels are squares: the outline of a patch of one pixel encloses 1, not 0
    if area >= BOX_SHARE * width * height:
        return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    contours, _ = cv2.findContours(patch, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=len)
    rectangle = cv2.minAreaRect(contour)
    if area >= BOX_SHARE * (rectangle[1][0] + 1) * (rectangle[1][1] + 1):
        points = cv2.boxPoints(rectangle)
    else:
        points = cv2.approxPolyDP(contour, 0.02 * cv2.arcLength(contour, True), True)[:, 0].astype(np.float32)
        if len(points) < 3:
            points = cv2.boxPoints(rectangle)
    size = np.array(labels.shape[::-1], np.float32)
    corners = np.clip(points + np.array([left + 0.5, top + 0.5], np.float32), 0, size)
    return [(float(x), float(y)) for x, y in corners]
