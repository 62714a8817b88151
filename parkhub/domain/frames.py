"""Frames: one stored picture each, with what was read from it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

RESULTS: Final = "application/json"
"""The media type of what a camera has recognised itself and sent in its picture's place."""


class FrameStatus(StrEnum):
    """A frame is stored, then read once, or could not be read."""

    STORED = "stored"
    READ = "read"
    LATE = "late"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewFrame:
    """A verified upload on its way into the database. ``picture_key`` is its place in the picture store.

    ``clock_unsure``: its node did not know when it was taken, so ``captured_at`` is a guess.
    """

    camera_id: int
    sequence: int
    captured_at: datetime
    received_at: datetime
    sha256: str
    byte_count: int
    width: int
    height: int
    media_type: str
    picture_key: str
    clock_unsure: bool = field(default=False, kw_only=True)

    @property
    def has_picture(self) -> bool:
        """Whether a picture was sent; else what its camera saw in it, and the picture stays there."""
        return self.media_type != RESULTS


@dataclass(frozen=True, slots=True)
class Frame(NewFrame):
    """A stored frame. ``error`` says why it could not be read."""

    id: int
    status: FrameStatus
    error: str
    ms: float | None
