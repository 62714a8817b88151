"""A spot engine that finds vehicles in the whole picture and asks on which spots they stand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from parkhub.domain.vehicles import Vehicle, VehicleKind
from tasks.vision.crops import Quad, pixels, side_of
from tasks.vision.engine import Look
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture
from tasks.vision.vehicles.finder import open_finder

GROUND: Final = 0.6  # lower share of a box that stands on the ground, in a view from an angle
OVERLAP_MIN: Final = 0.4  # of the smaller of spot and ground part, for the spot a vehicle is on
COVERED_MIN: Final = 0.6  # of a further spot under the same long vehicle
LONG: Final = (VehicleKind.BUS, VehicleKind.TRUCK)  # may stand on more than one spot
SIZE_MIN, SIZE_MAX = 0.2, 4.0  # of a vehicle's box, in those of its spot: a person, a whole row
ON_SPOT_MIN: Final = 0.15  # confidence of a vehicle where one is to be expected
CONFIDENCE_MIN: Final = 0.25  # and anywhere
FREE_CONFIDENCE: Final = 0.8  # detectors miss vehicles more often than they invent them
SPOT_SIDE_PX: Final = 56.0  # wanted in the network's picture; below it the picture is also looked at in tiles
SPOT_SIDE_MIN_PX: Final = 7.0  # below it no detector of this kind can answer
TILES_MAX: Final = 4  # per side


class DetectorEngine:
    """Boxes of a vehicle detector against polygons: overlap of the ground part, not just a middle inside."""

    name = "detector"

    def __init__(self, model: Path | None = None, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._finder = open_finder(model, threads, providers)

    def long_side_needed(self, spots: Sequence[SpotShape], width: int, height: int) -> int | None:
        """As many pixels as the network's picture has, times the tiles that small spots need."""
        if not spots:
            return None
        network = max(self._finder.width, self._finder.height)
        return min(max(width, height), network * self._tiles(pixels(spots, width, height), width, height))

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:  # noqa: ARG002
        """Find the vehicles, then the spots they stand on; a spot too small for the detector is UNKNOWN."""
        if not spots:
            return Look([])
        height, width = picture.shape[:2]
        polygons = pixels(spots, width, height)
        tiles = self._tiles(polygons, width, height)
        found = self._finder.find(picture, ON_SPOT_MIN, tiles)
        standing = on_spots(polygons, found)
        scale = self._scale(width, height) * tiles
        return Look(
            [
                _observe(spot.name, vehicle, side_of(polygon) * scale < SPOT_SIDE_MIN_PX)
                for spot, polygon, vehicle in zip(spots, polygons, standing, strict=True)
            ],
            vehicles=tuple(v for v in found if v.confidence >= CONFIDENCE_MIN),
        )

    def _scale(self, width: int, height: int) -> float:
        return min(self._finder.width / width, self._finder.height / height)

    def _tiles(self, polygons: Sequence[Quad], width: int, height: int) -> int:
        """Tiles per side that bring the middle spot to the size a detector sees well."""
        side = float(np.median([side_of(polygon) for polygon in polygons])) * self._scale(width, height)
        return int(np.clip(np.ceil(SPOT_SIDE_PX / max(side, 1e-6)), 1, TILES_MAX))


def on_spots(polygons: Sequence[Quad], vehicles: Sequence[Vehicle]) -> list[Vehicle | None]:
    """The surest vehicle on each polygon, if any; ``vehicles`` surest first, in the polygons' pixels.

    A vehicle stands on the spot that shares most with the ground part of its box; a bus or a truck also on those it
    covers. One whose box is far smaller or larger than the spot, such as a whole row's, stands on none.
    """
    standing: list[Vehicle | None] = [None] * len(polygons)
    hulls = [np.asarray(cv2.convexHull(polygon)[:, 0], np.float32) for polygon in polygons]
    areas = np.array([max(1.0, float(cv2.contourArea(hull))) for hull in hulls])
    boxes = np.array([max(1.0, float(np.ptp(hull, axis=0).prod())) for hull in hulls])
    for vehicle in vehicles if polygons else ():
        left, top, width, height = vehicle.box
        ground = _rectangle(left, top + height * (1 - GROUND), width, height * GROUND)
        shared = np.array([_shared(hull, ground) for hull in hulls])
        share = shared / np.minimum(areas, max(1.0, width * height * GROUND))
        best = int(np.argmax(share))
        if share[best] < OVERLAP_MIN or not SIZE_MIN <= width * height / boxes[best] <= SIZE_MAX:
            continue
        under = {best} | set(np.flatnonzero(shared >= COVERED_MIN * areas) if vehicle.kind in LONG else ())
        for index in under:
            standing[index] = standing[index] or vehicle
    return standing


def _observe(name: str, vehicle: Vehicle | None, too_small: bool) -> SpotObservation:
    if too_small:
        return SpotObservation(name, SpotState.UNKNOWN, 0.0)
    if vehicle is None:
        return SpotObservation(name, SpotState.FREE, FREE_CONFIDENCE)
    return SpotObservation(name, SpotState.OCCUPIED, round(0.5 + vehicle.confidence / 2, 4), vehicle.kind)


def _rectangle(left: float, top: float, width: float, height: float) -> Quad:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _shared(hull: Quad, rectangle: Quad) -> float:
    """Area in common of two convex shapes."""
    if (hull.max(axis=0) <= rectangle.min(axis=0)).any() or (rectangle.max(axis=0) <= hull.min(axis=0)).any():
        return 0.0
    area, _ = cv2.intersectConvexConvex(hull, rectangle)
    return float(area)
