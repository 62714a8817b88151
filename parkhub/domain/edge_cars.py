"""Cars at a gate that its camera has found and read itself: what it is told to do so, and what it says of them.

It says what was seen before any rule of a region (`parkhub.domain.plate_looks`), so that those are the server's own.
The wire: `camera_node/WIRE.md`.
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from parkhub.domain import gates, plate_looks
from parkhub.domain.counts import COUNT_FROM
from parkhub.domain.passages import Box
from parkhub.domain.plate_layouts import LENGTH_MIN
from parkhub.domain.plates import Reading
from parkhub.domain.vehicles import Vehicle, VehicleKind

CROP_BYTES_MAX: Final = 40 * 1024
CROP_SIDE_MAX_PX: Final = 1024
PLATES_MAX: Final = 8
VEHICLES_MAX: Final = 100
VEHICLES_SHOWN_MAX: Final = 4
LETTERS_MAX: Final = 24
OUTSIDE_PX: Final = 1.0

_Share = Annotated[float, Meta(ge=0, le=1)]
_Px = Annotated[float, Meta(ge=-1, le=16_385)]
_Box = tuple[_Px, _Px, _Px, _Px]
_Crop = Annotated[str, Meta(max_length=(CROP_BYTES_MAX + 2) // 3 * 4, pattern="^[A-Za-z0-9+/]*={0,2}$")]
_Chance = tuple[Annotated[str, Meta(min_length=1, max_length=1)], Annotated[float, Meta(ge=gates.CHANCE_MIN, le=1)]]
_Letter = Annotated[tuple[_Chance, ...], Meta(min_length=1, max_length=gates.LETTERS_MAX)]
_Letters = Annotated[tuple[_Letter, ...], Meta(max_length=LETTERS_MAX)]
_Looks = Annotated[tuple[_Letters, ...], Meta(max_length=4)]


class SeenPlate(Struct, frozen=True):
    """What looks like a plate, and what every look at it gave.

    ``box``: left, top, right, bottom in pixels of the picture. ``again`` and ``lines`` are empty if nobody looked so.
    ``crop``: of the plate and what is around it, a JPEG in base64, or "".
    """

    box: _Box
    confidence: _Share
    first: _Letters
    again: _Looks = ()
    lines: _Looks = ()
    crop: _Crop = ""

    def __post_init__(self) -> None:
        """Raises ValueError, in which a refused body is named."""
        for letters in (self.first, *self.again, *self.lines):
            for letter in letters:
                chances = [chance for _, chance in letter]
                if chances != sorted(chances, reverse=True):
                    raise ValueError("What a letter may be is to come surest first")

    def readings(self, ways: Sequence[plate_looks.Way]) -> list[Reading]:
        """What was seen in ways that the server's reader asks for; fewer, if the camera did not look so."""
        looks: dict[Sequence[plate_looks.Way], _Looks] = {
            plate_looks.AGAIN: self.again,
            plate_looks.LINES: self.lines,
        }
        return [Reading(letters) for letters in looks.get(tuple(ways), (self.first,))]


class SeenVehicle(Struct, frozen=True):
    """A vehicle; ``box``: left, top, width, height in pixels. ``crop``: of one that shows no plate, or ""."""

    kind: VehicleKind
    confidence: _Share
    box: _Box
    crop: _Crop = ""

    @property
    def vehicle(self) -> Vehicle:
        """As the server's finder tells of it."""
        return Vehicle(self.kind, self.confidence, self.box)


SeenPlates = Annotated[tuple[SeenPlate, ...], Meta(max_length=PLATES_MAX)]
SeenVehicles = Annotated[tuple[SeenVehicle, ...], Meta(max_length=VEHICLES_MAX)]


def crop_of(text: str) -> bytes:
    """The bytes of a crop. Raises ValueError."""
    return base64.b64decode(text, validate=True)


def outside(plates: SeenPlates, vehicles: SeenVehicles, size: tuple[int, int]) -> bool:
    """Whether any of it cannot be in a picture of ``size``, width and height."""
    boxes = [plate.box for plate in plates]
    boxes += [(left, top, left + wide, top + high) for left, top, wide, high in (each.box for each in vehicles)]
    return not all(_fits(box, size) for box in boxes)


def settings_file() -> bytes:
    """What decides what a camera sees at a gate, besides its networks: the same bytes while it is the same."""
    looks = plate_looks
    return msgspec.json.encode(
        {
            "find": {
                "long_sides_px": looks.LONG_SIDES_PX,
                "widths_px": looks.WIDTHS_PX,
                "padding": looks.PADDING,
                "step_px": looks.STEP_PX,
                "stride": looks.STRIDE,
                "confidence_min": looks.CONFIDENCE_MIN,
                "overlap_max": looks.OVERLAP_MAX,
                "regions_max": looks.REGIONS_MAX,
            },
            "strip": {
                "width_px": looks.WIDTH_PX,
                "height_px": looks.HEIGHT_PX,
                "shrink_min": looks.SHRINK_MIN,
                "contrast_min": looks.CONTRAST_MIN,
            },
            "ways": {
                "first": asdict(looks.FIRST),
                "again": [asdict(way) for way in looks.AGAIN],
                "lines": [asdict(way) for way in looks.LINES],
            },
            "read": {
                "sure": looks.SURE,
                "doubtful": looks.DOUBTFUL,
                "two_lines_aspect_max": looks.TWO_LINES_ASPECT_MAX,
                "faint": looks.FAINT,
                "clear": looks.CLEAR,
                "certain": looks.CERTAIN,
                "regions_max": looks.REGIONS_READ_MAX,
                "letters_min": LENGTH_MIN,
            },
            "vehicles": {
                "confidence_min": COUNT_FROM,
                "certain": gates.VEHICLE_MIN,
                "cover_min": gates.COVER_MIN,
                "cover_motorcycle_min": gates.COVER_MOTORCYCLE_MIN,
                "edge": gates.EDGE,
            },
        }
    )


def _fits(box: Box, size: tuple[int, int]) -> bool:
    left, top, right, bottom = box
    inside = left >= -OUTSIDE_PX and top >= -OUTSIDE_PX and right <= size[0] + OUTSIDE_PX
    return inside and bottom <= size[1] + OUTSIDE_PX and left < right and top < bottom
