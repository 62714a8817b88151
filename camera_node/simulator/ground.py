"""The ground as it is painted, worn and dirty: a plan of reflectances, and the same as the camera sees it.

Made once per seed. The plan's texture covers the car park and what lies around it at 20 texels a metre near by; the
picture of it is taken at twice the picture's resolution and averaged, as a lens does.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator import camera
from camera_node.simulator.ground_paint import paint_markings
from camera_node.simulator.noise import clouds_of, speckle
from camera_node.simulator.plan import BAYS, ISLANDS, UNIT_M, to_world

TEXELS = 20
"""Texels per metre."""
WEST, EAST, SOUTH, NORTH = -27.0, 68.0, -43.0, 19.0
LOT = (-0.6, 46.2, -35.2, -0.4)
"""The asphalt of the car park: west, east, south, north in metres."""
STREET = (5.6, 12.6)
"""The street behind it: from y to y."""

ASPHALT = np.array([0.205, 0.207, 0.206], np.float32)
GRASS = np.array([0.028, 0.105, 0.072], np.float32)
PAVING = np.array([0.29, 0.305, 0.32], np.float32)
KERB = np.array([0.33, 0.34, 0.35], np.float32)

Texture = NDArray[np.float32]


def texel(x: float, y: float) -> tuple[float, float]:
    """Return column and row of a world point."""
    return (x - WEST) * TEXELS, (NORTH - y) * TEXELS


def _area(canvas: NDArray[np.uint8], x0: float, y0: float, x1: float, y1: float, *, round_m: float = 0.0) -> None:
    left, top = (int(value) for value in texel(x0, y1))
    right, bottom = (int(value) for value in texel(x1, y0))
    cut = int(round_m * TEXELS)
    cv2.rectangle(canvas, (left + cut, top), (right - cut, bottom), 255, -1)
    cv2.rectangle(canvas, (left, top + cut), (right, bottom - cut), 255, -1)
    if cut:
        for x in (left + cut, right - cut):
            for y in (top + cut, bottom - cut):
                cv2.circle(canvas, (x, y), cut, 255, -1)


def _blend(texture: Texture, mask: NDArray[np.uint8], surface: Texture) -> None:
    cv2.copyTo(surface, mask, texture)


def build_texture(seed: int) -> Texture:
    """Return the plan's texture: linear BGR reflectance, float32."""
    rng = np.random.default_rng(seed)
    rows, columns = int((NORTH - SOUTH) * TEXELS), int((EAST - WEST) * TEXELS)
    shape = (rows, columns)
    grass = _grass(rng, shape)
    texture = grass.copy()
    empty = np.zeros(shape, np.uint8)
    asphalt = _asphalt(rng, shape)
    paving = _paving(rng, shape)
    stone = _flat_noise(rng, shape, KERB)

    street = empty.copy()
    _area(street, WEST, STREET[0], EAST, STREET[1])
    kerbs = empty.copy()
    _area(kerbs, WEST, STREET[0] - 0.18, EAST, STREET[1] + 0.18)
    paths = empty.copy()
    _area(paths, WEST, STREET[0] - 2.3, EAST, STREET[0] - 0.18)
    _area(paths, WEST, STREET[1] + 0.18, EAST, STREET[1] + 3.5)
    _area(paths, 47.6, -37.5, 49.6, STREET[0] - 2.0)
    _area(paths, 10.4, -36.9, 49.6, -35.35)
    _area(paths, -9.0, -36.9, 6.3, -35.35)
    _blend(texture, paths, paving)
    _blend(texture, kerbs, stone)
    _blend(texture, street, asphalt * 0.7)

    lot, kerb = empty.copy(), empty.copy()
    west, east, south, north = LOT
    _area(kerb, west - 0.16, south - 0.16, east + 0.16, north + 0.16, round_m=0.8)
    _area(lot, west, south, east, north, round_m=0.7)
    _area(lot, 6.3, SOUTH, 10.4, south + 1)
    _area(kerb, 6.14, SOUTH, 10.56, south + 1)
    _blend(texture, kerb, stone)
    _blend(texture, lot, asphalt)
    for x, y, width, height in ISLANDS:
        (x0, y1), (x1, y0) = to_world(x, y), to_world(x + width, y + height)
        ring, inner = empty.copy(), empty.copy()
        _area(ring, x0, y0, x1, y1, round_m=0.7)
        _area(inner, x0 + 0.16, y0 + 0.16, x1 - 0.16, y1 - 0.16, round_m=0.56)
        _blend(texture, ring, stone)
        _blend(texture, inner, grass * 0.9)
    paint_markings(texture, rng, texel, TEXELS)
    return texture


def _flat_noise(rng: np.random.Generator, shape: tuple[int, int], colour: NDArray[np.float32]) -> Texture:
    grain = 1 + 0.16 * clouds_of(rng, shape, 40, 3) + 0.1 * speckle(rng, shape)
    return (grain[..., None] * colour).astype(np.float32)


def _grass(rng: np.random.Generator, shape: tuple[int, int]) -> Texture:
    patches = clouds_of(rng, shape, 130, 5)
    fine = speckle(rng, shape)
    dry = np.clip(0.5 + 1.1 * patches, 0, 1)[..., None]
    colour = GRASS * (1 - 0.55 * dry) + np.array([0.045, 0.12, 0.115], np.float32) * 0.85 * dry
    return np.asarray(np.clip(colour * (1 + 0.38 * fine + 0.2 * patches)[..., None], 0.008, 1).astype(np.float32))


def _paving(rng: np.random.Generator, shape: tuple[int, int]) -> Texture:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    slab = TEXELS * 0.5
    joints = ((rows % slab) < 1.2) | (((columns + (rows // slab % 2) * slab / 2) % slab) < 1.2)
    tone = rng.normal(0, 0.07, (int(shape[0] / slab) + 2, int(shape[1] / slab) + 2)).astype(np.float32)
    each = tone[(rows / slab).astype(int), (columns / slab).astype(int)]
    grain = 1 + each + 0.12 * clouds_of(rng, shape, 60, 4) + 0.05 * speckle(rng, shape)
    return (np.where(joints, 0.62, grain)[..., None] * PAVING).astype(np.float32)


def _asphalt(rng: np.random.Generator, shape: tuple[int, int]) -> Texture:
    """Return asphalt: aggregate, bleached and dark patches, wheel tracks, oil, patches of repair, cracks."""
    tone = 1 + 0.13 * clouds_of(rng, shape, 220, 5) + 0.09 * clouds_of(rng, shape, 36, 3) + 0.13 * speckle(rng, shape)
    tone *= _tracks(shape)
    tone *= _stains(rng, shape)
    for _ in range(7):  # squares opened for a pipe and closed again
        column, row = texel(float(rng.uniform(2, 42)), float(rng.uniform(-33, -3)))
        size = rng.uniform(1.0, 3.2, 2) * TEXELS
        box = cv2.boxPoints(((column, row), (float(size[0]), float(size[1])), float(rng.normal(0, 3)))).astype(np.int32)
        mask = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(mask, box, 255)
        tone[mask > 0] *= float(rng.uniform(0.72, 0.9))
        cv2.polylines(tone, [box], True, 0.6, 2, cv2.LINE_AA)
    _crack(rng, tone)
    tint = 1 + 0.025 * clouds_of(rng, shape, 150, 3)
    surface = tone[..., None] * ASPHALT * np.dstack([tint, np.ones_like(tint), 2 - tint])
    return np.asarray(np.clip(surface, 0.012, 1), np.float32)


def _tracks(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the polish of wheels along the lanes: a little brighter, dark between."""
    tracks = np.zeros(shape, np.float32)
    lanes = [
        ((28, 82), (372, 82)),
        ((28, 222), (372, 222)),
        ((372, 82), (372, 222)),
        ((28, 82), (28, 222)),
        ((68, 222), (68, 420)),
        ((90, 222), (90, 420)),
    ]
    for start, end in lanes:
        for aside in (-7.0, 7.0):
            shift = (0.0, aside) if start[1] == end[1] else (aside, 0.0)
            points = [texel(*to_world(x + shift[0], y + shift[1])) for x, y in (start, end)]
            first, last = (tuple(int(value) for value in point) for point in points)
            cv2.line(tracks, first, last, 1.0, int(0.5 * TEXELS))
    return np.asarray(1 + 0.11 * cv2.GaussianBlur(tracks, (0, 0), 0.22 * TEXELS), np.float32)


def _stains(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return what drips from parked engines: dark spots where the noses and tails stand, and larger spills."""
    dark = np.zeros(shape, np.float32)
    for bay in BAYS:
        for _ in range(int(rng.integers(1, 6))):
            x = bay.x + bay.width / 2 + rng.normal(0, 2.2)
            y = bay.y + bay.height * (0.5 + float(rng.choice([-0.22, 0.2])) + rng.normal(0, 0.06))
            column, row = texel(*to_world(float(x), float(y)))
            size = rng.uniform(0.06, 0.36) * TEXELS
            axes = (int(size) + 1, int(size * rng.uniform(0.6, 1)) + 1)
            cv2.ellipse(
                dark, (int(column), int(row)), axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.3, 1)), -1
            )
    for _ in range(46):
        column, row = texel(float(rng.uniform(0, 45)), float(rng.uniform(-35, 0)))
        for _ in range(int(rng.integers(3, 14))):
            spot = rng.normal(0, 0.3, 2) * TEXELS
            cv2.circle(
                dark,
                (int(column + spot[0]), int(row + spot[1])),
                int(rng.uniform(1, 6)),
                float(rng.uniform(0.2, 0.7)),
                -1,
            )
    soft = cv2.GaussianBlur(dark, (0, 0), 0.05 * TEXELS)
    return np.asarray(1 - np.clip(0.55 * soft, 0, 0.6), np.float32)


def _crack(rng: np.random.Generator, tone: NDArray[np.float32]) -> None:
    for number in range(42):
        x, y = float(rng.uniform(0, 45)), float(rng.uniform(-35, -1))
        heading = float(rng.uniform(0, 6.28))
        points = [texel(x, y)]
        for _ in range(int(rng.integers(8, 46))):
            heading += float(rng.normal(0, 0.38))
            x, y = x + 0.16 * float(np.cos(heading)), y + 0.16 * float(np.sin(heading))
            points.append(texel(x, y))
        line = np.round(np.array(points) * 8).astype(np.int32)
        sealed = number % 5 == 0  # filled with tar: wider and black
        cv2.polylines(tone, [line], False, 0.45 if sealed else 0.62, 3 if sealed else 1, cv2.LINE_AA, 3)


def photograph(texture: Texture) -> NDArray[np.uint8]:
    """Return the texture as the camera sees it: 255 times the root of the reflectance, BGR, picture size."""
    size = (2 * camera.WIDTH, 2 * camera.HEIGHT)
    x, y = (cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in camera.ground_points())
    columns, rows = (x - WEST) * TEXELS - 0.5, (NORTH - y) * TEXELS - 0.5
    roots = (255 * np.sqrt(np.clip(texture, 0, 1))).astype(np.uint8)
    seen = cv2.remap(roots, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(seen, (camera.WIDTH, camera.HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


__all__ = ["LOT", "STREET", "TEXELS", "UNIT_M", "build_texture", "photograph", "texel"]
