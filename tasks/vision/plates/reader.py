"""What every plate reader looks like from outside: a picture in, plates out."""

from collections.abc import Sequence
from typing import Protocol

from parkhub.domain.plates import PlateRead
from parkhub.errors import InvalidInputError
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture


class PlateReader(Protocol):
    """Reads plates in pictures. Thread-safe; keeps nothing between calls but its models."""

    name: str

    def read(
        self, picture: Picture, region: str = "auto", excluded: Sequence[tuple[float, float, float, float]] = ()
    ) -> list[PlateRead]:
        """Plates of a whole picture, surest first.

        ``region``: whose layouts to expect (`plate_layouts.REGIONS`). ``excluded``: areas never looked at, such as a
        burnt-in clock: left, top, width, height in 0..1. Raises EngineError when it cannot look at all and
        InvalidInputError for an unknown region; no plate is an empty list.
        """
        ...


def open_reader(name: str = "onnx", *, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> PlateReader:
    """The plate reader of that name. Slow (models are loaded): open once, read often. Raises InvalidInputError."""
    if name == "onnx":
        from tasks.vision.plates.onnx_reader import OnnxReader

        return OnnxReader(threads, providers)
    raise InvalidInputError(f"There is no plate reader {name!r}; choose onnx.")
