"""Real programs, watched from the outside."""

import itertools
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil
from warm import WarmProcess, is_ours

WAIT_S = 60.0
T = TypeVar("T")


def wait_for(look: Callable[[], T | None], what: str, timeout_s: float = WAIT_S) -> T:
    """Look again and again until the answer is neither None nor False nor empty."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"gave up waiting for {what}")


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 12
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """A port that nobody listens on just now, and that nobody else is given: neither by the system nor by a worker."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", 20_000 + 1000 * _WORKER + next(_numbers) % 1000))
            return int(probe.getsockname()[1])


def hearing(signal_name: str) -> list[str]:
    """Words before a command that hears a signal: tests in the background or under nohup hand down that it is not."""
    return ["env", f"--default-signal={signal_name}"]


def start(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path | None,
    stdin: IO[bytes] | int,
    out: IO[bytes],
    err: IO[bytes],
) -> "subprocess.Popen[bytes] | WarmProcess":
    """Start a command with this environment, without waiting for anything."""
    begin = WarmProcess if is_ours(command) else subprocess.Popen
    return begin(command, env=env, cwd=cwd, stdin=stdin, stdout=out, stderr=err)


def completed(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    timeout_s: float = WAIT_S,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end. ``env``: all of its environment, None: the tests' own."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        process = start(command, os.environ if env is None else env, cwd, given, out, err)
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        for told in (out, err):
            told.seek(0)
        return subprocess.CompletedProcess(command, status, out.read().decode(), err.read().decode())


class Program:
    """A program that runs, what it prints and every process it has started."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str], cwd: Path | None) -> None:
        self._stdout = folder / f"{time.monotonic_ns()}.out"
        self._stderr = self._stdout.with_suffix(".err")
        with self._stdout.open("wb") as out, self._stderr.open("wb") as err:
            self.process = start(command, {**os.environ, **env}, cwd, subprocess.DEVNULL, out, err)
        self.seen: dict[int, psutil.Process] = {}

    @property
    def stdout(self) -> str:
        return self._stdout.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(errors="replace")

    def log_lines(self, message: str) -> list[dict[str, Any]]:
        """Its JSON log lines with this message."""
        lines = [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if line.get("message") == message]

    def family(self) -> list[psutil.Process]:
        """Every process below it that runs now; they are remembered."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self.seen.update((member.pid, member) for member in found)
        return found

    def member(self, words: str) -> psutil.Process | None:
        """The process below it whose command line holds these words."""
        for member in self.family():
            try:
                line = " ".join(member.cmdline())
            except psutil.Error:
                continue
            if words in line and "leash.py" not in line:
                return member
        return None

    def survivors(self) -> list[psutil.Process]:
        """Members seen before that still run."""
        return [member for member in self.seen.values() if runs(member)]

    def signal(self, number: int) -> None:
        self.family()
        self.process.send_signal(number)

    def end(self, timeout_s: float = WAIT_S) -> int:
        """Wait for its end; its exit status."""
        return self.process.wait(timeout_s)


def runs(process: psutil.Process) -> bool:
    """Whether it is there and no zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(
    command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Program]:
    """Run a program; it and everything it started is gone afterwards, whatever happens."""
    program = Program(command, folder, env or {}, cwd)
    try:
        yield program
    finally:
        program.family()
        if program.process.poll() is None:
            program.process.send_signal(signal.SIGKILL)
            program.process.wait()
        for member in program.survivors():
            member.kill()
