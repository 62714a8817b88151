"""When a file was written, by the clock that nobody sets, and whether that is to be doubted.

A file has only the machine's clock of that moment. It is doubted when it lies in the future, so that the clock is
behind, and when the clock was set since in this boot.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera_node.node_clock import boot_id
from camera_node.sources.frame import now

STEP_S = 2.0
AHEAD_S = 2.0
"""A network drive's clock may be so far ahead, and some disks round so far."""


@dataclass(frozen=True, slots=True)
class FileTime:
    """``captured_at`` is aware UTC, ``monotonic_s`` the same moment since this boot, negative before it."""

    captured_at: datetime
    monotonic_s: float
    doubtful: bool


class FileTimes:
    """Watches for the machine's clock to be set; call `look` often. For one thread."""

    def __init__(
        self, file: Path | None, clock: Callable[[], tuple[datetime, float]] = now, boot: str | None = None
    ) -> None:
        """``file`` keeps over restarts when the clock was set in this boot."""
        self._file, self._clock, self._boot = file, clock, boot or boot_id()
        self._ahead_s: float | None = None
        self._set_s = float("-inf")
        if file is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(file.read_bytes())
                if said["boot"] == self._boot:
                    self._ahead_s, self._set_s = float(said["ahead_s"]), float(said["set_s"])

    def look(self) -> None:
        """Note whether the clock was set since the last look."""
        wall, at_s = self._clock()
        ahead_s, before = wall.timestamp() - at_s, self._ahead_s
        self._ahead_s = ahead_s
        if before is not None and abs(ahead_s - before) <= STEP_S:
            return
        if before is not None:
            self._set_s = at_s
        if self._file is not None:
            said = {"boot": self._boot, "ahead_s": ahead_s, "set_s": self._set_s}
            with contextlib.suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(json.dumps(said), encoding="utf-8")

    def of(self, written_s: float) -> FileTime:
        """Return what is to be believed of a file of ``written_s`` seconds since 1970."""
        self.look()
        wall, at_s = self._clock()
        age_s = wall.timestamp() - written_s
        if age_s < 0:
            return FileTime(wall, at_s, doubtful=age_s < -AHEAD_S)
        return FileTime(datetime.fromtimestamp(written_s, UTC), at_s - age_s, doubtful=at_s - age_s < self._set_s)
