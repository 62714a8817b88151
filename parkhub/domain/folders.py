"""Watched folders: which files in one are finished and new."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

SETTLED_S: Final = 1.0
"""A file that has not changed for so long is taken for finished."""
PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")


class TimeFrom(StrEnum):
    """What says when a file's picture was taken."""

    FILE = "file"  # what the camera noted in it, else when it was written
    NOW = "now"


class FileState(StrEnum):
    """What became of a file."""

    TAKING = "taking"
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder whose pictures are a camera's. ``deletes``: files that were taken are deleted there."""

    id: int
    camera_id: int
    path: str
    time_from: TimeFrom
    deletes: bool
    enabled: bool
    created_at: datetime
    looked_at: datetime | None = None
    taken: int = 0
    refused: int = 0
    last_taken_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it lies there; ``name`` is its path within the folder, which on a disk may be any bytes."""

    name: str
    size: int
    mtime_ns: int

    @property
    def shown(self) -> str:
        """Its name as it can be kept and shown; what in it is no UTF-8 is a question mark."""
        return self.name.encode(errors="replace").decode()

    @property
    def stamp(self) -> tuple[int, int]:
        """Changes when somebody writes to it."""
        return self.size, self.mtime_ns


@dataclass(slots=True)
class FolderMemory:
    """What one process remembers of a folder from look to look: since when each file stands still, and which are over.

    Whatever is forgotten here is found out again by a file's bytes.
    """

    loaded: bool = False
    over: dict[str, tuple[int, int]] = field(default_factory=dict)
    still: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)

    def finished(self, files: Iterable[FoundFile], now_s: float) -> tuple[list[FoundFile], bool]:
        """Files that are new or changed and stand still, the one written first before others; and whether some do not
        yet. ``now_s``: of a clock that only goes forward."""
        found, waits = [], False
        before, self.still = self.still, {}
        over, self.over = self.over, {}
        for file in files:
            if over.get(file.name) == file.stamp:
                self.over[file.name] = file.stamp
                continue
            stamp, since_s = before.get(file.name, (None, now_s))
            if stamp != file.stamp:
                since_s = now_s
            self.still[file.name] = file.stamp, since_s
            if file.size > 0 and now_s - since_s >= SETTLED_S:
                found.append(file)
            else:
                waits = True
        return sorted(found, key=lambda file: (file.mtime_ns, file.name)), waits

    def done_with(self, file: FoundFile) -> None:
        """Look at it no more until it changes."""
        self.still.pop(file.name, None)
        self.over[file.name] = file.stamp


def overlaps(path: str, other: str) -> bool:
    """Whether one folder is the other, or lies in it."""
    one, two = f"{path.rstrip('/')}/", f"{other.rstrip('/')}/"
    return one.startswith(two) or two.startswith(one)


def is_picture(name: str) -> bool:
    """Whether a file's name is a finished picture's: copying programs write to names that begin with a dot."""
    last = name.rsplit("/", 1)[-1]
    return not last.startswith(".") and last.lower().endswith(PICTURES)
