"""One node for a state folder: two would send each other's pictures and answer each other's commands."""

import fcntl
import os
from pathlib import Path

LOCK_NAME = "node.lock"
"""Written when a node begins: its time is the node's beginning."""


class InstanceError(Exception):
    """Another node has the folder; the message says which process."""


class Instance:
    """Holds the folder until `close`, or until the process ends however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises InstanceError, and OSError where the folder cannot be written."""
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(self._handle, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise InstanceError(
                f"Another parkhub-node (process {other}) uses {folder}. Stop it first, for a service by "
                "sudo systemctl stop parkhub-node, or give this one another state_folder in node.toml."
            ) from None
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Let another have it."""
        os.close(self._handle)


def find_instance(folder: Path) -> int | None:
    """Return the process that holds the folder, None when nobody does or it cannot be seen."""
    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.read(handle, 20).decode("ascii", "replace").strip()
        return int(said) if said.isdigit() else None
    finally:
        os.close(handle)
    return None
