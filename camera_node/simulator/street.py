"""Vehicles along Harbour Street behind the car park: they stand there all day and are nobody's spot."""

import numpy as np

from camera_node.simulator.driver import Seen
from camera_node.simulator.vehicles import build_vehicle

KERB_Y = {"near": 6.75, "far": 11.5}
FIRST_NUMBER = 1_000_000
"""Numbers no vehicle of the car park gets."""


def street_vehicles(seed: int) -> list[Seen]:
    """Return the vehicles parked along both kerbs, the same for the same seed."""
    rng = np.random.default_rng(seed + 99)
    found: list[Seen] = []
    for side, heading in (("near", 0.0), ("far", np.pi)):
        x = -22.0
        while x < 64.0:
            x += float(rng.uniform(5.6, 7.5) if rng.random() < 0.7 else rng.uniform(9, 22))
            vehicle = build_vehicle(FIRST_NUMBER + len(found), rng)
            y = KERB_Y[side] + float(rng.normal(0, 0.08))
            turn = heading + float(rng.normal(0, 0.02))
            found.append(Seen(vehicle, x, y, turn, "street", lit=False, braking=False, reversing=False))
    return found
