"""What the server says that a node recognises with: the camera's places, and files with their hashes."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camera_node.edge.error import EdgeError

MODEL = "spots.onnx"
HEAD = "head.json"
KNOWN = (MODEL, HEAD)
"""Files that this node can use; others are for newer ones."""

FILE_BYTES_MAX = 64 * 1024 * 1024
SPOTS_MAX = 5000
POINTS_MAX = 64
SHARE_MAX = 10.0
NOT_UNDERSTOOD = "What the server says about recognising here is not understood. Bring this node up to date."

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
class Engines:
    """Everything; ``version`` changes with any of it."""

    version: str
    places: tuple[Place, ...]
    files: tuple[File, ...]


def read_engines(text: bytes) -> Engines:
    """Return what the server's document says. Raises EdgeError."""
    try:
        engines = _engines(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError):
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
    return Engines(version, places, files)


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
