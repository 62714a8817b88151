"""What the server says that a node recognises with: the camera's places, its gate, and files with their hashes."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camera_node.edge.error import EdgeError

MODEL = "spots.onnx"
HEAD = "head.json"
KNOWN = (MODEL, HEAD, "gate.json", "plates_find.onnx", "plates_read.onnx", "vehicles.onnx")
"""Files that this node can use; others are for newer ones."""

FILE_BYTES_MAX = 64 * 1024 * 1024
SPOTS_MAX = 5000
POINTS_MAX = 64
SHARE_MAX = 10.0
NOT_UNDERSTOOD = "What the server says about recognising here is not understood. Bring this node up to date."

AREAS_MAX = 100
LAYOUTS_MAX = 500
LAYOUT_LETTERS_MAX = 16

Area = tuple[float, ...]
"""Left, top, width, height as shares of the picture."""

Polygon = tuple[tuple[float, float], ...]
"""Points as shares of the picture's width and height."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place, by the server's number for it."""

    id: int
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class File:
    """A file at the server; ``sha256`` hexadecimal."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Gate:
    """Where not to look at a gate, and words of L (letter), D (digit), X (either) for the plates expected there."""

    excluded: tuple[Area, ...] = ()
    layouts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Engines:
    """Everything; ``version`` changes with any of it. ``gate``: None at none."""

    version: str
    places: tuple[Place, ...]
    files: tuple[File, ...]
    gate: Gate | None = None


def read_engines(text: bytes) -> Engines:
    """Return what the server's document says. Raises EdgeError."""
    try:
        engines = _engines(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EdgeError(NOT_UNDERSTOOD) from None
    if MODEL not in [file.name for file in engines.files]:
        raise EdgeError("The server offers nothing to recognise places with. Bring it up to date.")
    return engines


def _engines(said: Any) -> Engines:
    places = tuple(Place(_whole(each["id"]), _polygon(each["polygon"])) for each in said["spots"])
    files = tuple(_file(each) for each in said["files"] if each["name"] in KNOWN)
    version = said["version"]
    if not isinstance(version, str) or not 0 < len(version) <= 64 or len(places) > SPOTS_MAX:
        raise ValueError
    gate = said.get("gate")
    return Engines(version, places, files, None if gate is None else _gate(gate))


def _gate(said: Any) -> Gate:
    gate = Gate(tuple(_area(each) for each in said["excluded"]), tuple(said["layouts"]))
    words = all(isinstance(word, str) and len(word) <= LAYOUT_LETTERS_MAX for word in gate.layouts)
    if len(gate.excluded) > AREAS_MAX or len(gate.layouts) > LAYOUTS_MAX or not words:
        raise ValueError
    return gate


def _area(said: Any) -> Area:
    area = tuple(float(share) for share in said)
    if len(area) != 4 or not all(-SHARE_MAX <= share <= SHARE_MAX for share in area):
        raise ValueError
    return area


def _whole(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int):
        raise TypeError
    return said


def _polygon(said: Sequence[Any]) -> Polygon:
    points = tuple((float(x), float(y)) for x, y in said)
    fits = all(math.isfinite(share) and abs(share) <= SHARE_MAX for point in points for share in point)
    if not fits or not 3 <= len(points) <= POINTS_MAX:
        raise ValueError
    return points


def _file(said: Any) -> File:
    sha256, size = said["sha256"], _whole(said["bytes"])
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not 0 < size <= FILE_BYTES_MAX:
        raise ValueError
    return File(said["name"], sha256, size)
