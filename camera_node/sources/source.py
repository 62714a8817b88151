"""What every source of pictures can do."""

from dataclasses import dataclass, field
from typing import Protocol

from camera_node.configuration import CameraControls
from camera_node.sources.frame import Frame


class SourceError(Exception):
    """The source gives nothing now; the message is a sentence without passwords. Opening it again may help."""


class SourceEndedError(Exception):
    """The source has given everything that it will ever give."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How often a frame is wanted (0: every one), no wider than ``width_max``, and how the camera is to be set."""

    gap_s: float = 0.0
    width_max: int = 0
    controls: CameraControls = field(default_factory=CameraControls)


class Source(Protocol):
    """A camera or what stands for one. Used by one thread; `hurry` alone may be called by others."""

    @property
    def name(self) -> str:
        """For people, without a password."""

    @property
    def each(self) -> bool:
        """Whether every frame is one that somebody wants (a file in a folder), not one of many of a stream."""

    @property
    def patient(self) -> bool:
        """Whether it can wait while nobody takes its frames, so that none needs to be lost."""

    @property
    def late(self) -> int:
        """How many frames were skipped because newer ones were there."""

    def open(self) -> None:
        """Begin. Raises SourceError."""

    def read(self) -> Frame | None:
        """Wait for the next frame that is due, at most about a second; None when there was none.

        Late frames are skipped, so that the newest comes. Raises SourceError (then close and open again) and
        SourceEndedError.
        """

    def configure(self, wanted: Wanted) -> None:
        """Do so from the next frame on; may be called before `open`. Raises SourceError."""

    def hurry(self) -> None:
        """Make a frame due now, whatever the gap."""

    def close(self) -> None:
        """Let go of everything; `open` may follow. Never raises."""
