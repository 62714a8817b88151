"""What every vehicle finder looks like from outside, and the one that runs ONNX files."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import EngineError
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture
from tasks.vision.vehicles.boxes import Candidates, merge
from tasks.vision.vehicles.canvas import Array, Canvas
from tasks.vision.vehicles.export import Classes, Export
from tasks.vision.vehicles.nanodet import NanoDet
from tasks.vision.vehicles.ultralytics import Ultralytics
from tasks.vision.vehicles.yolox import Yolox

MODEL: Final = Path(__file__).parents[1] / "models" / "vehicles.onnx"
SIDE_DEFAULT: Final = 640  # for a model that takes any size and names none
SIDE_MAX: Final = 4096
CONFIDENCE_MIN: Final = 0.05
_TILE_OVERLAP: Final = 0.2


class VehicleFinder(Protocol):
    """Finds vehicles in pictures. Thread-safe; keeps nothing between calls but its model."""

    width: int
    height: int

    def find(self, picture: Picture, confidence_min: float = CONFIDENCE_MIN, tiles: int = 1) -> list[Vehicle]:
        """Vehicles of the picture, surest first, boxes in its pixels.

        ``tiles``: above 1, the picture is looked at again in so many parts per side, for vehicles too small in the
        network's picture, which is ``width`` x ``height`` pixels. Raises EngineError when it cannot look.
        """
        ...


class Decoder(Protocol):
    """Reads the answers of one family of detectors; made from an `Export`, or raises EngineError."""

    family: str
    canvas: Canvas
    classes: Classes

    def decode(self, answers: Sequence[Array], confidence_min: float) -> Candidates:
        """Vehicles in pixels of the canvas, before those that overlap are merged."""
        ...


FAMILIES: Final = (Yolox, NanoDet, Ultralytics)


def open_finder(model: Path | None = None, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> "OnnxFinder":
    """The finder for an ONNX file, the shipped one when None. Slow (a model is loaded): open once, find often.

    Raises EngineError for a file that is missing, is no model, or is no vehicle detector of a family that can be read.
    """
    return OnnxFinder(model or MODEL, threads, providers)


class OnnxFinder:
    """See `VehicleFinder`. The file's metadata says how its answers are to be read, or else their shapes."""

    def __init__(self, model: Path, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._session = open_session(model, threads, providers)
        given = self._session.get_inputs()
        if len(given) != 1 or len(given[0].shape) != 4 or given[0].shape[1] not in (3, "channels"):
            raise EngineError(f"{model.name} is not a vehicle detector: it must take one picture, 1 x 3 x H x W.")
        self._input, self._type = given[0].name, np.float16 if "float16" in given[0].type else np.float32
        about = dict(self._session.get_modelmeta().custom_metadata_map)
        self.height, self.width = _sides(given[0].shape[2:], about)
        grey = np.full((1, 3, self.height, self.width), 0.5, np.float32)
        export = Export(model.name, self.width, self.height, about, self._run(grey))
        self._decoder = _decoder(export)
        self.licence = about.get("license", "")[:100]
        self._shapes = [answer.shape for answer in export.answers]

    @property
    def family(self) -> str:
        """How the answers are read: yolox, nanodet or ultralytics."""
        return self._decoder.family

    @property
    def kinds(self) -> tuple[VehicleKind, ...]:
        """What can be found, in the order of `VehicleKind`."""
        return tuple(kind for kind in VehicleKind if kind in self._decoder.classes.kinds)

    def find(self, picture: Picture, confidence_min: float = CONFIDENCE_MIN, tiles: int = 1) -> list[Vehicle]:
        """See `VehicleFinder`."""
        height, width = picture.shape[:2]
        found = [self._candidates(picture, confidence_min)]
        if tiles > 1:
            found += [self._in_tile(picture, tile, confidence_min) for tile in _tile_boxes(width, height, tiles)]
        return merge(found, width, height, confidence_min)

    def _in_tile(self, picture: Picture, tile: tuple[int, int, int, int], confidence_min: float) -> Candidates:
        """Without those cut by an inner edge of the tile, which are whole in the neighbouring one."""
        left, top, right, bottom = tile
        boxes, scores, kinds = self._candidates(picture[top:bottom, left:right], confidence_min)
        boxes = boxes + np.array([left, top, 0, 0], np.float32)
        low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
        height, width = picture.shape[:2]
        whole = ((low[:, 0] > left + 2) | (left == 0)) & ((low[:, 1] > top + 2) | (top == 0))
        whole &= ((high[:, 0] < right - 2) | (right == width)) & ((high[:, 1] < bottom - 2) | (bottom == height))
        return Candidates(boxes[whole], scores[whole], kinds[whole])

    def _candidates(self, picture: Picture, confidence_min: float) -> Candidates:
        fitted, placement = self._decoder.canvas.place(picture)
        answers = self._run(self._decoder.canvas.blob(fitted))
        if [answer.shape for answer in answers] != self._shapes:
            raise EngineError("The detector answers in other shapes than it did when it was opened.")
        if not all(np.isfinite(answer).all() for answer in answers):
            raise EngineError("The detector answered with values that are no numbers.")
        boxes, scores, kinds = self._decoder.decode(answers, confidence_min)
        return Candidates(placement.back(boxes), scores, kinds)

    def _run(self, blob: Array) -> list[Array]:
        try:
            answers = self._session.run(None, {self._input: blob.astype(self._type, copy=False)})
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The detector failed: {str(error)[:200]}") from error
        return [np.asarray(answer, np.float32) for answer in answers]


def _sides(shape: Sequence[object], about: dict[str, str]) -> tuple[int, int]:
    """Height and width of the network's picture: fixed in the file, else as it was trained, else 640."""
    said = [int(side) for side in about.get("imgsz", "").strip("[] ").split(",") if side.strip().isdecimal()]
    trained = said * 2 if len(said) == 1 else said if len(said) == 2 else [SIDE_DEFAULT, SIDE_DEFAULT]
    sides = [own if isinstance(own, int) and own > 0 else other for own, other in zip(shape, trained, strict=True)]
    if not all(32 <= side <= SIDE_MAX for side in sides):
        raise EngineError(f"A detector's picture of {sides[1]} x {sides[0]} pixels is out of reach.")
    return sides[0], sides[1]


def _decoder(export: Export) -> Decoder:
    family = export.about.get("family", "")
    if not family and "Ultralytics" in export.about.get("author", ""):
        family = Ultralytics.family
    for known in FAMILIES:
        if known.family == family or (not family and known.fits(export)):
            return known(export)
    raise EngineError(
        f"{export.file} cannot be read: it answers {export.shapes} to a picture of {export.width} x {export.height}; "
        "detectors of the families YOLOX, NanoDet and Ultralytics can be."
    )


def _tile_boxes(width: int, height: int, tiles: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of overlapping tiles that cover the picture."""

    def cuts(length: int) -> list[tuple[int, int]]:
        size = int(np.ceil(length / (tiles - (tiles - 1) * _TILE_OVERLAP)))
        starts = np.linspace(0, length - size, tiles).round().astype(int)
        return [(int(start), int(start) + size) for start in starts]

    return [(left, top, right, bottom) for (top, bottom), (left, right) in product(cuts(height), cuts(width))]
