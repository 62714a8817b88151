"""Light on the ground, on a plan of 10 cm cells: sun with the shadows of all that stands up, sky, street lamps.

Shadow heights (how high above the ground it is still dark at a point) come out of a height field by doubling: the
field is compared with itself moved towards the sun by 1, 2, 4 ... steps and lowered as the sun's slope says.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator import camera
from camera_node.simulator.driver import Seen
from camera_node.simulator.light import Light
from camera_node.simulator.plan import LAMPS, to_world

CELL_M = 0.1
WEST, NORTH, COLUMNS, ROWS = -10.0, 16.0, 660, 560
COARSE = 2
"""Cells of the grid that lamps are reckoned on, per side."""
LAMP_HEIGHT_M = 7.5
STREET_LIGHT = 0.05
"""What other lamps leave everywhere at night, as a share of the light under one."""
LEVEL = 140.0
"""Stored light: LEVEL times the root of the light."""

Field = NDArray[np.float32]


@dataclass(slots=True)
class GroundLight:
    """``level`` is the stored light (BGR, uint8) on the plan; ``dark_below`` the height of shadow per cell (metres),
    ``tree_sun`` the share of sun that trees let through, ``lamp`` the lamps' light per cell."""

    level: NDArray[np.uint8]
    dark_below: Field
    lamp: Field


def cells(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return columns and rows (N x 2) of world points."""
    return np.column_stack([(points[:, 0] - WEST) / CELL_M, (NORTH - points[:, 1]) / CELL_M])


class ShadowPlan:
    """The height field of what never moves, and the light of a moment over it."""

    def __init__(self, heights: Field, canopies: list[tuple[float, float, float, float, float]]) -> None:
        """``heights``: metres per cell; ``canopies``: x, y, radius, bottom and top of every tree's crown."""
        self._still = heights
        self._canopies = canopies
        rng = np.random.default_rng(7)
        coarse = rng.standard_normal((ROWS // 3, COLUMNS // 3), np.float32)
        self._leaves = np.asarray(cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC), np.float32)
        self._lamp_maps = [_lamp_map(*to_world(x, y)) for x, y in LAMPS]
        x, y = camera.ground_points()
        maps = ((x - WEST) / CELL_M - 0.5, (NORTH - y) / CELL_M - 0.5)
        self._maps = cv2.convertMaps(maps[0], maps[1], cv2.CV_16SC2)

    def cast(self, light: Light, vehicles: list[Seen]) -> GroundLight:
        """Return the light on the ground with these vehicles on it."""
        heights = self._still.copy()
        feet = np.zeros((ROWS, COLUMNS), np.uint8)
        for seen in vehicles:
            _raise(heights, feet, seen)
        if light.sun_colour.max() > 0.005:
            dark_below = _shadow_heights(heights, light)
        else:
            dark_below = np.full((ROWS, COLUMNS), -50.0, np.float32)
        # Under a car and close around it little of the sky is seen: dark at the tyres, fading over half a metre.
        near = cv2.GaussianBlur(feet, (0, 0), 1.4).astype(np.float32) * np.float32(0.75 / 255)
        near += cv2.GaussianBlur(feet, (0, 0), 4.2).astype(np.float32) * np.float32(0.55 / 255)
        open_sky = 1 - 0.92 * np.clip(near, 0, 1)
        sunny = 1 - np.clip((dark_below - 0.03) * 5, 0, 1)
        if light.sun_colour.max() > 0.005:
            sunny *= self._through_leaves(light)
        lamp = self._lamp_light(light, vehicles)
        slope = float(light.sun[2])
        planes = []
        for channel in range(3):
            plane = sunny * np.float32(light.sun_colour[channel] * slope)
            plane += open_sky * np.float32(light.sky_colour[channel])
            if light.lamps:
                plane += lamp * np.float32(light.lamp_colour[channel]) * (0.55 + 0.45 * open_sky)
            planes.append(cv2.sqrt(plane))
        level = cv2.convertScaleAbs(cv2.merge(planes), alpha=LEVEL)
        return GroundLight(level, dark_below, lamp)

    def shine(self, ground: NDArray[np.uint8], lit: GroundLight, light: Light) -> NDArray[np.uint8]:
        """Return the picture of the ground: ``ground`` holds 255 times the root of its reflectance."""
        far = light.sun_colour * float(light.sun[2]) + light.sky_colour + light.lamps * light.lamp_colour * STREET_LIGHT
        border = [float(value) for value in LEVEL * np.sqrt(far)]
        seen = cv2.remap(
            lit.level,
            self._maps[0],
            self._maps[1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=border,
        )
        return np.asarray(cv2.multiply(ground, seen, scale=1 / LEVEL), np.uint8)

    def _through_leaves(self, light: Light) -> Field:
        """Return the share of sun left by the crowns of trees, whose shadows lie off their feet."""
        dark = np.zeros((ROWS, COLUMNS), np.float32)
        away = -light.sun[:2] / max(1e-6, float(np.hypot(*light.sun[:2]))) / light.tangent
        for x, y, radius, bottom, top in self._canopies:
            for share, size in ((0.15, 0.75), (0.5, 1.0), (0.85, 0.7)):
                at = np.array([[x, y]]) + away * (bottom + (top - bottom) * share)
                column, row = cells(at)[0]
                if -200 < column < COLUMNS + 200 and -200 < row < ROWS + 200:
                    cv2.circle(dark, (int(column), int(row)), int(radius * size / CELL_M), 1.0, -1)
        if not dark.any():
            return np.ones((ROWS, COLUMNS), np.float32)
        soft = cv2.GaussianBlur(dark, (0, 0), 4.5)
        edge = np.clip((soft + 0.16 * self._leaves - 0.42) * 5, 0, 1)
        return np.asarray(1 - 0.86 * edge, np.float32)

    def _lamp_light(self, light: Light, vehicles: list[Seen]) -> Field:
        """Return the light of street lamps and headlights; on a coarser grid, since all of it is soft."""
        if not light.lamps:
            return np.full((ROWS, COLUMNS), STREET_LIGHT, np.float32)
        total = np.full((ROWS // COARSE, COLUMNS // COARSE), STREET_LIGHT, np.float32)
        for (plan_x, plan_y), level in zip(LAMPS, self._lamp_maps, strict=True):
            x, y = to_world(plan_x, plan_y)
            dark = np.zeros(total.shape, np.uint8)
            for seen in vehicles:
                if abs(seen.x - x) + abs(seen.y - y) < 26:
                    _lamp_shadow(dark, seen, x, y)
            soft = cv2.GaussianBlur(dark, (0, 0), 0.9).astype(np.float32) * np.float32(0.85 / 255)
            total += level * (1 - soft)
        total += _headlights(vehicles, (total.shape[0], total.shape[1]))
        total *= np.float32(light.lamps)
        return np.asarray(cv2.resize(total, (COLUMNS, ROWS), interpolation=cv2.INTER_LINEAR), np.float32)


def _headlights(vehicles: list[Seen], shape: tuple[int, int]) -> Field:
    pools = np.zeros(shape, np.float32)
    for seen in vehicles:
        if not seen.lit:
            continue
        nose = (seen.corners[0] + seen.corners[1]) / 2
        ahead = np.array([np.cos(seen.heading), np.sin(seen.heading)])
        aside = np.array([-ahead[1], ahead[0]])
        for reach, spread in ((9.0, 3.2), (6.5, 2.4), (4.2, 1.7), (2.4, 1.2)):
            far = nose + ahead * reach
            cone = np.array([nose + 0.6 * aside, nose - 0.6 * aside, far - spread * aside, far + spread * aside])
            pool = np.zeros(shape, np.float32)
            cv2.fillConvexPoly(pool, _fixed(cone, COARSE), 0.24, cv2.LINE_8, 4)
            pools += pool
    return np.asarray(cv2.GaussianBlur(pools, (0, 0), 2.2), np.float32)


def _lamp_map(x: float, y: float) -> Field:
    columns, rows = np.meshgrid(np.arange(COLUMNS // COARSE), np.arange(ROWS // COARSE))
    cell_m = CELL_M * COARSE
    across = (WEST + (columns + 0.5) * cell_m - x) ** 2 + (NORTH - (rows + 0.5) * cell_m - y) ** 2
    return (LAMP_HEIGHT_M**3 / (across + LAMP_HEIGHT_M**2) ** 1.5).astype(np.float32)


def _raise(heights: Field, feet: NDArray[np.uint8], seen: Seen) -> None:
    """Put a vehicle on the height field: its body, and its cabin on top."""
    size = seen.vehicle.size
    corners = seen.corners
    middle = np.array([seen.x, seen.y])
    ahead = np.array([np.cos(seen.heading), np.sin(seen.heading)])
    body = _fixed(middle + (corners - middle) * 0.97)
    cv2.fillConvexPoly(feet, body, 255, cv2.LINE_8, 4)
    low, cabin_from, cabin_to = {
        "truck": (1.0, 0.5, -0.5),
        "van": (0.75, 0.3, -0.5),
        "moto": (0.55, 0.15, -0.1),
        "pickup": (0.64, 0.18, -0.12),
        "sedan": (0.67, 0.13, -0.27),
    }.get(seen.vehicle.kind, (0.66, 0.13, -0.42))
    if seen.vehicle.kind == "moto":
        body = _fixed(middle + (corners - middle) * (0.9, 0.9) * 0.8)
    cv2.fillConvexPoly(heights, body, size.height * low, cv2.LINE_8, 4)
    if low < 1:
        aside = np.array([-ahead[1], ahead[0]]) * size.width * 0.39
        front, back = middle + ahead * size.length * cabin_from, middle + ahead * size.length * cabin_to
        cabin = np.array([front + aside, front - aside, back - aside, back + aside])
        cv2.fillConvexPoly(heights, _fixed(cabin), size.height * 0.98, cv2.LINE_8, 4)


def _fixed(points: NDArray[np.floating], coarse: int = 1) -> NDArray[np.int32]:
    return np.round((cells(points) / coarse - 0.5) * 16).astype(np.int32)


def _shadow_heights(heights: Field, light: Light) -> Field:
    flat = light.sun[:2] / max(1e-6, float(np.hypot(*light.sun[:2])))
    column, row = -flat[0], flat[1]  # content moves away from the sun
    dark = _moved(heights, column * 2.0, row * 2.0) - np.float32(2.0 * CELL_M * light.tangent)
    reach = float(heights.max()) / light.tangent / CELL_M
    step = 1.0
    while step < reach:
        dark = np.maximum(dark, _moved(dark, column * step, row * step) - np.float32(step * CELL_M * light.tangent))
        step *= 2
    return dark


def _moved(field: Field, columns: float, rows: float) -> Field:
    shift = np.array([[1, 0, columns], [0, 1, rows]], np.float32)
    size = (field.shape[1], field.shape[0])
    return np.asarray(cv2.warpAffine(field, shift, size, flags=cv2.INTER_LINEAR, borderValue=-50.0), np.float32)


def _lamp_shadow(dark: NDArray[np.uint8], seen: Seen, x: float, y: float) -> None:
    size = seen.vehicle.size
    low = seen.corners
    top = np.array([seen.x, seen.y]) + (low - (seen.x, seen.y)) * 0.75
    height = min(size.height, LAMP_HEIGHT_M - 1)
    stretched = np.array([x, y]) + (top - (x, y)) * LAMP_HEIGHT_M / (LAMP_HEIGHT_M - height)
    outline = cv2.convexHull(_fixed(np.vstack([low, stretched]), COARSE).reshape(-1, 1, 2))
    cv2.fillConvexPoly(dark, outline, 255, cv2.LINE_8, 4)
