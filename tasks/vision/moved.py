"""Where a reference view lies in another view of the same camera: edges matched piece by piece, then one map fitted.

Vehicles come and go and lamps replace the sun; the pieces that still match find the map together and outvote the rest,
a clock burnt into the picture among them.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.vision.view import CELL, Floats, Grey, View, agreement, edges_of, view_of

Map = NDArray[np.float64]
"""3 x 3 homography from pixels of the reference view to those of another."""

STAYS: Final[Map] = np.eye(3)
STAYED_PX: Final = 0.35  # a view's pixel is about four of a 1280 px picture
LIKE_MIN: Final = 0.15  # one camera's views are alike by 0.13 (0.08 in snow) to 1, two cameras' by 0.09 at most
STRANGE: Final = 0.1
_TILTED_PX: Final = 0.8  # at the corners
_PIECES_MIN: Final = 6
_PIECE_LIKE_MIN: Final = 0.2
_TILE: Final = 32  # pixels at half size
_REACH: Final = 14  # pixels at half size: 9 % of the width
_TILE_LIKE_MIN: Final = 0.25
_AGREE_MIN: Final = 0.4  # share of the pieces found that must agree


@dataclass(frozen=True, slots=True)
class Fit:
    """How two views lie over each other. ``likeness``: 0 strangers, 1 the same. Per cell, of the pieces around it:

    ``right``, ``down``: how far the second lies off, pixels; ``like``: how alike the pieces are; ``sure``: they show
    where they belong.
    """

    likeness: float
    right: Floats
    down: Floats
    like: Floats
    sure: NDArray[np.bool_]

    @property
    def stayed(self) -> bool:
        """Whether the pieces lie where they belong, as a whole; one piece alone may be another vehicle."""
        if self.likeness < LIKE_MIN or self.sure.sum() < _PIECES_MIN:
            return False
        offsets = np.column_stack([self.right[self.sure], self.down[self.sure]])
        if np.abs(np.median(offsets, axis=0)).max() > STAYED_PX:
            return False
        rows, columns = self.sure.shape
        places = np.argwhere(self.sure) / (rows - 1, columns - 1) - 0.5
        slope, *_ = np.linalg.lstsq(np.column_stack([places, np.ones(len(places))]), offsets, rcond=None)
        return float(np.abs(slope[:2]).sum(axis=0).max()) / 2 <= _TILTED_PX


def compare(reference: View, view: View, reach: int = 1) -> Fit:
    """Match the edges of two views around every cell, at most ``reach`` pixels apart (and a half, between pixels)."""
    height, width = reference.grey.shape
    span = 2 * reach + 1
    padded = np.pad(view.edges, ((reach, reach), (reach, reach), (0, 0)))
    scale = np.sqrt(np.maximum(_around(reference.power) * _around(view.power), 1e-6))
    likes = np.full((span, span, *scale.shape), -1.0, np.float32)
    for y in range(span):
        for x in range(span):
            if reach > 1 or x == 1 or y == 1:  # a cross is enough to see whether it stayed
                likes[y, x] = _around(agreement(reference.edges, padded[y : y + height, x : x + width])) / scale
    right, down, like, inside = _peaks(likes)
    weight = np.sqrt(scale)
    sure = inside & (like >= _PIECE_LIKE_MIN) & (weight >= 0.3 * np.median(weight))
    return Fit(likeness(reference, view), right, down, like, sure)


def likeness(one: View, other: View) -> float:
    """How alike two views of one size are as they lie: 0 strangers, 1 the same."""
    both = float(one.power.mean()) * float(other.power.mean())
    return float(agreement(one.edges, other.edges).mean()) / float(np.sqrt(max(both, 1e-12)))


def find(reference: View, grey: Grey) -> Map | None:
    """Where the reference lies in a view that may be moved by up to some 8 % of its width and turned a little."""
    start = _find_roughly(reference.edges, edges_of(grey.astype(np.float32)))
    for reach in (2, 1, 1):
        if start is None:
            return None
        start = _refine(reference, grey, start, reach)
    return start


def stays(whole: Map) -> bool:
    """Whether the map is that of a camera that has not moved."""
    return bool(np.array_equal(whole, STAYS))


def lay_back(grey: Grey, whole: Map) -> Grey:
    """The view as it would look had the camera not moved; what it does not show repeats its edge."""
    size = (grey.shape[1], grey.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(grey, whole, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def distance(whole: Map, width: int, height: int) -> float:
    """How far the map moves the middle or a corner at most, as a share of the width."""
    points = np.array([[0, 0], [width, 0], [0, height], [width, height], [width / 2, height / 2]], np.float64)
    return float(np.linalg.norm(carry(points, whole) - points, axis=1).max() / width)


def carry(points: NDArray[np.float64], whole: Map) -> NDArray[np.float64]:
    """Points, N x 2, as the map moves them."""
    moved = points @ whole[:, :2].T + whole[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float64)


def _around(cells: Floats) -> Floats:
    """Each cell's mean with its neighbours."""
    return np.asarray(cv2.blur(cells, (3, 3), borderType=cv2.BORDER_REPLICATE), np.float32)


def _peaks(likes: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Of every cell: where it is most alike, between pixels, how much, and whether that is not at the rim."""
    span = likes.shape[0]
    reach = span // 2
    rows, columns = likes.shape[2:]
    best = likes.reshape(span * span, rows, columns).argmax(axis=0)
    y, x = np.divmod(best, span)
    row, column = np.mgrid[0:rows, 0:columns]
    inside = (x > 0) & (x < span - 1) & (y > 0) & (y < span - 1)
    near_x, near_y = np.clip(x, 1, span - 2), np.clip(y, 1, span - 2)
    middle = likes[near_y, near_x, row, column]
    right = (
        near_x - reach + _vertex(likes[near_y, near_x - 1, row, column], middle, likes[near_y, near_x + 1, row, column])
    )
    down = (
        near_y - reach + _vertex(likes[near_y - 1, near_x, row, column], middle, likes[near_y + 1, near_x, row, column])
    )
    like = likes[y, x, row, column]
    return right.astype(np.float32), down.astype(np.float32), like, inside | (reach == 1)


def _vertex(before: Floats, middle: Floats, after: Floats) -> Floats:
    """Top of the parabola through three values one pixel apart, at most one pixel off the middle one."""
    bend = before - 2 * middle + after
    return np.asarray(np.clip(0.5 * (before - after) / np.minimum(bend, -1e-6), -1, 1), np.float32)


def _find_roughly(reference: Floats, edges: Floats) -> Map | None:
    """A similarity, from tiles searched for at half size."""
    half = (reference.shape[1] // 2, reference.shape[0] // 2)
    small = cv2.resize(reference, half, interpolation=cv2.INTER_AREA)
    wide = cv2.resize(edges, half, interpolation=cv2.INTER_AREA)
    wide = cv2.copyMakeBorder(wide, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_CONSTANT)
    here, there = [], []
    for top in _starts(half[1]):
        for left in _starts(half[0]):
            tile = small[top : top + _TILE, left : left + _TILE]
            field = wide[top : top + _TILE + 2 * _REACH, left : left + _TILE + 2 * _REACH]
            likes = cv2.matchTemplate(field, tile, cv2.TM_CCORR_NORMED)
            _, like, _, (x, y) = cv2.minMaxLoc(likes)
            if like >= _TILE_LIKE_MIN:
                here.append((left, top))
                there.append((left + x - _REACH, top + y - _REACH))
    if len(here) < _PIECES_MIN:
        return None
    middle = _TILE / 2
    points, targets = (2 * (np.array(found, np.float64) + middle) for found in (here, there))
    fitted, agree = cv2.estimateAffinePartial2D(points, targets, method=cv2.RANSAC, ransacReprojThreshold=3.0)
    if fitted is None or agree.sum() < max(_PIECES_MIN, _AGREE_MIN * len(here)) or not _plausible(fitted):
        return None
    return np.vstack([fitted, (0, 0, 1)])


def _starts(length: int) -> list[int]:
    count = max(2, round(length / (0.6 * _TILE)))
    return [int(start) for start in np.linspace(0, length - _TILE, count)]


def _plausible(similarity: NDArray[np.number]) -> bool:
    """A mast that bends turns and zooms a little; anything else is a false match."""
    scale = float(np.hypot(similarity[0, 0], similarity[1, 0]))
    turn = float(np.arctan2(similarity[1, 0], similarity[0, 0]))
    return 0.85 <= scale <= 1.18 and abs(turn) <= 0.2


def _refine(reference: View, grey: Grey, start: Map, reach: int) -> Map | None:
    """Lay the view back by ``start``, see how far the pieces still lie off, and fit a homography to all of them."""
    fit = compare(reference, view_of(lay_back(grey, start)), reach)
    rows, columns = fit.like.shape
    row, column = np.mgrid[0:rows, 0:columns]
    points = (np.column_stack([column[fit.sure], row[fit.sure]]) + 0.5) * CELL
    seen = carry(points, start)
    inside = ((seen > 0) & (seen < (columns * CELL, rows * CELL))).all(axis=1)
    if inside.sum() < _PIECES_MIN:
        return None
    points = points[inside]
    off = np.column_stack([fit.right[fit.sure], fit.down[fit.sure]])[inside]
    targets = carry(points + off, start)
    spread = points.std(axis=0) / (columns * CELL, rows * CELL)
    if len(points) >= 0.3 * rows * columns and spread.min() >= 0.2:
        fitted, agree = cv2.findHomography(points, targets, cv2.RANSAC, 1.0)
    else:
        part, agree = cv2.estimateAffinePartial2D(points, targets, method=cv2.RANSAC, ransacReprojThreshold=1.0)
        fitted = None if part is None else np.vstack([part, (0, 0, 1)])
    if fitted is None or agree.sum() < max(_PIECES_MIN, _AGREE_MIN * len(points)):
        return None
    return np.asarray(fitted, np.float64)
