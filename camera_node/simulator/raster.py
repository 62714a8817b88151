"""Draws meshes: which face is seen at each point of a few times finer grid, once; their light, as often as it changes.

Faces are drawn from far to near (painter's algorithm) into a picture of face numbers, so a change of light costs a
table look-up and not a new drawing.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.camera import EYE, HEIGHT, WIDTH, project
from camera_node.simulator.mesh import Mesh

SHIFT = 4
Picture = NDArray[np.uint8]


@dataclass(slots=True)
class Drawing:
    """A mesh as seen: ``faces`` (finer grid, 0 is nothing, n is face n-1 of ``mesh``) and its place in the picture."""

    mesh: Mesh
    faces: NDArray[np.int32]
    left: int
    top: int
    fine: int
    depth: float

    @property
    def width(self) -> int:
        """Width in picture pixels."""
        return int(self.faces.shape[1] // self.fine)

    @property
    def height(self) -> int:
        """Height in picture pixels."""
        return int(self.faces.shape[0] // self.fine)


@dataclass(slots=True)
class Sprite:
    """A lit drawing: ``colour`` (BGR, already multiplied by coverage) and ``through`` (255 where nothing covers)."""

    colour: Picture
    through: Picture
    left: int
    top: int


def draw_mesh(mesh: Mesh, fine: int, depth: float) -> Drawing | None:
    """Draw ``mesh`` on a grid ``fine`` times finer than the picture; None when the picture does not show it."""
    middles = mesh.quads.mean(1)
    seen = ((EYE - middles) * mesh.normals).sum(1) > 0
    numbers = np.flatnonzero(seen)
    if not len(numbers):
        return None
    pixels = project(mesh.quads[numbers].reshape(-1, 3))
    corners = pixels[:, :2].reshape(-1, 4, 2)
    low = np.floor(corners.min((0, 1))).astype(int) - 1
    high = np.ceil(corners.max((0, 1))).astype(int) + 2
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(WIDTH, int(high[0])), min(HEIGHT, int(high[1]))
    if right <= left or bottom <= top:
        return None
    faces = np.zeros(((bottom - top) * fine, (right - left) * fine), np.int32)
    far = pixels[:, 2].reshape(-1, 4).mean(1)
    order = np.lexsort((-far, mesh.layers[numbers]))
    fixed = np.round(((corners - (left, top)) * fine - 0.5) * (1 << SHIFT)).astype(np.int32)
    for n in order:
        cv2.fillConvexPoly(faces, fixed[n], int(numbers[n]) + 1, lineType=cv2.LINE_8, shift=SHIFT)
    return Drawing(mesh, faces, left, top, fine, depth)


def light_up(drawing: Drawing, colours: Picture) -> Sprite:
    """Colour a drawing: ``colours`` holds display BGR per face of its mesh."""
    table = np.vstack([np.zeros((1, 3), np.uint8), colours])
    size = (drawing.width, drawing.height)
    colour = np.asarray(cv2.resize(np.take(table, drawing.faces, axis=0), size, interpolation=cv2.INTER_AREA), np.uint8)
    bare = np.where(drawing.faces == 0, 255, 0).astype(np.uint8)
    through = np.asarray(cv2.resize(bare, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Sprite(colour, through, drawing.left, drawing.top)


def put(picture: Picture, sprite: Sprite) -> None:
    """Lay a sprite over ``picture`` in place."""
    height, width = sprite.through.shape
    part = picture[sprite.top : sprite.top + height, sprite.left : sprite.left + width]
    behind = cv2.multiply(part, cv2.merge([sprite.through] * 3), scale=1 / 255)
    cv2.add(behind, sprite.colour, dst=part)
