"""A picture as it leaves the node: bytes with their type, a name for people, and when it was taken."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

MEDIA_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
RESULTS = "application/json"
"""The media type of what was seen in a picture that stays here."""

VIDEO_ENDINGS = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".ts", ".mpg", ".mpeg"})
UNFINISHED_ENDINGS = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swx", "~")


class Kind(StrEnum):
    """What a picture is for: the whole lot now and then, or one of a vehicle that passes a gate."""

    OVERVIEW = "overview"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Picture:
    """``data`` is the whole file; ``captured_at`` is aware UTC, as this machine's clock told it.

    ``rank`` says which picture of a burst is the better one (higher first; 0 for an overview). ``monotonic_s`` is
    `monotonic_s` at the capture, None for a picture of another time. ``width`` and ``height`` in pixels, 0: not known.
    ``doubtful``: the time is a file's whose clock was wrong.
    """

    name: str
    data: bytes = field(repr=False)
    media_type: str
    captured_at: datetime
    kind: Kind = Kind.OVERVIEW
    rank: float = 0.0
    monotonic_s: float | None = None
    width: int = 0
    height: int = 0
    doubtful: bool = False


def monotonic_s() -> float:
    """Seconds since the machine's start by a clock that nobody sets, sleep counted where the system can (Linux)."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def is_picture_name(path: Path) -> bool:
    """Say whether a name promises a finished picture: a known ending, not hidden, not a temporary name."""
    name = path.name
    return (
        path.suffix.lower() in MEDIA_TYPES
        and not name.startswith((".", "~", "#"))
        and not name.lower().endswith(UNFINISHED_ENDINGS)
    )


def is_video_name(path: Path) -> bool:
    """Say whether a name promises a video."""
    return path.suffix.lower() in VIDEO_ENDINGS


def is_whole(data: bytes) -> bool:
    """Say whether ``data`` has the end its format asks for: what is still being written has not."""
    if data.startswith(b"\xff\xd8"):
        # Cameras pad: an end marker with zeros behind it is an end.
        return data.rstrip(b"\x00").endswith(b"\xff\xd9")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND\xaeB`\x82" in data[-64:]
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    return False
