"""What hides a view that has not moved or is laid back: no light, too much of it, something before the lens, blur."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.trust import Trouble
from tasks.vision.view import Floats, View

Cells = NDArray[np.bool_]
"""Rows x columns of a view's cells."""

DARK: Final = 24.0  # mean grey of a cell that is dark
BLOWN: Final = 245.0
FLAT: Final = 2.5  # mean gradient of a cell that shows nothing but noise
DARK_SHARE: Final = 0.985  # a night with one lamp in view is a night
BLOWN_SHARE: Final = 0.7
TEXTURE_MIN: Final = 3.0  # mean gradient of the reference's cell from which it can be missed
SMOOTH: Final = 0.5  # mean gradient over the reference's, in equal light, that is left of a covered cell
VEILED: Final = 0.25  # the same, when what is left still runs like the reference's edges
SEEN_LIKE: Final = 0.25  # likeness from which a cell is seen, whatever else
BLOCKED_SHARE: Final = 0.3
BLURRED: Final = -0.55  # log of fine over coarse gradients beside the reference's
_JUDGED_MIN: Final = 0.2  # share of cells that must have texture in the reference
_PATCH_MIN: Final = 0.04  # share of the view that a cover takes at least; a lorry's side is smaller
_EDGY: Final = 1.0  # mean coarse gradient from which sharpness can be told
_EDGY_CELLS: Final = 12
_EDGES_LEFT: Final = 0.5  # of the reference's; blur of 10 px of 1280 leaves more, nine tenths of a cover less


def exposure(view: View) -> Trouble | None:
    """DARK or BLOWN when the whole picture shows nothing."""
    flat = np.sqrt(view.fine) < FLAT
    if ((view.level < DARK) & flat).mean() >= DARK_SHARE and view.grey.max() < 4 * DARK:
        return Trouble.DARK
    if ((view.level >= BLOWN) | ((view.level >= 0.9 * BLOWN) & flat)).mean() >= BLOWN_SHARE:
        return Trouble.BLOWN
    return None


def is_lit(view: View) -> bool:
    """Whether there is light and texture in most of the picture, as by day."""
    textured = float((np.sqrt(view.fine) >= TEXTURE_MIN).mean())
    return float(np.median(view.level)) >= 40 and textured >= 0.5


def can_be_judged(view: View) -> bool:
    """Whether a view has enough texture to be the one that others are compared with."""
    return float((np.sqrt(view.fine) >= TEXTURE_MIN).mean()) >= _JUDGED_MIN


@dataclass(frozen=True, slots=True)
class Cover:
    """Cells behind something, to its soft edge, and the share of the cells to be judged that it surely hides."""

    cells: Cells
    share: float


def cover(references: list[View], view: View, like: Floats) -> Cover:
    """What is smooth where every reference has texture, and unlike them. ``like``: per cell, 0..1."""
    fine = np.sqrt(np.min([reference.fine for reference in references], axis=0))
    level = np.min([reference.level for reference in references], axis=0)
    judged, seen = fine >= TEXTURE_MIN, like >= SEEN_LIKE
    now = np.sqrt(view.fine)
    known = judged & seen
    enough = known.sum() >= 0.1 * judged.sum()
    contrast = min(1.0, float(np.median(now[known] / fine[known]))) if enough else 1.0
    light = min(1.0, float(np.median((view.level[known] + 5) / (level[known] + 5)))) if enough else 1.0
    if np.median(view.level) >= 0.6 * np.median(level):
        contrast = max(contrast, 0.5)  # as bright as the reference, so it is not night that takes the contrast
    left = now / np.maximum(contrast * fine, 1e-6)
    faint = (now < FLAT) & (left < np.where(seen, VEILED, SMOOTH)) & (left * (level + 10) < 0.6 * (view.level + 10))
    black = (now < FLAT) & (view.level + 5 < 0.25 * light * (level + 5)) & (light > 0.5)
    hidden = judged & (faint | (black & ~seen))
    patches = _patches(hidden, judged)
    rim = _grown(patches) & judged & ~seen & (left < SMOOTH)  # the cover's own soft edge is in these cells
    share = float(hidden.sum() / judged.sum()) if judged.mean() >= _JUDGED_MIN else 0.0
    return Cover(patches | rim, share)


def _grown(cells: Cells) -> Cells:
    """With all cells that touch them."""
    return np.asarray(cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, np.bool_)


def _patches(hidden: Cells, judged: Cells) -> Cells:
    """Large connected patches, with the cells among them that nobody could judge."""
    closed = cv2.morphologyEx(hidden.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    closed[judged & ~hidden] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= _PATCH_MIN * hidden.size]
    return np.asarray(np.isin(labels, large), np.bool_)


def sharpness(reference: View, view: View, like: Floats) -> float:
    """How much finer the view's edges are than the reference's, log; 0 when nobody can tell.

    By cells that show the same thing in both; when there are too few of those, by all that have edges.
    """
    edgy = _edgy(reference) & _edgy(view)
    same = edgy & (like >= SEEN_LIKE)
    chosen = same if same.sum() >= _EDGY_CELLS else edgy
    if chosen.sum() < _EDGY_CELLS:
        return 0.0
    return float(np.median(_fineness(view)[chosen] - _fineness(reference)[chosen]))


def dullness(reference: View, view: View, sharp: float, covered: Cover) -> Trouble | None:
    """BLURRED or BLOCKED: blur makes cells smooth and a cover's rim is soft, so the edges kept tell which it is."""
    if sharp < BLURRED and (covered.share < BLOCKED_SHARE or keeps_edges(reference, view)):
        return Trouble.BLURRED
    return Trouble.BLOCKED if covered.share >= BLOCKED_SHARE else None


def keeps_edges(reference: View, view: View) -> bool:
    """Whether most of the reference's edges are there, as blur leaves them; of a cover, its own edge may be left."""
    had = _edgy(reference)
    return bool((had & _edgy(view)).sum() >= _EDGES_LEFT * had.sum())


def _edgy(view: View) -> Cells:
    return np.asarray(np.sqrt(view.coarse) >= _EDGY, np.bool_)


def _fineness(view: View) -> Floats:
    return np.asarray(0.5 * np.log((view.fine + 0.25) / (view.coarse + 0.05)), np.float32)
