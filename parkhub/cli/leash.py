"""Turns into another program that dies with the process that started it: `leash.py PARENT_PID COMMAND…`.

The kernel is told to kill this process when its parent ends (prctl(2), PR_SET_PDEATHSIG; it outlives execve), so that
a supervisor killed with SIGKILL leaves no orphan. Run as a program of its own instead of between fork and exec, where
Python code is not safe. Imports nothing of ParkHub: it stands between every start and the program started.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the command."""
    parent_pid, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.exit(f"parkhub: {command[0]} cannot be tied to its supervisor: {os.strerror(ctypes.get_errno())}.")
    if os.getppid() != parent_pid:  # the supervisor ended before the kernel knew
        os._exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted; the command is the supervisor's own
    except OSError as error:
        sys.exit(f"parkhub: {command[0]} cannot be started: {error.strerror}.")


if __name__ == "__main__":
    main()
