"""Judges the places of a picture with the server's model: the same crops, the same last layer, the same thresholds."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_node.edge.crops import Bytes, Layout, Window, cut, lay_out, long_side_wanted
from camera_node.edge.decoding import decode
from camera_node.edge.engines import HEAD, MODEL, Engines, Place
from camera_node.edge.error import EdgeError
from camera_node.edge.model import Model
from camera_node.edge.sight import unseen

BATCH_MAX = 256
NO_HEAD = "What was fitted to this car park cannot be read. Bring this node up to date."

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one place: "free", "occupied" or "unknown", and how surely, 0 to 1."""

    id: int
    state: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one picture, whose size as it was taken is in pixels."""

    width: int
    height: int
    seen: list[Seen]


@dataclass(frozen=True, slots=True)
class Head:
    """A last layer that was fitted to this car park."""

    weights: Numbers
    bias: float
    temperature: float


class SpotClassifier:
    """The model, opened, with the places it judges. Not for sharing between threads."""

    def __init__(self, engines: Engines, files: Mapping[str, bytes]) -> None:
        """Raises EdgeError: a library is missing, or the files are not what they should be."""
        self._places = engines.places
        self._model = Model(files[MODEL], "places")
        about = self._model.about
        try:
            rooms = (float(about[name]) for name in ("long_room", "short_room", "raised"))
            self._window = Window(int(about["side_px"]), *rooms)
            self._temperature = float(about["temperature"])
        except (KeyError, ValueError):
            raise self._model.too_new() from None
        self._head = _read_head(files[HEAD]) if HEAD in files else None
        self._layout: Layout | None = None
        self._wanted: dict[tuple[int, int], int] = {}

    def look(self, data: bytes) -> Look:
        """Return what is seen in a picture file. Raises EdgeError, and FrameError for what is no picture."""
        return self.look_at(*decode(data, self._long_side_wanted))

    def look_at(self, picture: Bytes, size: tuple[int, int]) -> Look:
        """Return what is seen in a picture, whose file's has that width and height. Raises EdgeError."""
        width, height = size
        if not self._places:
            return Look(width, height, [])
        layout = self._lay_out(picture.shape[1], picture.shape[0])
        crops = cut(picture, layout)
        chances = self._chances(crops)
        hidden, faint = unseen(crops, layout)
        unknown = hidden | (faint & (chances < 0.5))
        told = zip(self._places, chances, unknown, strict=True)
        return Look(width, height, [_seen(place, float(chance), bool(dark)) for place, chance, dark in told])

    def _long_side_wanted(self, width: int, height: int) -> int:
        if not self._places:
            return 1
        size = width, height
        if size not in self._wanted:
            self._wanted = {size: long_side_wanted(self._places, width, height, self._window)}
        return self._wanted[size]

    def _lay_out(self, width: int, height: int) -> Layout:
        if self._layout is None or (self._layout.width, self._layout.height) != (width, height):
            self._layout = lay_out(self._places, width, height, self._window)
        return self._layout

    def _chances(self, crops: Bytes) -> Numbers:
        """The chance of each crop that its place is taken."""
        if self._head is None:
            logits = self._run("logit", crops) / self._temperature
        else:
            logits = (self._run("features", crops) @ self._head.weights + self._head.bias) / self._head.temperature
        if logits.shape != (len(crops),) or not np.isfinite(logits).all():
            raise EdgeError("The server's model answers with what are no chances; nothing is recognised with it.")
        chances: Numbers = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
        return chances

    def _run(self, wanted: str, crops: Bytes) -> Numbers:
        starts = range(0, len(crops), BATCH_MAX)
        parts = [self._model.run(crops[start : start + BATCH_MAX], wanted) for start in starts]
        return np.concatenate(parts).astype(np.float64)


def _read_head(data: bytes) -> Head:
    try:
        said = json.loads(data)
        head = Head(np.array(said["weights"], np.float64), float(said["bias"]), float(said["temperature"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EdgeError(NO_HEAD) from None
    finite = np.isfinite(head.weights).all() and math.isfinite(head.bias) and math.isfinite(head.temperature)
    if head.weights.ndim != 1 or not finite or head.temperature <= 0:
        raise EdgeError(NO_HEAD)
    return head


def _seen(place: Place, chance: float, dark: bool) -> Seen:
    if dark:
        return Seen(place.id, "unknown", 0.0)
    return Seen(place.id, "occupied" if chance >= 0.5 else "free", round(max(chance, 1.0 - chance), 4))
