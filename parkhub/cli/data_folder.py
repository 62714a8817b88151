"""The data folder of one installation: made private, and held by one supervisor at a time."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parkhub.errors import ConflictError, SettingsError
from parkhub.settings import PREFIX

LOCK_NAME = "parkhub.lock"

_LOCK_WAIT_S = 1.0


def make_data_folder(folder: Path) -> None:
    """Make sure the folder is there, only for this user, and can be written. Raises SettingsError."""
    name = f"{PREFIX}DATA_DIR"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError:
        raise SettingsError(f"{name} is wrong: {folder} is not a folder.") from None
    except OSError as error:
        raise SettingsError(f"{name} is wrong: {folder} cannot be created ({error.strerror}).") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SettingsError(f"{name} is wrong: {folder} cannot be written by this user.")
    found = folder.stat()
    if found.st_mode & stat.S_ISVTX:
        raise SettingsError(f"{name} is wrong: {folder} is shared by all users; choose a folder in it.")
    if found.st_uid == os.geteuid():
        try:
            folder.chmod(0o700)  # it may have been there before, open to all
        except OSError as error:
            raise SettingsError(f"{name} is wrong: {folder} cannot be made private ({error.strerror}).") from None
    elif found.st_mode & 0o022:
        raise SettingsError(f"{name} is wrong: {folder} is another user's, and more than its owner may write there.")


@contextmanager
def hold(folder: Path) -> Iterator[int]:
    """Hold the folder; yields the lock's file descriptor. Raises ConflictError when another process holds it.

    The kernel frees the lock when the last process that has the descriptor ends, however it ends. The embedded Redis
    is given it too: after kill -9 of a supervisor nobody starts a second Redis on files the first still writes.
    """
    path = folder / LOCK_NAME
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR is wrong: {path} cannot be written ({error.strerror}).") from None
    try:
        _lock(lock, folder)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    deadline = time.monotonic() + _LOCK_WAIT_S  # the children of a killed supervisor need a moment to end
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            pid = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise ConflictError(
                f"ParkHub already runs on the data folder {folder} (process {pid}). "
                "Stop that one first, or choose another folder with --data-dir."
            ) from None
        return
