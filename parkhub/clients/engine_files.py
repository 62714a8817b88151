"""The files that cameras recognise with, as they are shipped. Bytes only: nothing here knows what is in them."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

MODELS: Final = Path(__file__).parents[2] / "tasks" / "vision" / "models"
SPOTS: Final = MODELS / "spots.onnx"
GATE: Final = ("plates_find.onnx", "plates_read.onnx", "vehicles.onnx")
"""What a camera at a gate needs besides: they find plates, read them, and find vehicles."""


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A file with its SHA-256, hex."""

    data: bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "ShippedFile":
        """With its digest."""
        return cls(data, hashlib.sha256(data).hexdigest())


def spots_model() -> ShippedFile:
    """The spot classifier; read once."""
    return _read(SPOTS)


def gate_models() -> dict[str, ShippedFile]:
    """The networks for gates by name; read once."""
    return {name: _read(MODELS / name) for name in GATE}


@cache
def _read(path: Path) -> ShippedFile:
    return ShippedFile.of(path.read_bytes())
