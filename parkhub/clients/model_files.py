"""The files of the models that vision processes work with, told without loading one."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).parents[2] / "tasks" / "vision" / "models"
FILES: Final = {
    "spots": "spots.onnx",
    "vehicles": "vehicles.onnx",
    "plates_find": "plates_find.onnx",
    "plates_read": "plates_read.onnx",
}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """``task``: as in `FILES`; ``sha256`` and ``size_bytes`` None: there is no such file on this machine."""

    task: str
    name: str
    sha256: str | None = None
    size_bytes: int | None = None


def list_model_files(detector_model: str = "", shipped: Path = SHIPPED) -> list[ModelFile]:
    """One for each task. ``detector_model``: the file that finds vehicles in the place of the shipped one.

    Reads files whole when they are new: not on the event loop.
    """
    paths = {task: shipped / name for task, name in FILES.items()}
    if detector_model:
        paths["vehicles"] = Path(detector_model)
    return [_told(task, path) for task, path in paths.items()]


def _told(task: str, path: Path) -> ModelFile:
    try:
        found = path.stat()
        return ModelFile(task, path.name, _sha256(path, found.st_size, found.st_mtime_ns), found.st_size)
    except OSError:
        return ModelFile(task, path.name)


@lru_cache(maxsize=16)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
