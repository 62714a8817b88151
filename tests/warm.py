"""Programs of ours that begin in a copy of a process which has loaded ParkHub already.

Loading takes two seconds of a core, and the tests start some hundred processes. Each is a process of its own all the
same, with its own arguments, environment and folder, and may be killed. How programs start from nothing is shown by
the tests of `parkhub up`, of the installed package and of what must not be loaded.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

OURS: Final = frozenset({"parkhub.cli.main", "parkhub.cli.serve", "tasks.worker", "uvicorn"})
ANSWER_BYTES_MAX: Final = 64
_FIRST = Path(__file__).parent / "warm_process.py"


def is_ours(command: Sequence[str]) -> bool:
    """Whether a command may begin in a copy."""
    return list(command[:2]) == [sys.executable, "-m"] and command[2] in OURS


class _First:
    """The process that is copied; gone when nobody can ask it any more."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            fd = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, str(_FIRST), str(fd)], pass_fds=[fd], stdin=subprocess.DEVNULL
            )

    def ask(self, what: Mapping[str, object], files: Sequence[int] = ()) -> int:
        with self._turn:
            socket.send_fds(self._line, [json.dumps(what).encode()], files)
            return int(self._line.recv(ANSWER_BYTES_MAX))


_firsts: list[_First] = []
_making = threading.Lock()


def _first() -> _First:
    with _making:
        if not _firsts:
            _firsts.append(_First())
        return _firsts[0]


class WarmProcess:
    """What `subprocess.Popen` is to other commands. ``env`` is all of its environment."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: IO[bytes] | int,
        stdout: IO[bytes],
        stderr: IO[bytes],
    ) -> None:
        ask = {"module": command[2], "words": list(command[3:]), "env": dict(env), "cwd": str(cwd or Path.cwd())}
        with open(os.devnull, "rb") as nothing:
            given = nothing if isinstance(stdin, int) else stdin
            self.pid = _first().ask(ask, [given.fileno(), stdout.fileno(), stderr.fileno()])
        self._ends = os.pidfd_open(self.pid)
        self._turn = threading.Lock()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return status

    def _ended(self, timeout_s: float | None) -> int | None:
        with self._turn:
            if self.returncode is None and select.select([self._ends], [], [], timeout_s)[0]:
                self.returncode = _first().ask({"end": self.pid})
                os.close(self._ends)
            return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing happens once its end is known."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._ends, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)
