"""The shipped engine: a small network looks at every spot's crop. No memory, no neighbours' states, no schedule."""

import copy
import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spot_heads import SpotHead
from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from parkhub.errors import EngineError
from tasks.vision.crops import MARK, Layout, Window, cut, lay, long_side_needed
from tasks.vision.engine import Look
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture

MODEL: Final = Path(__file__).parent / "models" / "spots.onnx"
SIDE_MIN_PX: Final = 9.0  # the longer side of a spot: below this people cannot tell either
DARK: Final = 8.0  # mean grey below which nothing can be told
FLAT: Final = 3.0  # spread of grey of a lens cap, a failed sensor or fog: a dark spot with more can be judged
BLOWN: Final = 250.0
BLOWN_SHARE: Final = 0.9
FAINT: Final = 12.0  # mean grey below which a vehicle is missed too often to call a place free; one found is there
FAINT_SHARE: Final = 0.5  # of a place blown out: the same
INSIDE_MIN: Final = 0.5  # share of the polygon that must lie in the picture
_BATCH_MAX: Final = 256  # keeps memory flat on lots of thousands of spots


class ClassifierEngine:
    """Reads an ONNX file from `tasks.training`: crops (N x side x side x 4, bytes) in, one logit each out.

    The file carries the geometry of its crops and the temperature of its confidence, so that they cannot be mixed up.
    ``shipped_head`` is its last layer; None: it gives no features, so no other can be put in its place.
    """

    name = "classifier"

    def __init__(self, model: Path | None = None, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        path = model or MODEL
        self._session = open_session(path, threads, providers)
        about = self._session.get_modelmeta().custom_metadata_map
        try:
            self.window = Window(
                int(about["side_px"]), float(about["long_room"]), float(about["short_room"]), float(about["raised"])
            )
            self._temperature = float(about["temperature"])
            self._input = self._session.get_inputs()[0].name
        except (KeyError, ValueError, IndexError):
            raise EngineError(
                f"{path.name} is not a spot classifier: its crop geometry is not written in it."
            ) from None
        self.shipped_head = _head(about, path, self._temperature)
        self._head: SpotHead | None = None

    def with_head(self, head: SpotHead) -> Self:
        """This engine with another last layer, on the same session. Raises EngineError when it was not fitted to it."""
        if self.shipped_head is None:
            raise EngineError("This spot classifier cannot be adapted: its file gives no features.")
        if head.model_sha256 != self.shipped_head.model_sha256 or len(head.weights) != len(self.shipped_head.weights):
            raise EngineError("What was learnt of this lot belongs to another model file; it must be learnt anew.")
        adapted = copy.copy(self)
        adapted._head = head
        return adapted

    def long_side_needed(self, spots: Sequence[SpotShape], width: int, height: int) -> int | None:
        """As many pixels as the crops of the small spots have."""
        return long_side_needed(spots, width, height, self.window)

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:  # noqa: ARG002
        """Judge every spot by its crop alone."""
        if not spots:
            return Look([])
        height, width = picture.shape[:2]
        layout = lay(tuple(spots), width, height, self.window)
        crops = cut(picture, layout)
        chances = self.chances(crops)
        hidden, faint = _blind(crops, layout, width, height)
        unknown = hidden | (faint & (chances < 0.5))
        return Look(
            [
                _observe(spot.name, float(chance), bool(unseen))
                for spot, chance, unseen in zip(spots, chances, unknown, strict=True)
            ]
        )

    def chances(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The chance, 0..1, that each crop's marked place is occupied. Raises EngineError."""
        if self._head is None:
            logits = self._run("logit", crops) / self._temperature
        else:
            weights = np.array(self._head.weights)
            logits = (self.features(crops) @ weights + self._head.bias) / self._head.temperature
        if not np.isfinite(logits).all():
            raise EngineError("The classifier answered with values that are no numbers.")
        chances: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
        return chances

    def features(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """What a head weighs, N x as many as it has weights. Raises EngineError."""
        if self.shipped_head is None:
            raise EngineError("This spot classifier cannot be adapted: its file gives no features.")
        return self._run("features", crops, len(self.shipped_head.weights))

    def _run(self, wanted: str, crops: NDArray[np.uint8], *width: int) -> NDArray[np.float64]:
        """One of the file's outputs, len(crops) x width; a plain row without a width."""
        try:
            parts = [
                self._session.run([wanted], {self._input: crops[start : start + _BATCH_MAX]})[0]
                for start in range(0, len(crops), _BATCH_MAX)
            ]
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The classifier failed: {str(error)[:200]}") from error
        answers = np.concatenate(parts).astype(np.float64)
        if answers.shape != (len(crops), *width):
            raise EngineError(f"The classifier answered in the shape {answers.shape} to {len(crops)} crops.")
        return answers


def _head(about: Mapping[str, str], path: Path, temperature: float) -> SpotHead | None:
    """The last layer that `tasks.training` wrote into the file: weights, then the bias."""
    if "head" not in about:
        return None
    try:
        *weights, bias = np.frombuffer(b64decode(about["head"], validate=True), "<f4").tolist()
        return SpotHead(tuple(weights), bias, temperature, hashlib.sha256(path.read_bytes()).hexdigest())
    except ValueError:
        raise EngineError(f"{path.name} is damaged: its last layer cannot be read.") from None


def _observe(name: str, chance: float, unseen: bool) -> SpotObservation:
    if unseen:
        return SpotObservation(name, SpotState.UNKNOWN, 0.0)
    state = SpotState.OCCUPIED if chance >= 0.5 else SpotState.FREE
    return SpotObservation(name, state, round(max(chance, 1.0 - chance), 4))


def _blind(
    crops: NDArray[np.uint8], layout: Layout, width: int, height: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which places cannot be seen: too small, outside the picture, too dark or blown out to show anything.

    And in which a vehicle may go unseen: with so little light, or so much, that only what is found counts.
    """
    step = slice(None, None, 2)  # every other pixel tells as much
    inside = layout.marks[:, step, step] >= MARK // 2
    count = np.maximum(inside.sum(axis=(1, 2)), 1)
    green = crops[:, step, step, 1]  # near enough to brightness, and no arithmetic
    grey = green.astype(np.float32) * inside
    mean = grey.sum(axis=(1, 2)) / count
    spread = np.sqrt(np.maximum((grey * grey).sum(axis=(1, 2)) / count - mean * mean, 0))
    blown = (grey >= BLOWN).sum(axis=(1, 2)) / count
    hidden = (blown >= BLOWN_SHARE) | ((mean < DARK) & (spread < FLAT)) | _out_of_sight(layout, width, height)
    return hidden, (mean < FAINT) | (blown >= FAINT_SHARE)


def _out_of_sight(layout: Layout, width: int, height: int) -> NDArray[np.bool_]:
    """Too small or mostly outside the picture."""
    low = np.array([polygon.min(axis=0) for polygon in layout.polygons])
    high = np.array([polygon.max(axis=0) for polygon in layout.polygons])
    seen = np.clip(np.minimum(high, [width, height]) - np.maximum(low, 0), 0, None).prod(axis=1)
    hidden: NDArray[np.bool_] = (high - low).max(axis=1) < SIDE_MIN_PX
    hidden |= seen < INSIDE_MIN * (high - low).prod(axis=1)
    return hidden
