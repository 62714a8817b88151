"""Draws what is known of the spots on a picture, for people to watch."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import SpotShape, SpotState
from tasks.vision.picture import Picture

LONG_SIDE_MAX: Final = 1920
WIDTH_MIN: Final = 320
Colour = tuple[int, int, int]
_GREEN: Final[Colour] = (96, 214, 52)
_RED: Final[Colour] = (64, 64, 235)
_GREY: Final[Colour] = (205, 205, 205)
_EDGE: Final[Colour] = (24, 20, 18)
_BAND: Final[Colour] = (38, 30, 26)
_INK: Final[Colour] = (250, 250, 250)
_SOFT: Final[Colour] = (200, 192, 186)
_COLOURS: Final = {SpotState.FREE: _GREEN, SpotState.OCCUPIED: _RED, SpotState.UNKNOWN: _GREY}
_LIST_LINES: Final = 2


class Annotator:
    """Draws outlines and a band of words; keeps the drawing while states stay the same, so most frames cost a copy.

    Free spots have a green outline and their name, occupied ones a red outline, spots nobody could see a dashed grey
    one. The band is added above the picture, so that it hides no spot: the free count, and the names of free spots,
    shortened when there are too many. ``width`` and ``height`` are of the drawn picture: even, at most
    `LONG_SIDE_MAX` on the longer side, at least `WIDTH_MIN` wide, with the band.
    """

    def __init__(self, width: int, height: int, spots: Sequence[SpotShape], pixel_aspect: float = 1.0) -> None:
        shown_width = width * pixel_aspect
        scale = min(1.0, LONG_SIDE_MAX / max(shown_width, height))
        scale = max(scale, WIDTH_MIN / shown_width)
        self.width, self._picture_height = _even(shown_width * scale), _even(height * scale)
        self._head_px = int(np.clip(round(self.width / 34), 17, 32))
        self._list_px = max(12, round(self._head_px * 0.68))
        self._band_height = _even(self._head_px * 1.6 + _LIST_LINES * self._list_px * 1.35 + 6)
        self.height = self._picture_height + self._band_height
        self._names = [spot.name for spot in spots]
        size = np.array([self.width, self._picture_height], dtype=np.float64)
        self._outlines: list[NDArray[np.int32]] = [
            np.round(np.array(spot.polygon) * size).astype(np.int32) for spot in spots
        ]
        # a shared edge is drawn by both neighbours: a thin line keeps two colours side by side visible
        sides = [min(np.ptp(outline[:, 0]), np.ptp(outline[:, 1])) for outline in self._outlines]
        self._thickness = 1 if not sides or float(np.median(sides)) < 26 else 2
        self._face = cv2.FontFace("sans")
        self._canvas: Picture = np.zeros((self.height, self.width, 3), np.uint8)
        self._over: Picture = np.zeros((self._picture_height, self.width, 3), np.uint8)
        self._mask: NDArray[np.uint8] = np.zeros((self._picture_height, self.width), np.uint8)
        self._drawn: tuple[SpotState, ...] | None = None

    def draw(self, picture: Picture, states: Sequence[SpotState]) -> Picture:
        """The picture with the states on it, one per spot in order. The array is reused by the next call."""
        if tuple(states) != self._drawn:
            self._drawn = tuple(states)
            self._draw_outlines(self._drawn)
            self._draw_band(self._drawn)
        view = self._canvas[self._band_height :]
        if picture.shape[:2] == view.shape[:2]:
            view[:] = picture
        else:
            smaller = picture.shape[1] > self.width
            way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
            view[:] = cv2.resize(picture, (self.width, self._picture_height), interpolation=way)
        cv2.copyTo(self._over, self._mask, view)
        return self._canvas

    def _draw_outlines(self, states: tuple[SpotState, ...]) -> None:
        self._over[:] = 0
        self._mask[:] = 0
        # occupied first: where outlines touch, the free one stays visible
        order = (SpotState.OCCUPIED, SpotState.UNKNOWN, SpotState.FREE)
        for state in order:
            for outline, spot_state in zip(self._outlines, states, strict=True):
                if spot_state is state:
                    self._outline(outline, state)
        for outline, name, state in zip(self._outlines, self._names, states, strict=True):
            if state is SpotState.FREE:
                self._label(outline, name)

    def _outline(self, outline: NDArray[np.int32], state: SpotState) -> None:
        for canvas, edge, colour in ((self._over, _EDGE, _COLOURS[state]), (self._mask, 255, 255)):
            if state is SpotState.UNKNOWN:
                _dashed(canvas, outline, colour, self._thickness)
                continue
            if self._thickness > 1:
                cv2.polylines(canvas, [outline], True, edge, self._thickness + 2)
            cv2.polylines(canvas, [outline], True, colour, self._thickness)

    def _label(self, outline: NDArray[np.int32], name: str) -> None:
        """The spot's name in its middle, as large as fits, left out where it could not be read."""
        left, top, width, height = cv2.boundingRect(outline)
        size = int(min(height * 0.62, 22))
        while size >= 9 and self._text_width(name, size) > width - 4:
            size -= 1
        if size < 9:
            return
        x = round(left + (width - self._text_width(name, size)) / 2)
        y = round(top + height / 2 + size * 0.36)
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            self._text(self._over, name, (x + dx, y + dy), _EDGE, size)
            self._text(self._mask, name, (x + dx, y + dy), (255, 255, 255), size)
        self._text(self._over, name, (x, y), _GREEN, size)
        _, self._mask[:] = cv2.threshold(self._mask, 100, 255, cv2.THRESH_BINARY)

    def _draw_band(self, states: tuple[SpotState, ...]) -> None:
        band = self._canvas[: self._band_height]
        band[:] = _BAND
        free = [name for name, state in zip(self._names, states, strict=True) if state is SpotState.FREE]
        unseen = states.count(SpotState.UNKNOWN)
        margin = max(8, self._head_px // 2)
        y = round(self._head_px * 1.3)
        head = f"{len(free)} free of {len(states)}"
        self._text(band, head, (margin, y), _INK, self._head_px, 700)
        if unseen:
            note = f"{unseen} not seen"
            x = self.width - margin - self._text_width(note, self._list_px)
            if x > margin + self._text_width(head, self._head_px, 700) + margin:
                self._text(band, note, (x, y), _SOFT, self._list_px)
        for line in self.free_lines(free, self.width - 2 * margin):
            y += round(self._list_px * 1.35)
            self._text(band, line, (margin, y), _GREEN if free else _SOFT, self._list_px)

    def free_lines(self, free: Sequence[str], width_px: int) -> list[str]:
        """The free names on at most two lines; what does not fit is counted: "A1  A2  and 31 more"."""
        if not free:
            return ["No free place"]
        lines, rest = [""], list(free)
        while rest:
            word = rest[0] if not lines[-1] else f"{lines[-1]}  {rest[0]}"
            last_line = len(lines) == _LIST_LINES
            tail = f"  and {len(rest) - 1} more" if last_line and len(rest) > 1 else ""
            if self._text_width(word + tail, self._list_px) <= width_px or not lines[-1]:
                lines[-1] = word
                rest.pop(0)
            elif last_line:
                lines[-1] += f"  and {len(rest)} more"
                break
            else:
                lines.append("")
        return lines

    def _text_width(self, text: str, size: int, weight: int = 500) -> int:
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), self._face, size, weight)
        return int(width)

    def _text(
        self, canvas: NDArray[np.uint8], text: str, at: tuple[int, int], colour: Colour, size: int, weight: int = 500
    ) -> None:
        cv2.putText(canvas, text, at, colour, self._face, size, weight)


def _even(value: float) -> int:
    """The nearest even whole number, at least 2: H.264 with 4:2:0 knows no odd sizes."""
    return max(2, round(value / 2) * 2)


def _dashed(canvas: NDArray[np.uint8], outline: NDArray[np.int32], colour: Colour | int, thickness: int) -> None:
    """A closed outline of dashes."""
    dash, period = 6.0, 13.0  # a line of OpenCV is longer than asked by its thickness
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        way = (end - start).astype(np.float64)
        length = float(np.hypot(*way))
        for at in np.arange(0, length, period):
            one, two = start + way * (at / length), start + way * (min(at + dash, length) / length)
            begin, finish = (int(one[0]), int(one[1])), (int(two[0]), int(two[1]))
            cv2.line(canvas, begin, finish, colour, thickness)
