"""Ends a process for certain, as far as the system lets anybody, and with its parent."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol

LOOK_S = 1.0
PR_SET_PDEATHSIG = 1
HELD = "A driver holds the camera's process and does not let it end. Only a restart of the machine may help."


class Child(Protocol):
    """See `multiprocessing.process.BaseProcess`."""

    @property
    def exitcode(self) -> int | None:
        """None while it is there."""

    def kill(self) -> None:
        """Ask the system to end it."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""

    def close(self) -> None:
        """Let go of it; only once it has ended."""


def end_child(child: Child, wait_s: float, stopping: threading.Event, held: Callable[[str], None]) -> int | None:
    """Kill ``child`` and return its exit status; None where it was still there when ``stopping`` was set.

    A process that stands in a driver does not end even so. It has the camera, and another one would soon stand beside
    it, so it is waited for; ``held`` is told why, because nobody would ever know.
    """
    child.kill()
    child.join(wait_s)
    if child.exitcode is None:
        held(HELD)
        while child.exitcode is None and not stopping.wait(LOOK_S):
            continue
    status = child.exitcode
    if status is not None:
        child.close()
    return status


def die_with_parent() -> None:
    """Have the system end this process when its parent is gone, however that goes."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or parent == 1:
            os._exit(1)
