"""What is true of every spot in a state of the car park, for measuring and training."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.camera import project
from camera_node.simulator.describe import polygon_of
from camera_node.simulator.driver import Seen
from camera_node.simulator.plan import BAYS, to_world

ON_GROUND = 0.02
"""A moving vehicle that stands over this share of a spot makes it undecided."""
IN_VIEW = 0.3
"""So does one that hides this share of the spot from the camera."""

_GROUNDS = {bay.name: np.array([to_world(x, y) for x, y in bay.corners], np.float32) for bay in BAYS}
_POLYGONS = {bay.name: polygon_of(bay) for bay in BAYS}


def truth_of(vehicles: list[Seen]) -> dict[str, bool | None]:
    """Return for each spot, in map order, whether a parked vehicle stands in it.

    None while a moving vehicle is in it or hides it.
    """
    taken = {seen.bay for seen in vehicles if seen.bay}
    truth: dict[str, bool | None] = {bay.name: bay.name in taken for bay in BAYS}
    for seen in vehicles:
        if seen.bay:
            continue
        feet = seen.corners.astype(np.float32)
        shadow = _silhouette(seen)
        for name in truth:
            hidden = _share(_POLYGONS[name], shadow) > IN_VIEW
            if hidden or _share(_GROUNDS[name], feet) > ON_GROUND:
                truth[name] = None
    return truth


def _silhouette(seen: Seen) -> NDArray[np.float32]:
    low = np.column_stack([seen.corners, np.zeros(4)])
    high = np.column_stack([seen.corners, np.full(4, seen.vehicle.size.height * 0.9)])
    corners = np.ascontiguousarray(project(np.vstack([low, high]))[:, :2])
    return np.asarray(cv2.convexHull(corners)[:, 0], np.float32)


def _share(polygon: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return how much of ``polygon`` the convex ``other`` covers, 0..1."""
    low, high = polygon.min(0), polygon.max(0)
    if (other.max(0) < low).any() or (other.min(0) > high).any():
        return 0.0
    common, _ = cv2.intersectConvexConvex(_turned(polygon), _turned(other))
    return float(common) / float(cv2.contourArea(polygon))


def _turned(polygon: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the corners in one direction of turning, which the intersection asks for."""
    polygon = np.ascontiguousarray(polygon, np.float32)
    return polygon if cv2.contourArea(polygon, oriented=True) > 0 else polygon[::-1].copy()
