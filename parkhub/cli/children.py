"""One program that the supervisor runs: how it is started, signalled, listened to and collected."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from parkhub.logs import PROCESS_VARIABLE

log = structlog.get_logger()

LEASH = Path(__file__).with_name("leash.py")

DELAY_FIRST_S = 0.2
DELAY_MAX_S = 30.0
STABLE_S = 30.0
"""A process that ran this long before it died starts with the first delay again."""

_READ_BYTES = 65536
_LINE_BYTES_MAX = 8192


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One program to keep running.

    ``env`` is added to the supervisor's own. ``pass_fds`` stay open in the child under the same numbers. ``relay``:
    what it prints becomes log lines (at `debug`; the last of them are told when it dies), else it shares the
    supervisor's output. ``last``: others depend on it, so it is stopped after them.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    pass_fds: Sequence[int] = ()
    relay: bool = False
    last: bool = False


class Child:
    """A spec with the process that runs it now, if one does. ``start_at``: when to start it again (monotonic)."""

    def __init__(self, spec: ProcessSpec, *, once: bool) -> None:
        self.spec = spec
        self.once = once
        self.start_at: float | None = None
        self.deaths = 0
        self.exit_status: int | None = None
        self.said: deque[str] = deque(maxlen=5)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._delay_s = DELAY_FIRST_S
        self._unfinished = b""

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def output_fd(self) -> int | None:
        """Where to read what it prints, when that is relayed."""
        if self._process is None or self._process.stdout is None:
            return None
        return self._process.stdout.fileno()

    def start(self) -> None:
        """Start the process on its leash, leader of a session and process group of its own. Raises OSError."""
        spec = self.spec
        self.start_at = None
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - the command is the supervisor's own
            [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *spec.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if spec.relay else None,
            stderr=subprocess.STDOUT if spec.relay else None,
            pass_fds=tuple(spec.pass_fds),
            env={**os.environ, PROCESS_VARIABLE: spec.name, **spec.env},
            start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor only
        )
        if self.output_fd is not None:
            os.set_blocking(self.output_fd, False)
        log.debug("started", name=spec.name, pid=self._process.pid)

    def signal(self, number: int) -> None:
        """Signal the process and all it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS forbids signalling a group of zombies
            os.killpg(self._process.pid, number)

    def read_output(self) -> bool:
        """Turn what it printed into log lines; False when it will print no more."""
        if self.output_fd is None:
            return False
        try:
            data = os.read(self.output_fd, _READ_BYTES)
        except BlockingIOError:
            return True
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > _LINE_BYTES_MAX or (not data and self._unfinished):
            lines.append(self._unfinished)
            self._unfinished = b""
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if text:
                self.said.append(text)
                log.debug(text, process=self.spec.name)
        return bool(data)

    def has_ended(self) -> bool:
        """Whether the process is there no more and waits to be collected."""
        return self._process is not None and self._process.poll() is not None

    def collect(self, *, again: bool) -> None:
        """Take leave of the ended process; ``again`` plans its next start."""
        process = self._process
        if process is None:
            return
        process.wait()
        self.signal(signal.SIGKILL)  # whatever it started itself goes with it
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
        self.exit_status = process.returncode
        if again:
            self.plan_restart(say_exit(process.returncode), process.pid)
        else:
            log.debug("ended", name=self.spec.name, exit=say_exit(process.returncode))

    def plan_restart(self, reason: str, pid: int | None) -> None:
        """Start again after a while, which doubles with each death until the process runs stably."""
        self.deaths += 1
        now = time.monotonic()
        if now - self._started_at >= STABLE_S:
            self._delay_s = DELAY_FIRST_S
        self.start_at = now + self._delay_s
        told = {"said": list(self.said)} if self.said else {}
        log.warning(
            "process ended, starting it again",
            name=self.spec.name,
            pid=pid,
            reason=reason,
            delay_s=self._delay_s,
            **told,
        )
        self.said.clear()
        self._delay_s = min(self._delay_s * 2, DELAY_MAX_S)


def say_exit(status: int) -> str:
    """An exit status in words; negative: the signal that ended it."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
