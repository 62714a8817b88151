"""What every plate reader looks like from outside: a picture in, plates out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from parkhub.domain.cameras import Area
from parkhub.domain.plates import PlateRead, Reading
from parkhub.errors import InvalidInputError
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture


class StripReader(Protocol):
    """Reads plates that are already cut out of a picture. Thread-safe."""

    def read(self, strips: Sequence[Picture]) -> list[Reading]:
        """One reading per strip: a plate, or one of its lines, as `strips.strip` cuts it. Raises EngineError."""
        ...


class PlateReader(Protocol):
    """Reads plates in pictures. Thread-safe; keeps nothing between calls but its models."""

    name: str

    def read(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[PlateRead]:
        """Plates of a whole picture, surest first.

        ``region``: whose layouts to expect (`plate_layouts.REGIONS`). ``excluded``: areas never looked at, such as a
        burnt-in clock. Raises EngineError when it cannot look at all and
        InvalidInputError for an unknown region; no plate is an empty list.
        """
        ...


def open_reader(
    name: str = "onnx", *, model_dir: Path | None = None, threads: int = 1, providers: Sequence[str] = PROVIDERS
) -> PlateReader:
    """The plate reader of that name: ``onnx`` or ``paddleocr``. Slow (models are loaded): open once, read often.

    ``model_dir``: the folder of PaddleOCR's recogniser; the other reader has its own models. Raises InvalidInputError
    for a wrong name and for a folder that is missing or not wanted, EngineError for what cannot be loaded.
    """
    if name == "paddleocr":
        from tasks.vision.plates.paddle_reader import PaddleReader, open_recognition

        return PaddleReader(open_recognition(model_dir, threads), threads, providers)
    if name != "onnx":
        raise InvalidInputError(f"There is no plate reader {name!r}; choose onnx or paddleocr.")
    if model_dir is not None:
        raise InvalidInputError("The onnx plate reader has its own models; a model folder is for paddleocr.")
    from tasks.vision.plates.onnx_reader import OnnxReader

    return OnnxReader(threads, providers)
