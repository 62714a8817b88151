"""Trucks and motorcycles, which are not lofted like cars: boxes, wheels and, on a moving motorcycle, a rider."""

from functools import lru_cache

import numpy as np

from camera_node.simulator.mesh import Builder, Colour, Finish, Lamp, Mesh
from camera_node.simulator.vehicles import Vehicle

BLACK: Colour = (0.012, 0.012, 0.012)
GLASS: Colour = (0.022, 0.02, 0.018)
TYRE: Colour = (0.018, 0.018, 0.018)
CHROME: Colour = (0.3, 0.3, 0.3)
RED: Colour = (0.02, 0.015, 0.28)


@lru_cache(maxsize=8)
def build_truck(vehicle: Vehicle) -> Mesh:
    """Return a delivery truck: cab and box."""
    builder, size = Builder(), vehicle.size
    half, front, back = size.width / 2, size.length / 2, -size.length / 2
    builder.box((back, -half, 0.55), (front - 1.75, half, size.height), (0.62, 0.63, 0.63), Finish.PAINT)
    builder.box((front - 1.7, -half * 0.95, 0.35), (front, half * 0.95, 1.25), vehicle.paint, Finish.PAINT)
    low, high = half * 0.95, half * 0.82
    base, roof = (front - 0.08, front - 1.7), (front - 0.55, front - 1.7)
    for side in (1.0, -1.0):
        builder.face(
            [
                (base[0], side * low, 1.25),
                (base[1], side * low, 1.25),
                (roof[1], side * high, 2.1),
                (roof[0], side * high, 2.1),
            ],
            (0, side, 0.2),
            GLASS,
            Finish.GLASS,
        )
    builder.face(
        [(base[0], -low, 1.25), (base[0], low, 1.25), (roof[0], high, 2.1), (roof[0], -high, 2.1)],
        (1, 0, 0.5),
        GLASS,
        Finish.GLASS,
    )
    builder.face(
        [(roof[0], -high, 2.1), (roof[0], high, 2.1), (roof[1], high, 2.15), (roof[1], -high, 2.15)],
        (0, 0, 1),
        vehicle.paint,
        Finish.PAINT,
    )
    for side in (1.0, -1.0):
        outer, inner = side * half * 0.93, side * half * 0.6
        for x, colour, lamp in ((front + 0.01, CHROME, Lamp.HEAD), (back - 0.01, RED, Lamp.TAIL)):
            builder.face(
                [(x, inner, 0.7), (x, outer, 0.7), (x, outer, 0.9), (x, inner, 0.9)],
                (x, 0, 0),
                colour,
                Finish.GLASS,
                lamp,
                2,
            )
        for x in (front - 1.0, back + 1.3):
            builder.disc((x, side * (half + 0.01), 0.42), 0.42, side, TYRE, 2)
            builder.disc((x, side * (half + 0.02), 0.42), 0.24, side, CHROME, 3, 8)
    return builder.build()


@lru_cache(maxsize=64)
def build_motorcycle(vehicle: Vehicle, rider: bool) -> Mesh:
    """Return a motorcycle, leaning nowhere, with its rider when it is being ridden."""
    builder = Builder()
    rng = np.random.default_rng(vehicle.shape)
    base = vehicle.size.wheelbase / 2
    for x in (base, -base):
        for side in (1.0, -1.0):
            builder.disc((x, side * 0.07, 0.31), 0.31, side, TYRE, 1)
            builder.disc((x, side * 0.075, 0.31), 0.2, side, (0.1, 0.1, 0.1), 2, 8)
        builder.box((x - 0.26, -0.07, 0.3), (x + 0.26, 0.07, 0.6), TYRE)
    builder.box((-0.42, -0.2, 0.28), (0.38, 0.2, 0.62), (0.06, 0.06, 0.06), Finish.PAINT)
    builder.box((-0.05, -0.17, 0.6), (0.5, 0.17, 0.92), vehicle.paint, Finish.PAINT)
    builder.box((-0.85, -0.15, 0.62), (0.0, 0.15, 0.8), BLACK)
    builder.box((0.5, -0.2, 0.72), (0.82, 0.2, 1.02), vehicle.paint, Finish.PAINT)
    builder.box((0.42, -0.4, 0.98), (0.5, 0.4, 1.04), CHROME, Finish.PAINT, 1)
    builder.face(
        [(0.83, -0.1, 0.8), (0.83, 0.1, 0.8), (0.83, 0.1, 0.95), (0.83, -0.1, 0.95)],
        (1, 0, 0),
        CHROME,
        Finish.GLASS,
        Lamp.HEAD,
        2,
    )
    builder.face(
        [(-0.86, -0.1, 0.7), (-0.86, 0.1, 0.7), (-0.86, 0.1, 0.8), (-0.86, -0.1, 0.8)],
        (-1, 0, 0),
        RED,
        Finish.GLASS,
        Lamp.TAIL,
        2,
    )
    if rng.random() < 0.5:
        builder.box((-1.05, -0.22, 0.8), (-0.65, 0.22, 1.12), BLACK, Finish.PAINT, 1)
    if rider:
        jacket: Colour = tuple(float(value) for value in rng.uniform(0.02, 0.2, 3))  # type: ignore[assignment]
        builder.box((-0.4, -0.23, 0.8), (0.0, 0.23, 1.4), jacket, layer=2)
        builder.box((0.0, -0.28, 1.05), (0.42, 0.28, 1.2), jacket, layer=2)
        builder.box((-0.28, -0.13, 1.4), (0.02, 0.13, 1.68), vehicle.paint, Finish.PAINT, 3)
    return builder.build()
