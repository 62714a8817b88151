"""Counting vehicles beside an engine that does not find them. A failure here is no failure of the look."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import structlog

from parkhub.domain.counts import COUNT_FROM
from parkhub.domain.spots import SpotShape
from parkhub.domain.vehicles import Vehicle
from parkhub.errors import ParkHubError
from tasks.vision.crops import pixels, side_of
from tasks.vision.picture import Picture
from tasks.vision.vehicles.finder import VehicleFinder

log = structlog.get_logger(__name__)

SPOT_SIDE_PX: Final = 56.0
"""Wanted in the network's picture; where places are smaller, vehicles are also looked for in parts of the picture."""

TILES: Final = 2
"""Parts per side: the states of the same picture wait for these looks."""


def tiles_for(finder: VehicleFinder, spots: Sequence[SpotShape], width: int, height: int) -> int:
    """Into how many parts per side a picture of that size is cut besides; 1: into none."""
    if not spots:
        return 1
    side = float(np.median([side_of(polygon) for polygon in pixels(spots, width, height)]))
    return 1 if side * min(finder.width / width, finder.height / height) >= SPOT_SIDE_PX else TILES


def long_side_needed(finder: VehicleFinder, spots: Sequence[SpotShape], width: int, height: int) -> int:
    """Pixels the longer side of the picture must keep."""
    return max(finder.width, finder.height) * tiles_for(finder, spots, width, height)


def find_vehicles(finder: VehicleFinder, picture: Picture, spots: Sequence[SpotShape]) -> list[Vehicle] | None:
    """Those that are sure enough to be counted; None when the finder failed: nobody counted."""
    height, width = picture.shape[:2]
    try:
        return finder.find(picture, COUNT_FROM, tiles_for(finder, spots, width, height))
    except ParkHubError as error:
        log.warning("vehicles.not_counted", reason=str(error))
        return None
