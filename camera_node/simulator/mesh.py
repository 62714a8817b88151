"""Flat four-sided faces with what light does on them: the one form of everything that stands up in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Linear BGR, 0..1: the share of light that comes back. Also serves for three coordinates."""
Corners = Sequence[Sequence[float]]
"""Four points of three coordinates."""


class Finish(IntEnum):
    """How a face shines."""

    MATT = 0
    PAINT = 1
    GLASS = 2
    LEAF = 3


class Lamp(IntEnum):
    """What a face is when it gives light."""

    NONE = 0
    HEAD = 1
    TAIL = 2
    REVERSE = 3
    STREET = 4
    WINDOW = 5


@dataclass(slots=True)
class Mesh:
    """F faces: ``quads`` F x 4 x 3 (metres; a triangle repeats its last corner), ``normals`` F x 3 pointing outwards,
    ``colours`` F x 3 linear BGR, ``finishes`` and ``lamps`` F, ``layers`` F (a higher one is drawn over a lower).
    """

    quads: NDArray[np.float64]
    normals: NDArray[np.float64]
    colours: NDArray[np.float32]
    finishes: NDArray[np.uint8]
    lamps: NDArray[np.uint8]
    layers: NDArray[np.int8]

    def moved(self, x: float, y: float, heading: float) -> "Mesh":
        """Return the mesh turned by ``heading`` (radians) about the z axis and put at x, y."""
        turn = np.array([[np.cos(heading), -np.sin(heading), 0], [np.sin(heading), np.cos(heading), 0], [0, 0, 1]])
        quads = self.quads @ turn.T + (x, y, 0)
        return Mesh(quads, self.normals @ turn.T, self.colours, self.finishes, self.lamps, self.layers)


class Builder:
    """Collects faces and makes a mesh of them; normals are worked out for all faces at once, at the end."""

    def __init__(self) -> None:
        self._quads: list[NDArray[np.float64]] = []
        self._outs: list[NDArray[np.float64]] = []
        self._looks: list[NDArray[np.float32]] = []
        self._loose: list[Corners] = []
        self._loose_outs: list[Colour] = []
        self._loose_looks: list[tuple[float, ...]] = []

    def face(
        self,
        corners: Corners,
        outwards: Colour,
        colour: Colour,
        finish: Finish = Finish.MATT,
        lamp: Lamp = Lamp.NONE,
        layer: int = 0,
    ) -> None:
        """Add a face of four corners, whose normal points to the side of ``outwards``."""
        self._loose.append(corners)
        self._loose_outs.append(outwards)
        self._loose_looks.append((*colour, finish, lamp, layer))

    def faces(
        self,
        quads: NDArray[np.float64],
        outs: NDArray[np.float64],
        colours: NDArray[np.floating],
        finish: Finish,
        layer: int = 0,
    ) -> None:
        """Add many faces of one finish: ``quads`` F x 4 x 3, ``outs`` and ``colours`` F x 3."""
        looks = np.zeros((len(quads), 6), np.float32)
        looks[:, :3], looks[:, 3], looks[:, 5] = colours, finish, layer
        self._quads.append(quads)
        self._outs.append(outs)
        self._looks.append(looks)

    def box(
        self,
        low: Colour,
        high: Colour,
        colour: Colour,
        finish: Finish = Finish.MATT,
        layer: int = 0,
        top: Colour | None = None,
    ) -> None:
        """Add the five visible sides of an upright box from corner ``low`` to corner ``high`` (metres)."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        for y, out in ((y0, -1.0), (y1, 1.0)):
            self.face([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], (0, out, 0), colour, finish, layer=layer)
        for x, out in ((x0, -1.0), (x1, 1.0)):
            self.face([(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)], (out, 0, 0), colour, finish, layer=layer)
        self.face(
            [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], (0, 0, 1), top or colour, finish, layer=layer
        )

    def disc(
        self,
        centre: Colour,
        radius: float,
        side: float,
        colour: Colour,
        layer: int,
        corners: int = 12,
        squeeze: float = 1.0,
    ) -> None:
        """Add an upright disc that looks along y to ``side`` (+1 or -1), as quads fanned out from its middle."""
        angles = np.linspace(0, 2 * np.pi, corners + 1)
        x, y, z = centre
        rim = [(x + radius * float(np.cos(a)), y, z + squeeze * radius * float(np.sin(a))) for a in angles]
        for at in range(0, corners, 2):
            self.face((centre, rim[at], rim[at + 1], rim[at + 2]), (0, side, 0), colour, layer=layer)

    def build(self) -> Mesh:
        """Return the mesh."""
        if self._loose:
            self._quads.append(np.array(self._loose, np.float64))
            self._outs.append(np.array(self._loose_outs, np.float64))
            self._looks.append(np.array(self._loose_looks, np.float32))
            self._loose, self._loose_outs, self._loose_looks = [], [], []
        quads, looks = np.concatenate(self._quads), np.concatenate(self._looks)
        normals = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
        sizes = np.linalg.norm(normals, axis=1)
        flat = sizes < 1e-9  # a face folded onto a line: nothing to see
        normals /= np.maximum(sizes, 1e-9)[:, None]
        normals *= np.where((normals * np.concatenate(self._outs)).sum(1) < 0, -1.0, 1.0)[:, None]
        keep = ~flat
        return Mesh(
            quads[keep],
            normals[keep],
            looks[keep, :3],
            looks[keep, 3].astype(np.uint8),
            looks[keep, 4].astype(np.uint8),
            looks[keep, 5].astype(np.int8),
        )
