"""How plates are looked for and looked at, before any rule of a region: the server's reader goes by it, and so do
cameras that read by themselves, which are told it (`parkhub.domain.edge_cars.settings_file`).

A picture is searched at several sizes. What looks like a plate is a region; out of it strips are cut in several ways,
each is read by itself, and which ways are worth it depends on what the first one gave.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONG_SIDES_PX: Final = (640, 320, 160)  # the smaller for plates that fill much of the picture
WIDTHS_PX: Final = (25.0, 130.0)  # of plates that the network knows well; others' sides are less exact
PADDING: Final = 114
STEP_PX: Final = 32
STRIDE: Final = 8
CONFIDENCE_MIN: Final = 0.2
OVERLAP_MAX: Final = 0.3
REGIONS_MAX: Final = 8

WIDTH_PX, HEIGHT_PX = 192, 48
SHRINK_MIN: Final = 2.0  # a box this many times as wide as a strip is shrunk first, so that no pixel is passed over
CONTRAST_MIN: Final = 8  # grey levels; below it there is nothing to draw out

SURE: Final = 0.95  # a first look as sure as this, in a known layout, needs no second
DOUBTFUL: Final = 0.8  # a first look less sure than this may be one at two lines
TWO_LINES_ASPECT_MAX: Final = 2.4  # of the region: longer plates have one line
FAINT: Final = 0.5  # of an accepted plate's confidence as a region: fainter ones are not read any more
CLEAR: Final = 0.5  # a region as clear as this may have its number on two lines
CERTAIN: Final = 0.7  # a region as clear as this is looked at again even if nothing was seen in it
REGIONS_READ_MAX: Final = 6


class Tone(StrEnum):
    """What is done to a strip's colours; a plate that one tone hides another may show."""

    COLOUR = "as it is"
    GREY = "without colour"
    INVERSE = "dark for light"
    DRAWN_OUT = "contrast drawn out"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to cut a strip out of a box: grown on each side by shares of its width and height, tilted, toned.

    ``tilt``: how much lower the right end is than the left, as a share of the width. ``rows``: the part of the height,
    for a plate of two lines.
    """

    room_x: float = 0.08
    room_y: float = 0.1
    tone: Tone = Tone.COLOUR
    tilt: float = 0.0
    rows: tuple[float, float] = (0.0, 1.0)


FIRST: Final = Way()
AGAIN: Final = (Way(0.15, 0.18), Way(0.04, 0.04, Tone.DRAWN_OUT))
UPPER, LOWER = Way(0.2, 0.05, rows=(0.0, 0.5)), Way(0.2, 0.05, rows=(0.5, 1.0))
LINES: Final = (UPPER, LOWER)
