"""How much light each face of a mesh sends to the camera: diffuse, glints of the sun, the sky mirrored in paint and
glass, street lamps, and what shines by itself.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.camera import EYE
from camera_node.simulator.light import Light
from camera_node.simulator.mesh import Finish, Lamp, Mesh
from camera_node.simulator.plan import LAMPS, to_world
from camera_node.simulator.shadows import LAMP_HEIGHT_M, GroundLight, cells

GROUND_REFLECTANCE = 0.14


def shade(
    mesh: Mesh,
    light: Light,
    ground: GroundLight | None,
    *,
    lit: bool = False,
    braking: bool = False,
    reversing: bool = False,
) -> NDArray[np.uint8]:
    """Return the colour of every face as the camera shows it (F x 3, BGR, uint8)."""
    normals, points = mesh.normals, mesh.quads.mean(1)
    views = EYE - points
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    sun = _sun_share(points, ground)
    facing = np.maximum(normals @ light.sun, 0) * sun
    up = normals[:, 2]
    bounce = GROUND_REFLECTANCE * (light.sun_colour * light.sun[2] + light.sky_colour)
    ambient = (
        np.clip(0.5 + 0.5 * up, 0.06, 1)[:, None] * light.sky_colour + np.clip(0.5 - 0.5 * up, 0, 1)[:, None] * bounce
    )
    # Low down between wheels and kerbs little of the sky is seen.
    ambient *= np.clip(0.35 + points[:, 2] * 0.9, 0.35, 1)[:, None]
    falling = ambient + facing[:, None] * light.sun_colour
    lamps = _lamps_on(points, normals, light)
    falling = falling + lamps[:, None] * light.lamp_colour
    leaf = mesh.finishes == Finish.LEAF
    if leaf.any():  # leaves let some light through
        through = np.maximum(-(normals[leaf] @ light.sun), 0) * sun[leaf] * 0.45 + 0.12 * sun[leaf]
        falling[leaf] += through[:, None] * light.sun_colour
    colour = mesh.colours * falling
    shiny = (mesh.finishes == Finish.PAINT) | (mesh.finishes == Finish.GLASS)
    if shiny.any():
        colour[shiny] += _mirrored(mesh, shiny, views[shiny], sun[shiny], light)
    _glow(mesh, colour, light, lit=lit, braking=braking, reversing=reversing)
    return np.asarray(255 * np.sqrt(np.clip(colour, 0, 1)), np.uint8)


def _sun_share(points: NDArray[np.float64], ground: GroundLight | None) -> NDArray[np.float64]:
    if ground is None:
        return np.ones(len(points))
    at = cells(points).astype(np.float32)
    columns, rows = np.ascontiguousarray(at[:, :1] - 0.5), np.ascontiguousarray(at[:, 1:] - 0.5)
    dark_below = cv2.remap(ground.dark_below, columns, rows, cv2.INTER_LINEAR, borderValue=-50.0)[:, 0]
    return np.asarray(1 - np.clip((dark_below - points[:, 2] + 0.02) / 0.16, 0, 1), np.float64)


def _lamps_on(points: NDArray[np.float64], normals: NDArray[np.float64], light: Light) -> NDArray[np.float64]:
    total = np.zeros(len(points))
    if not light.lamps:
        return total
    for plan_x, plan_y in LAMPS:
        ways = np.array([*to_world(plan_x, plan_y), LAMP_HEIGHT_M]) - points
        far = np.maximum(np.linalg.norm(ways, axis=1), 0.3)
        total += np.maximum((ways * normals).sum(1) / far, 0) * LAMP_HEIGHT_M**2 / np.maximum(far, 1.5) ** 2
    return np.minimum(total, 1.5) * light.lamps


def _mirrored(
    mesh: Mesh, shiny: NDArray[np.bool_], views: NDArray[np.float64], sun: NDArray[np.float64], light: Light
) -> NDArray[np.float64]:
    """Return what shiny faces mirror: the sky's gradient, dark surroundings below the horizon, sun and lamps."""
    normals, points = mesh.normals[shiny], mesh.quads[shiny].mean(1)
    glass = mesh.finishes[shiny] == Finish.GLASS
    cosine = np.clip((normals * views).sum(1), 0, 1)
    mirror = 2 * cosine[:, None] * normals - views
    grazing = (1 - cosine) ** 5
    strength = np.where(glass, 0.06 + 0.9 * grazing, 0.07 + 0.8 * grazing)
    colour = strength[:, None] * _surroundings(mirror, light)
    glint = np.clip(mirror @ light.sun, 0, 1)
    # The sun's disc, the bright sky around it, and on paint the flakes below the clear coat.
    shine = strength * (0.7 * glint**4 + 5.0 * glint**28 + 50.0 * glint**300) + np.where(glass, 0.0, 0.08) * glint**7
    colour += (shine * sun)[:, None] * light.sun_colour
    if light.lamps:
        for plan_x, plan_y in LAMPS:
            ways = np.array([*to_world(plan_x, plan_y), LAMP_HEIGHT_M]) - points
            ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 0.3)
            colour += (light.lamps * 1.1 * np.clip((mirror * ways).sum(1), 0, 1) ** 90)[:, None] * light.lamp_colour
    return np.asarray(colour)


def _surroundings(directions: NDArray[np.float64], light: Light) -> NDArray[np.float64]:
    """Return what lies in each direction: the sky, brightest over the horizon, and below it trees, walls and ground."""
    height = directions[:, 2]
    azimuth = np.arctan2(directions[:, 1], directions[:, 0])
    skyline = 0.13 + 0.07 * np.sin(3 * azimuth + 1) + 0.05 * np.sin(11 * azimuth)
    share = np.clip(height, 0, 1)[:, None] ** 0.7
    sky = light.horizon_colour * (1 - share) + 0.75 * light.sky_colour * share
    scenery = 0.14 * light.sky_colour + 0.05 * light.sun_colour
    return np.asarray(np.where((height > skyline)[:, None], sky, scenery))


def _glow(mesh: Mesh, colour: NDArray[np.float64], light: Light, *, lit: bool, braking: bool, reversing: bool) -> None:
    if lit:
        colour[mesh.lamps == Lamp.HEAD] += np.array((0.85, 0.95, 1.0)) * (0.5 + 2.5 * light.lamps)
        colour[mesh.lamps == Lamp.TAIL] += np.array((0.05, 0.03, 0.9)) * (1.0 if braking else 0.2 + 0.4 * light.lamps)
        if reversing:
            colour[mesh.lamps == Lamp.REVERSE] += (0.9, 0.95, 1.0)
    if light.lamps:
        colour[mesh.lamps == Lamp.STREET] += np.array((0.75, 0.95, 1.0)) * light.lamps * 1.6
        colour[mesh.lamps == Lamp.WINDOW] += np.array((0.16, 0.36, 0.5)) * light.lamps
