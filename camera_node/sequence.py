"""Numbers pictures so that no number ever comes twice for a camera: not after a restart, not from two processes.

A number is the time in microseconds, or one more than the last where the clock stands still or goes back. A file
holds the end of the block that is handed out at present; a process takes a new block under a lock, so a number is on
disk as used before it is used, at the cost of one small write a minute.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

BLOCK = 60_000_000
"""Numbers in a block: a minute of microseconds."""


def clock_us() -> int:
    """Return the time in microseconds since 1970."""
    return time.time_ns() // 1000


class Sequence:
    """Hands out the numbers of one camera; safe to share between threads."""

    def __init__(self, file: Path, clock: Callable[[], int] = clock_us) -> None:
        """``file`` keeps the end of the block; it and its folder are made when missing."""
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._last = -1
        self._end = -1

    def take(self) -> int:
        """Return the next number. Raises OSError when the file cannot be written."""
        with self._lock:
            number = max(self._last + 1, self._clock())
            if number > self._end:
                number = self._take_block()
            self._last = number
            return number

    def _take_block(self) -> int:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            text = os.read(handle, 64).decode("ascii", "replace").strip()
            used = int(text) if text.isdigit() else -1
            start = max(self._clock(), used + 1)
            self._end = start + BLOCK - 1
            # Same width always, so overwriting in place never leaves digits of a longer number behind.
            os.pwrite(handle, f"{self._end:020d}\n".encode(), 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        return start


def sequence_file(camera: str) -> Path:
    """Return where the numbers of ``camera`` are kept: below XDG_STATE_HOME or ~/.local/state."""
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "parkhub-node" / f"{camera}.sequence"
