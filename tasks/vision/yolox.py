"""Vehicles in whole pictures, by any detector exported in the manner of YOLOX."""

from pathlib import Path

from parkhub.domain.vehicles import Vehicle
from parkhub.errors import EngineError
from tasks.vision.picture import Picture


class VehicleDetector:
    """A YOLOX-type ONNX file, opened once; thread-safe."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        self._model, self._threads = model, threads

    def detect(self, picture: Picture) -> list[Vehicle]:
        """Vehicles of the picture, surest first, boxes in its pixels. Raises EngineError."""
        raise EngineError("not landed yet")
