"""From a region that looks like a plate to strips that hold one line of its text each, upright and cut close."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import cv2
import numpy as np

from tasks.vision.picture import Picture
from tasks.vision.plates.finder import Region
from tasks.vision.plates.recogniser import HEIGHT_PX, WIDTH_MAX_PX, WIDTH_MIN_PX
from tasks.vision.plates.text_lines import Quad, TextLine, upright

ROOM_X, ROOM_Y = 0.15, 0.35  # around a region, of its width and height
SAME_ROW: Final = 0.45  # how far middles may differ in height, in line heights
SAME_HEIGHT: Final = 1.6  # between parts of one row
GAP_MAX: Final = 1.3  # between parts of one row, in line heights
SECOND_LINE_MIN: Final = 0.62  # of the main line's height
CONTRAST_MIN: Final = 8  # grey levels; below it there is nothing to draw out
TWO_LINES_ASPECT_MAX: Final = 2.6  # of the region: longer plates have one line


def surroundings(region: Region, picture: Picture) -> tuple[Picture, tuple[int, int]]:
    """The region with some room around it, and its place (left, top) in the picture."""
    height, width = picture.shape[:2]
    room_x, room_y = (region.right - region.left) * ROOM_X, (region.bottom - region.top) * ROOM_Y
    left, top = max(0, int(region.left - room_x)), max(0, int(region.top - room_y))
    right = min(width, int(np.ceil(region.right + room_x)))
    bottom = min(height, int(np.ceil(region.bottom + room_y)))
    return np.ascontiguousarray(picture[top:bottom, left:right]), (left, top)


def crosses_middle(quad: Quad, around: Picture) -> bool:
    """Whether a line lies over the middle third of what was looked at; others belong to something beside the plate."""
    height, width = around.shape[:2]
    low, high = quad.min(axis=0), quad.max(axis=0)
    return bool(low[0] < width * 0.6 and high[0] > width * 0.4 and low[1] < height * 0.75 and high[1] > height * 0.25)


def touches_side(quads: Sequence[Quad], around: Picture, left: int) -> bool:
    """Whether a line goes on beyond the left or right edge of what was looked at."""
    edge = 0.06 * around.shape[1]
    xs = np.concatenate([quad[:, 0] for quad in quads]) - left
    return bool(xs.min() < edge or xs.max() > around.shape[1] - edge)


def covering(region: Region, quads: Sequence[Quad]) -> Region:
    """The region made large enough for its lines."""
    low = np.min([quad.min(axis=0) for quad in quads], axis=0)
    high = np.max([quad.max(axis=0) for quad in quads], axis=0)
    return Region(
        float(min(region.left, low[0])), float(min(region.top, low[1])),
        float(max(region.right, high[0])), float(max(region.bottom, high[1])), region.confidence,
    )  # fmt: skip


def plate_lines(lines: Sequence[TextLine], aspect: float) -> list[Quad]:
    """The one or two lines that are the plate's number: the largest row, and one as high above or below it.

    Slogans, states and towns are lower than the number. ``aspect``: width over height of the region.
    """
    rows = join_rows([line.quad for line in lines])
    if not rows:
        return []
    main = max(rows, key=lambda row: _height(row) * _width(row) ** 0.75)
    if aspect > TWO_LINES_ASPECT_MAX:
        return [main]
    middle = main.mean(axis=0)
    others = [
        row
        for row in rows
        if row is not main
        and SECOND_LINE_MIN <= _height(row) / _height(main) <= 1 / SECOND_LINE_MIN
        and abs(row.mean(axis=0)[0] - middle[0]) < 0.4 * _width(main)
        and 0.6 * _height(main) < abs(row.mean(axis=0)[1] - middle[1]) < 2.2 * _height(main)
        and _width(row) > 0.9 * _height(row)
    ]
    found = [main, *sorted(others, key=_width)[-1:]]
    return sorted(found, key=lambda row: float(row.mean(axis=0)[1]))


def join_rows(quads: Sequence[Quad]) -> list[Quad]:
    """Parts of one row, such as the groups beside a crest, become one."""
    left = sorted(quads, key=lambda quad: float(quad[:, 0].min()))
    rows: list[Quad] = []
    for quad in left:
        for number, row in enumerate(rows):
            if _continues(row, quad):
                rows[number] = np.array([row[0], quad[1], quad[2], row[3]], np.float32)
                break
        else:
            rows.append(quad)
    return rows


def _continues(row: Quad, quad: Quad) -> bool:
    low, high = sorted((_height(row), _height(quad)))
    if high > SAME_HEIGHT * low:
        return False
    end, start = (row[1] + row[2]) / 2, (quad[0] + quad[3]) / 2
    return bool(abs(end[1] - start[1]) < SAME_ROW * high and -0.5 * high < start[0] - end[0] < GAP_MAX * high)


class Tone(Enum):
    """What is done to a strip's colours; a plate that one tone hides another may show."""

    COLOUR = "as it is"
    GREY = "without colour"
    INVERSE = "dark for light"
    DRAWN_OUT = "contrast drawn out"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to cut a strip: grown by shares of the line's height, its tone, made wider."""

    grow_x: float
    grow_y: float
    tone: Tone = Tone.COLOUR
    widen: float = 1.0


def strip(picture: Picture, quad: Quad, way: Way) -> Picture:
    """The quad's content as a rectangle of the recogniser's height."""
    width, height = _width(quad), _height(quad)
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2 / max(width, 1e-3) * way.grow_x * height
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2 * way.grow_y
    grown = quad + np.array([-along - down, along - down, along + down, -along + down])
    aspect = (width + 2 * way.grow_x * height) / max(height * (1 + 2 * way.grow_y), 1e-3)
    sides = int(np.clip(round(HEIGHT_PX * aspect * way.widen), WIDTH_MIN_PX // 2, WIDTH_MAX_PX)), HEIGHT_PX
    goal = np.array([[0, 0], [sides[0], 0], [sides[0], sides[1]], [0, sides[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(grown, np.float32), goal)
    cut = cv2.warpPerspective(picture, matrix, sides, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _toned(np.asarray(cut, np.uint8), way.tone)


def _toned(strip: Picture, tone: Tone) -> Picture:
    if tone is Tone.COLOUR:
        return strip
    if tone is Tone.INVERSE:
        return np.asarray(255 - strip, np.uint8)
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
    if tone is Tone.GREY:
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    low, high = np.percentile(grey, (2, 98))
    if high - low < CONTRAST_MIN:
        return strip
    return np.asarray(np.clip((strip.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255), np.uint8)


def whole(region: Region) -> Quad:
    """The region itself as a quad."""
    return upright(
        np.array(
            [
                [region.left, region.top],
                [region.right, region.top],
                [region.right, region.bottom],
                [region.left, region.bottom],
            ],
            np.float32,
        )
    )


def _width(quad: Quad) -> float:
    return float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2


def _height(quad: Quad) -> float:
    return float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
