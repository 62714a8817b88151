"""Numbers pictures so that no number comes twice for a camera: not after a restart, not when every file is lost.

Nothing is kept on disk that could be lost, restored from an old copy or be shared by two machines, and no clock is
asked. Each start counts on from a random number below 2^62. Ten starts a day for ten years with 100,000 pictures each
meet one another with a chance of one in 30,000; whoever is told that a number was used (409) begins anew.
"""

import secrets
import threading

SEQUENCE_MAX = 2**62 - 1
ROOM = 2**40
"""More than any start ever counts."""


class Sequence:
    """Hands out the numbers of one camera; safe to share between threads, not between processes: make one in each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = _start()

    def take(self) -> int:
        """Return the next number."""
        with self._lock:
            number = self._next
            self._next += 1
            return number

    def begin_anew(self) -> None:
        """Leave these numbers, because the server has met one of them before."""
        with self._lock:
            self._next = _start()


def _start() -> int:
    return secrets.randbelow(SEQUENCE_MAX - ROOM)
