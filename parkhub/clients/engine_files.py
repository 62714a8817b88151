"""The files that cameras recognise with, as they are shipped. Bytes only: nothing here knows what is in them."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

SPOTS: Final = Path(__file__).parents[2] / "tasks" / "vision" / "models" / "spots.onnx"


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A file with its SHA-256, hex."""

    data: bytes
    sha256: str


@cache
def spots_model() -> ShippedFile:
    """The spot classifier; read once."""
    data = SPOTS.read_bytes()
    return ShippedFile(data, hashlib.sha256(data).hexdigest())
