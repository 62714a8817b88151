"""The bodies of cars: a skin lofted over cross-sections along the car, with glass, lamps, wheels and plates.

Local coordinates: x ahead, y to the left, z up, the origin on the ground under the middle of the body.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.lettering import write
from camera_node.simulator.mesh import Builder, Colour, Finish, Lamp, Mesh
from camera_node.simulator.outlines import OUTLINES, Outline
from camera_node.simulator.vehicles import Size, Vehicle

BLACK: Colour = (0.012, 0.012, 0.012)
TRIM: Colour = (0.03, 0.03, 0.03)
GLASS: Colour = (0.011, 0.01, 0.009)
TYRE: Colour = (0.018, 0.018, 0.018)
LENS: Colour = (0.5, 0.5, 0.5)
RED: Colour = (0.02, 0.015, 0.34)


_Look = tuple[Colour, Finish, Lamp]

_SHELL = (0.90, 0.985, 1.0, 0.985, 0.945)
"""Half widths from the sill up to the shoulder, as shares."""


def _stations() -> NDArray[np.float64]:
    ends = np.array([0, 0.008, 0.02, 0.04, 0.065])
    return np.concatenate([ends, np.linspace(0.095, 0.905, 30), 1 - ends[::-1]])


@lru_cache(maxsize=256)
def build_body(vehicle: Vehicle) -> Mesh:
    """Return the mesh of a car (not of a truck or motorcycle)."""
    outline, size = OUTLINES[vehicle.kind], vehicle.size
    rng = np.random.default_rng(vehicle.shape)
    builder = Builder()
    rings = _rings(outline, size)
    _add_skin(builder, outline, rings, vehicle, rng)
    _add_ends(builder, rings, vehicle)
    _add_wheels(builder, outline, size, rng)
    _add_mirrors(builder, outline, size, vehicle.paint)
    _add_plates(builder, vehicle, rings)
    return builder.build()


def _rings(outline: Outline, size: Size) -> NDArray[np.float64]:
    """Return the cross-sections: stations x 10 points (sill to the roof's middle, left side) x 3."""
    shares, heights = (np.array(values) for values in zip(*outline.top, strict=True))
    at = _stations()
    smooth = np.linspace(-0.03, 0.03, 7)
    top = np.mean([np.interp(np.clip(at + d * (at > 0.05) * (at < 0.95), 0, 1), shares, heights) for d in smooth], 0)
    top = top * size.height
    plan = 1 - 0.2 * np.clip(1 - at / 0.075, 0, 1) ** 2 - 0.14 * np.clip(1 - (1 - at) / 0.06, 0, 1) ** 2
    half = size.width / 2 * plan * (1 - 0.04 * np.clip(1 - at / 0.3, 0, 1))
    belt = np.minimum(outline.belt * size.height * (1 + 0.06 * (at - 0.4)), top - 0.085)
    full = (top - belt) / (size.height * (1 - outline.belt))
    share = np.clip(full, 0, 1)
    rings = np.zeros((len(at), 10, 3))
    rings[:, :, 0] = ((0.5 - at) * size.length)[:, None]
    clear = 0.2 + 0.12 * np.clip(1 - at / 0.06, 0, 1) + 0.14 * np.clip(1 - (1 - at) / 0.08, 0, 1)
    for n, (width, height) in enumerate(zip(_SHELL, (0.0, 0.18, 0.5, 0.82, 1.0), strict=True)):
        rings[:, n, 1] = half * width
        rings[:, n, 2] = clear + (belt - clear) * height
    for n, (low, high, rise) in enumerate(
        ((0.93, 0.86, 0.5), (0.87, 0.765, 0.9), (0.74, 0.66, 0.962), (0.42, 0.38, 0.992), (0.0, 0.0, 1.005)), start=5
    ):
        rings[:, n, 1] = half * (low + (high - low) * share)
        rings[:, n, 2] = belt + (top - belt) * rise
    return rings


@dataclass(frozen=True)
class _Trim:
    """What a buyer ticked: a black roof, a glass roof, rails on the roof, a shade behind the screen."""

    dark_roof: bool
    sunroof: bool
    rails: bool
    shade: bool


def _skin_look(strip: int, at: float, full: float, outline: Outline, paint: Colour, trim: _Trim) -> _Look:
    """Return what a piece of skin is: ``strip`` counts from the sill (0) to the roof's middle (8)."""
    if strip == 0:
        return TRIM, Finish.MATT, Lamp.NONE
    if strip <= 3 and any(abs(at - seam) < 0.007 for seam in (outline.windows[0] - 0.01, *outline.pillars)):
        return _darker(paint), Finish.PAINT, Lamp.NONE
    if strip >= 6 and outline.screen[0] - 0.022 < at < outline.screen[0]:
        return TRIM, Finish.MATT, Lamp.NONE  # the wipers' well
    if trim.rails and strip == 6 and full > 0.9:
        return TRIM, Finish.MATT, Lamp.NONE
    if strip == 3 and at < 0.05:
        return LENS, Finish.GLASS, Lamp.HEAD
    if strip in (2, 3) and at > 0.965:
        return RED, Finish.GLASS, Lamp.TAIL
    if strip in (4, 5) and full > 0.22:
        inside = outline.windows[0] < at < outline.windows[1]
        pillar = any(abs(at - pillar) < 0.014 for pillar in outline.pillars)
        if inside and pillar:
            return BLACK, Finish.PAINT, Lamp.NONE
        if inside and full > 0.3:
            return GLASS, Finish.GLASS, Lamp.NONE
    if strip >= 7:
        share = (at - outline.screen[0]) / (outline.screen[1] - outline.screen[0])
        if 0 <= share <= 1:
            return _screen_colour(share, trim), Finish.GLASS, Lamp.NONE
        if outline.back[0] <= at <= outline.back[1]:
            return GLASS, Finish.GLASS, Lamp.NONE
        if trim.sunroof and outline.screen[1] + 0.08 < at < outline.screen[1] + 0.2:
            return GLASS, Finish.GLASS, Lamp.NONE
        if trim.dark_roof and full > 0.9:
            return BLACK, Finish.PAINT, Lamp.NONE
    return paint, Finish.PAINT, Lamp.NONE


def _screen_colour(share: float, trim: _Trim) -> Colour:
    """Return what is seen through the screen: the dashboard below, seats and head rests above; or a sun shade."""
    if trim.shade and share < 0.75:
        return (0.38, 0.38, 0.4)
    return (0.03, 0.03, 0.031) if share < 0.2 else ((0.009, 0.009, 0.009) if share < 0.6 else (0.016, 0.015, 0.015))


def _darker(paint: Colour) -> Colour:
    return (paint[0] * 0.35, paint[1] * 0.35, paint[2] * 0.35)


def _add_skin(
    builder: Builder, outline: Outline, rings: NDArray[np.float64], vehicle: Vehicle, rng: np.random.Generator
) -> None:
    at = _stations()
    chances = rng.random(4)
    rails = vehicle.kind in ("estate", "suv") and bool(chances[2] < 0.55)
    trim = _Trim(bool(chances[0] < 0.08), bool(chances[1] < 0.15), rails, bool(chances[3] < 0.04))
    points = rings.tolist()
    highest = rings[:, 9, 2].max()
    for n in range(len(at) - 1):
        middle = (at[n] + at[n + 1]) / 2
        belt, top = rings[n : n + 2, 4, 2].mean(), rings[n : n + 2, 9, 2].mean()
        full = float((top - belt) / max(0.1, highest - belt))
        for strip in range(9):
            colour, finish, lamp = _skin_look(strip, middle, full, outline, vehicle.paint, trim)
            if vehicle.kind == "pickup" and strip >= 6 and 0.64 < middle < 0.97:
                colour, finish = TRIM, Finish.MATT
            quad = (points[n][strip], points[n + 1][strip], points[n + 1][strip + 1], points[n][strip + 1])
            x, y, z = (sum(corner[axis] for corner in quad) / 4 for axis in range(3))
            out = (0.1 * x, y, z - min(0.5, 0.7 * z))
            builder.face(quad, out, colour, finish, lamp)
            other = tuple((px, -py, pz) for px, py, pz in quad)
            builder.face(other, (out[0], -y, out[2]), colour, finish, lamp)


def _add_ends(builder: Builder, rings: NDArray[np.float64], vehicle: Vehicle) -> None:
    """Close nose and tail: lamps at the corners, a grille or bumper between."""
    columns = np.array([-1.0, -0.68, -0.4, 0.4, 0.68, 1.0])
    for ring, out, front in ((rings[0], 1.0, True), (rings[-1], -1.0, False)):
        for strip in range(9):
            for n in range(5):
                corner = n in (0, 4)
                colour, finish, lamp = vehicle.paint, Finish.PAINT, Lamp.NONE
                if strip == 0 or (front and strip == 1):
                    colour, finish = TRIM, Finish.MATT
                elif strip in (2, 3) and corner:
                    colour, finish, lamp = (LENS, Finish.GLASS, Lamp.HEAD) if front else (RED, Finish.GLASS, Lamp.TAIL)
                elif front and strip in (2, 3) and n in (1, 2, 3):
                    colour, finish = BLACK, Finish.PAINT
                elif not front and strip == 1 and n == 1:
                    lamp = Lamp.REVERSE
                low, high = ring[strip], ring[strip + 1]
                quad = [
                    (low[0], low[1] * columns[n], low[2]),
                    (low[0], low[1] * columns[n + 1], low[2]),
                    (high[0], high[1] * columns[n + 1], high[2]),
                    (high[0], high[1] * columns[n], high[2]),
                ]
                builder.face(quad, (out, 0, 0.1), colour, finish, lamp)


def _add_wheels(builder: Builder, outline: Outline, size: Size, rng: np.random.Generator) -> None:
    radius = outline.wheel_m
    alloy = float(rng.choice([0.05, 0.25, 0.4]))
    for x in (size.wheelbase / 2, -size.wheelbase / 2):
        for side in (1.0, -1.0):
            y = side * (size.width / 2 * 0.99)
            builder.disc((x, y + side * 0.005, radius + 0.02), radius * 1.16, side, BLACK, 1)
            builder.disc((x, y + side * 0.01, radius), radius, side, TYRE, 2)
            builder.disc((x, y + side * 0.015, radius), radius * 0.66, side, (alloy, alloy, alloy), 3, 10)
            builder.disc((x, y + side * 0.02, radius), radius * 0.3, side, (alloy / 3, alloy / 3, alloy / 3), 4, 6)


def _add_mirrors(builder: Builder, outline: Outline, size: Size, paint: Colour) -> None:
    x = (0.5 - outline.windows[0] - 0.015) * size.length
    z = outline.belt * size.height
    for side in (1.0, -1.0):
        inner, outer = sorted((side * size.width * 0.475, side * (size.width / 2 + 0.14)))
        builder.box((x - 0.07, inner, z + 0.02), (x + 0.09, outer, z + 0.16), paint, Finish.PAINT, 1)


def _add_plates(builder: Builder, vehicle: Vehicle, rings: NDArray[np.float64]) -> None:
    """Put a plate on nose and tail: 52 x 11 cm, lettered in made-up characters."""
    ground: Colour = (0.08, 0.5, 0.75) if vehicle.plate_yellow else (0.72, 0.72, 0.72)
    bits = write(vehicle.plate)
    rows, columns = bits.shape
    width, height = 0.52, 0.115
    colours = np.where(bits.reshape(-1, 1), BLACK, ground)
    left = np.tile((np.arange(columns) / columns - 0.5) * width, rows)
    high = np.repeat((0.5 - np.arange(rows) / rows) * height, columns)
    right, low = left + width / columns, high - height / rows
    for ring, out, share in ((rings[0], 1.0, 0.45), (rings[-1], -1.0, 1.55)):
        z = float(np.interp(share, [0, 1, 2, 3, 4], ring[:5, 2]))
        x = np.full(len(left), float(ring[0, 0]) + out * 0.012)
        corners = [(left, high), (right, high), (right, low), (left, low)]
        quads = np.stack([np.column_stack([x, out * across, z + up]) for across, up in corners], 1)
        outs = np.tile((out, 0.0, 0.0), (len(x), 1))
        builder.faces(quads, outs, colours, Finish.MATT, layer=5)
