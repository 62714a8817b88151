"""What every spot engine looks like from outside: a picture and spots in, opinions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parkhub.domain.spots import SpotObservation, SpotShape
from parkhub.domain.vehicles import Vehicle
from parkhub.errors import InvalidInputError
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture, decode, size_of


@dataclass(frozen=True, slots=True)
class Look:
    """One engine's opinions, one per spot in the order asked.

    ``memory`` is what the engine wants to see again with this camera's next picture (None: it keeps nothing). It is
    plain bytes, so that any process can carry on where another stopped. ``vehicles``: all of the picture, surest
    first, on spots or not; None: this engine does not find vehicles.
    """

    observations: list[SpotObservation]
    memory: bytes | None = None
    vehicles: tuple[Vehicle, ...] | None = None


class SpotEngine(Protocol):
    """Judges spots in pictures. Thread-safe; keeps nothing between calls but its model."""

    name: str

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:
        """Judge every spot of one camera's picture; ``memory`` comes from this camera's last look.

        Raises EngineError when it cannot judge at all; a spot it could not see is UNKNOWN, never left out.
        """
        ...

    def long_side_needed(self, spots: Sequence[SpotShape], width: int, height: int) -> int | None:
        """Pixels the longer side of a ``width`` x ``height`` picture must keep; None means all of them."""
        ...


def open_engine(
    name: str, *, model: Path | None = None, threads: int = 1, providers: Sequence[str] = PROVIDERS
) -> SpotEngine:
    """The engine of that name: ``classifier``, ``difference`` or ``detector``.

    ``model``: another ONNX file than the one shipped. ``threads``: threads of one run of the model; ``providers``:
    see `open_session`. Raises InvalidInputError for a wrong name, EngineError for a model that cannot be loaded.
    Slow (a model is loaded): open once, look often.
    """
    if name == "classifier":
        from tasks.vision.classifier import ClassifierEngine

        return ClassifierEngine(model, threads, providers)
    if name == "difference":
        from tasks.vision.difference import DifferenceEngine

        if model is not None:
            raise InvalidInputError("The difference engine works without a model; leave the model out.")
        return DifferenceEngine()
    if name == "detector":
        from tasks.vision.detector import DetectorEngine

        return DetectorEngine(model, threads, providers)
    raise InvalidInputError(f"There is no engine {name!r}; choose classifier, difference or detector.")


def decode_for(engine: SpotEngine, data: bytes, spots: Sequence[SpotShape]) -> Picture:
    """Decode a picture once, no larger than the engine needs for these spots. Raises PictureError."""
    size = size_of(data)
    return decode(data, engine.long_side_needed(spots, *size) if size else None)
