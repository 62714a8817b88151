"""Plates read by PaddleOCR's text recognition, from a model folder on this machine; nothing is ever downloaded.

Where plates are is found as by the default reader; what is cut out there goes to PaddleOCR.
"""

import re
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from parkhub.domain.cameras import Area
from parkhub.domain.plates import PlateRead, Reading
from parkhub.errors import EngineError, InvalidInputError
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture
from tasks.vision.plates.onnx_reader import OnnxReader

ABOUT: Final = "inference.yml"
"""What PaddleOCR 3 puts beside a model: its name, how pictures are prepared, its characters."""


class Recognition(Protocol):
    """The part of `paddleocr.TextRecognition` (3.x) that is used."""

    def predict(self, strips: list[Picture], /, *, batch_size: int = 1) -> Sequence[Mapping[str, Any]]:
        """For each BGR picture of one line ``rec_text`` and ``rec_score``, the letters' mean probability."""
        ...


class PaddleReader:
    """See `PlateReader`. PaddleOCR gives no alternatives for a letter, so candidates come from the votes alone."""

    name = "paddleocr"

    def __init__(self, recognition: Recognition, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._reader = OnnxReader(threads, providers, PaddleStrips(recognition))

    def read(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[PlateRead]:
        """Plates of one picture, surest first. Raises EngineError, InvalidInputError for an unknown region."""
        return self._reader.read(picture, region, excluded)


class PaddleStrips:
    """See `StripReader`. One call at a time: Paddle's predictors are not thread-safe."""

    def __init__(self, recognition: Recognition) -> None:
        self._recognition, self._turn = recognition, threading.Lock()

    def read(self, strips: Sequence[Picture]) -> list[Reading]:
        """One reading per strip, all its letters as sure as the whole. Raises EngineError."""
        if not strips:
            return []
        try:
            with self._turn:
                found = list(self._recognition.predict(list(strips), batch_size=len(strips)))
        except Exception as error:  # the edge to Paddle, whose errors share no base class
            raise EngineError(f"PaddleOCR failed: {str(error)[:200]}") from error
        if len(found) != len(strips):
            raise EngineError(f"PaddleOCR answered {len(found)} times to {len(strips)} strips.")
        return [_reading(str(one["rec_text"]), float(one["rec_score"])) for one in found]


def open_recognition(model_dir: Path | None, threads: int = 1) -> Recognition:
    """PaddleOCR's text recognition from its folder, on the CPU.

    Raises InvalidInputError for a folder without a model, EngineError when PaddleOCR is missing or cannot load it.
    """
    if model_dir is None:
        raise InvalidInputError("The paddleocr engine needs the folder of a PaddleOCR text recognition model.")
    name = _model_name(model_dir)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its compilers are not there, and are not wanted
            import paddle
            from paddleocr import TextRecognition
    except ImportError as error:
        raise EngineError(
            f"PaddleOCR is not installed ({error}): install ParkHub's extra `paddleocr`, in an environment of its own."
        ) from None
    paddle.disable_signal_handler()  # it would turn the end of a process into a report of a crash
    try:
        found: Recognition = TextRecognition(
            model_name=name, model_dir=str(model_dir), device="cpu", cpu_threads=threads
        )
    except Exception as error:  # the same edge
        raise EngineError(f"PaddleOCR cannot load {model_dir}: {str(error)[:200]}") from error
    return found


def _model_name(folder: Path) -> str:
    try:
        about = (folder / ABOUT).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidInputError(
            f"{folder} is no folder of a PaddleOCR model: it should hold {ABOUT} and the model's files."
        ) from None
    name = re.search(r"^\s*model_name:\s*['\"]?([\w.-]+)", about, re.MULTILINE)
    if name is None or not name[1].endswith("_rec"):
        raise InvalidInputError(f"{folder / ABOUT} does not name a text recognition model (…_rec).")
    return name[1]


def _reading(text: str, chance: float) -> Reading:
    return Reading(tuple(((letter, chance),) for letter in text if letter.strip()))
