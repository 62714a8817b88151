"""Tries a model file out: opens it, lets it look at a made picture, and says what it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from parkhub.errors import EngineError
from tasks.vision.model import open_session
from tasks.vision.picture import Picture
from tasks.vision.vehicles.finder import OnnxFinder

SHIPPED: Final = Path(__file__).parent / "models"
_SIDE: Final = 96  # where a file takes any size
_TYPES: Final = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(frozen=True, slots=True)
class Trial:
    """What a file showed of itself: its input as ``1x3x416x416`` (``?``: any), family and vehicle kinds if it has."""

    input: str
    family: str = ""
    kinds: tuple[str, ...] = ()
    licence: str = ""


def made_picture(width: int = 320, height: int = 240) -> Picture:
    """The same picture of noise every time."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def try_detector(model: Path) -> Trial:
    """Find vehicles in a made picture. Raises EngineError for a file that is no detector we can read."""
    finder = OnnxFinder(model)
    finder.find(made_picture())
    kinds = tuple(str(kind) for kind in finder.kinds)
    return Trial(f"1x3x{finder.height}x{finder.width}", finder.family, kinds, finder.licence)


def try_any(model: Path) -> Trial:
    """Run a file of ours that is no detector once. Raises EngineError when it fails or answers no numbers."""
    session = open_session(model, 1)
    given = session.get_inputs()[0]
    shape = [side if isinstance(side, int) else (1 if axis == 0 else _SIDE) for axis, side in enumerate(given.shape)]
    noise = np.random.default_rng(0).integers(0, 2, shape).astype(_TYPES.get(given.type, np.float32))
    try:
        answers = session.run(None, {given.name: noise})
    except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
        raise EngineError(f"{model.name} fails: {str(error)[:200]}") from error
    if not all(np.isfinite(answer).all() for answer in answers):
        raise EngineError(f"{model.name} answers with values that are no numbers.")
    return Trial("x".join(str(side) if isinstance(side, int) else "?" for side in given.shape))
