"""What stands around the car park: trees, street lamps, a hedge, houses across the street."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.mesh import Builder, Colour, Finish, Lamp, Mesh
from camera_node.simulator.plan import LAMPS, to_world
from camera_node.simulator.shadows import CELL_M, COLUMNS, LAMP_HEIGHT_M, ROWS, cells

Points = NDArray[np.float64]
Tree = tuple[float, float, float, float, float]
"""x, y, radius of the crown, its bottom and top (metres)."""

TREES: tuple[Tree, ...] = (
    (-5.4, -5.5, 3.3, 1.7, 7.2),
    (-6.2, -13.5, 2.7, 1.5, 6.0),
    (-5.6, -21.5, 3.4, 1.8, 7.4),
    (-7.0, -30.0, 2.9, 1.6, 6.4),
    (52.8, -9.5, 3.0, 1.7, 6.6),
    (53.8, -20.0, 3.5, 1.9, 7.6),
    (52.6, -29.5, 2.8, 1.6, 6.2),
    (3.9, 2.2, 2.0, 1.7, 5.2),
    (15.4, 2.1, 1.8, 1.6, 4.8),
    (29.4, 2.2, 2.1, 1.7, 5.4),
    (41.6, 2.1, 1.9, 1.6, 5.0),
    (5.75, -15.0, 1.15, 1.9, 4.3),
    (-15.5, -3.5, 3.6, 1.8, 8.0),
    (-14.0, 1.5, 2.6, 1.7, 6.2),
    (60.5, -3.5, 3.6, 2.0, 8.2),
    (-14.0, -14.0, 3.4, 1.8, 7.6),
    (61.0, -14.0, 3.2, 1.8, 7.4),
)
ISLAND_SHRUBS = ((5.7, -13.4), (5.75, -19.6), (5.7, -20.8), (39.8, -13.6), (39.75, -15.2), (39.8, -20.4))
HOUSES_Y = 17.0


def build_scenery(seed: int) -> list[Mesh]:
    """Return one mesh per thing that stands up."""
    rng = np.random.default_rng(seed)
    things = [_tree(rng, tree) for tree in TREES]
    things += [_bush(rng, x, y, 0.62, 0.75) for x, y in ISLAND_SHRUBS]
    things += [_lamp(*to_world(x, y)) for x, y in LAMPS]
    things.append(_hedge(rng))
    x = -32.0
    while x < 80:
        width = float(rng.uniform(7, 12))
        things.append(_house(rng, x, width))
        x += width + (0.0 if rng.random() < 0.7 else 2.0)
    return things


def still_heights() -> NDArray[np.float32]:
    """Return the height field (metres per cell) of what never moves, without the crowns of trees."""
    heights = np.zeros((ROWS, COLUMNS), np.float32)
    for x, y, _, _, top in TREES:
        _mark(heights, x, y, 0.16, top * 0.8)
    for plan_x, plan_y in LAMPS:
        _mark(heights, *to_world(plan_x, plan_y), 0.09, LAMP_HEIGHT_M)
    for x, y in ISLAND_SHRUBS:
        _mark(heights, x, y, 0.55, 0.7)
    (left, top), (right, bottom) = cells(np.array([[-2.4, -0.9], [-1.5, -34.0]]))
    cv2.rectangle(heights, (int(left), int(top)), (int(right), int(bottom)), 1.2, -1)
    return heights


def _mark(heights: NDArray[np.float32], x: float, y: float, radius: float, height: float) -> None:
    column, row = cells(np.array([[x, y]]))[0]
    cv2.circle(heights, (int(column), int(row)), max(1, round(radius / CELL_M)), height, -1)


def _leaves(
    builder: Builder, rng: np.random.Generator, at: Points, out: Points, size: float, tones: NDArray[np.floating]
) -> None:
    """Add tufts of leaves at the points ``at``: small ragged faces that look about outwards."""
    count = len(at)
    aim = _unit(out + rng.normal(0, 0.45, (count, 3)))
    side = _unit(np.cross(aim, rng.normal(0, 1, (count, 3))))
    other = np.cross(aim, side)
    sizes = size * rng.uniform(0.6, 1.3, (4, count, 1))
    quads = np.stack([at + side * sizes[0], at + other * sizes[1], at - side * sizes[2], at - other * sizes[3]], 1)
    greens = (tones * rng.uniform(0.75, 1.25, count))[:, None] * (0.03, 0.105, 0.062)
    builder.faces(quads, aim, greens, Finish.LEAF)


def _unit(vectors: Points) -> Points:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _ball_points(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    return _unit(rng.normal(0, 1, (count, 3)))


def _tree(rng: np.random.Generator, tree: Tree) -> Mesh:
    x, y, radius, bottom, top = tree
    builder = Builder()
    bark: Colour = (0.045, 0.055, 0.065)
    builder.box((x - 0.09, y - 0.09, 0), (x + 0.09, y + 0.09, bottom + 0.8), bark, layer=-1)
    middle, half = np.array([x, y, (bottom + top) / 2]), (top - bottom) / 2
    lumps = _ball_points(rng, 16) * rng.uniform(0.3, 0.75, (16, 1)) * (1, 1, 0.9)
    tone = float(rng.uniform(0.85, 1.2))
    for lump in lumps:
        share = float(rng.uniform(0.42, 0.66))
        count = int(110 * radius * share)
        out = _ball_points(rng, count)
        depth = rng.uniform(0.7, 1.08, count)
        places = middle + (lump + out * share * depth[:, None]) * (radius, radius, half)
        inside = 0.4 + 0.75 * depth**2 * (0.4 + 0.6 * np.clip(lump[2] + out[:, 2] * share + 0.4, 0, 1))
        _leaves(builder, rng, places, out, 0.17, tone * inside)
    return builder.build()


def _bush(rng: np.random.Generator, x: float, y: float, radius: float, height: float) -> Mesh:
    builder = Builder()
    out = _ball_points(rng, 150)
    out[:, 2] = np.abs(out[:, 2])
    _leaves(builder, rng, (x, y, 0.05) + out * (radius, radius, height), out, 0.1, 0.75 + 0.3 * out[:, 2])
    return builder.build()


def _hedge(rng: np.random.Generator) -> Mesh:
    builder = Builder()
    builder.box((-2.3, -34.0, 0), (-1.6, -0.9, 1.0), (0.012, 0.035, 0.022))
    for count, out, x, z, tone in (
        (1300, (0.0, 0.0, 1.0), (-2.4, -1.5), (1.06, 1.1), 1.05),
        (1040, (1.0, 0.0, 0.1), (-1.54, -1.5), (0.1, 1.05), 0.8),
        (260, (-1.0, 0.0, 0.1), (-2.4, -2.36), (0.1, 1.05), 0.8),
    ):
        places = np.column_stack([rng.uniform(*x, count), rng.uniform(-34.0, -0.9, count), rng.uniform(*z, count)])
        _leaves(builder, rng, places, np.tile(out, (count, 1)), 0.11, np.full(count, tone))
    return builder.build()


def _lamp(x: float, y: float) -> Mesh:
    builder = Builder()
    steel: Colour = (0.2, 0.2, 0.19)
    builder.box((x - 0.14, y - 0.14, 0), (x + 0.14, y + 0.14, 0.5), (0.25, 0.25, 0.25))
    builder.box((x - 0.06, y - 0.06, 0.5), (x + 0.06, y + 0.06, LAMP_HEIGHT_M), steel, Finish.PAINT)
    reach = 0.8
    builder.box(
        (x - reach, y - 0.05, LAMP_HEIGHT_M), (x + reach, y + 0.05, LAMP_HEIGHT_M + 0.08), steel, Finish.PAINT, 1
    )
    for side in (-1, 1):
        middle = x + side * reach
        builder.box(
            (middle - 0.35, y - 0.16, LAMP_HEIGHT_M - 0.02),
            (middle + 0.35, y + 0.16, LAMP_HEIGHT_M + 0.14),
            (0.3, 0.3, 0.3),
            Finish.PAINT,
            2,
        )
        z = LAMP_HEIGHT_M - 0.01
        face = [
            (middle - 0.3, y - 0.165, z),
            (middle + 0.3, y - 0.165, z),
            (middle + 0.3, y - 0.165, z + 0.07),
            (middle - 0.3, y - 0.165, z + 0.07),
        ]
        builder.face(face, (0, -1, 0), (0.5, 0.5, 0.5), Finish.GLASS, Lamp.STREET, 3)
    return builder.build()


_WALLS: tuple[Colour, ...] = (
    (0.14, 0.19, 0.36),
    (0.42, 0.5, 0.55),
    (0.3, 0.42, 0.5),
    (0.5, 0.52, 0.53),
    (0.12, 0.15, 0.24),
    (0.36, 0.4, 0.36),
)


def _house(rng: np.random.Generator, x: float, width: float) -> Mesh:
    builder = Builder()
    wall = _WALLS[int(rng.integers(len(_WALLS)))]
    height = float(rng.uniform(8.5, 12))
    y = HOUSES_Y + float(rng.uniform(-0.3, 0.3))
    builder.box((x, y, 0), (x + width, y + 9, height), wall, top=(0.12, 0.12, 0.13))
    builder.face(
        [(x, y - 0.02, 0), (x + width, y - 0.02, 0), (x + width, y - 0.02, 0.6), (x, y - 0.02, 0.6)],
        (0, -1, 0),
        (0.14, 0.14, 0.14),
        layer=1,
    )
    columns = int(width / 1.9)
    gap = width / columns
    for floor in range(int((height - 0.8) / 2.9)):
        z = 1.1 + floor * 2.9
        for n in range(columns):
            left = x + (n + 0.5) * gap - 0.5
            door = floor == 0 and n == columns // 2
            low, high = (0.0, 2.2) if door else (z, z + 1.5)
            frame = [
                (left - 0.08, y - 0.03, low - 0.08),
                (left + 1.08, y - 0.03, low - 0.08),
                (left + 1.08, y - 0.03, high + 0.08),
                (left - 0.08, y - 0.03, high + 0.08),
            ]
            builder.face(frame, (0, -1, 0), (0.5, 0.5, 0.5), layer=2)
            pane = [
                (left, y - 0.04, low),
                (left + 1.0, y - 0.04, low),
                (left + 1.0, y - 0.04, high),
                (left, y - 0.04, high),
            ]
            lit = Lamp.WINDOW if rng.random() < 0.4 else Lamp.NONE
            builder.face(pane, (0, -1, 0), (0.05, 0.06, 0.08) if door else (0.03, 0.028, 0.026), Finish.GLASS, lit, 3)
    return builder.build()
