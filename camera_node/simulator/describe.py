"""The SPOTS.json of the simulated car park: its bays as the camera sees them and as the plan draws them."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.camera import HEIGHT, WIDTH, project
from camera_node.simulator.plan import BAYS, NAME, PLAN_SIZE, Bay, to_world


def polygon_of(bay: Bay) -> NDArray[np.float32]:
    """Return the four corners of a bay's ground in picture pixels (4 x 2), in the order of ``Bay.corners``."""
    return np.ascontiguousarray(project(np.array([(*to_world(x, y), 0.0) for x, y in bay.corners]))[:, :2])


def describe() -> dict[str, Any]:
    """Return SPOTS.json: size, name and plan size, and per spot its polygon, kind, zone and place on the plan."""
    return {
        "name": NAME,
        "size": [WIDTH, HEIGHT],
        "plan_size": list(PLAN_SIZE),
        "spots": [
            {
                "id": bay.name,
                "kind": bay.kind,
                "zone": bay.zone,
                "polygon": [[round(float(x), 1), round(float(y), 1)] for x, y in polygon_of(bay)],
                "plan": {"shape": bay.shape, "x": bay.x, "y": bay.y, "width": bay.width, "height": bay.height},
            }
            for bay in BAYS
        ],
    }


def print_description() -> int:
    """Print SPOTS.json on standard output; return the exit status."""
    print(json.dumps(describe()))
    return 0
