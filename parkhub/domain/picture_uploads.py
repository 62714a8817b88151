"""Pictures that staff send by hand, and what is found in each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

PICTURES_MAX: Final = 200
ATTEMPTS_MAX: Final = 3
"""So often a picture is begun that breaks off every time."""


class PictureWish(StrEnum):
    """What is to become of pictures. All but CAMERA only look: nothing of a car park changes."""

    CAMERA = "camera"
    SPOTS = "spots"
    VEHICLES = "vehicles"
    PLATES = "plates"


class UploadStatus(StrEnum):
    """Where one picture stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more will happen unless somebody asks."""
        return self in (UploadStatus.DONE, UploadStatus.FAILED)


@dataclass(frozen=True, slots=True)
class PictureUpload:
    """Pictures sent together. ``camera_id``: whose they are to be, or whose marking or gate is looked at."""

    id: int
    account_id: int
    camera_id: int | None
    wish: PictureWish
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A file on its way in. With an ``error`` it was not taken, and the rest is empty."""

    name: str
    picture_key: str = ""
    media_type: str = ""
    width: int = 0
    height: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class UploadedPicture(NewPicture):
    """One picture with its ``result``, once done. Places and boxes (left, top, width, height) are in 0..1 of it."""

    id: int = 0
    upload_id: int = 0
    status: UploadStatus = UploadStatus.WAITING
    attempts: int = 0
    result: dict[str, Any] | None = None
    ended_at: datetime | None = None

    @property
    def may_try_again(self) -> bool:
        """Whether it failed after its bytes were taken."""
        return self.status is UploadStatus.FAILED and bool(self.picture_key)


@dataclass(frozen=True, slots=True)
class UploadCount:
    """How far an upload is."""

    total: int
    done: int
    failed: int

    @property
    def ended(self) -> bool:
        """Every picture has been looked at, or could not be."""
        return self.done + self.failed >= self.total
