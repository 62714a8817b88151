"""The camera's key and the one the server wants in its place.

A new key lies on disk beside the old one before it is used; the old one goes when a request signed with the new one
was accepted. A 401 sends the node back to the other key, because a clock that is wrong has both refused. Only a new
key that was refused twice, where the old one was accepted afterwards, is refused for good: once may be a clock's fault
that has been set right between the two.
"""

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

from camera_node.durable import write_durably
from camera_node.key_file import read_key

UNAUTHORISED = 401
DOUBTS_MAX = 2


class Keys:
    """The key to sign with; safe to share between threads."""

    def __init__(self, file: Path, tell: Callable[[str], None] = lambda _: None) -> None:
        """``file`` holds the key and nothing else. Raises KeyFileError."""
        self._file = file
        self._beside = beside(file)
        self._tell = tell
        # Who hears a sentence asks for all keys, to leave them out of it.
        self._lock = threading.RLock()
        self._old = read_key(file, tell)
        self._id, self._new, self._refused = self._read_new()
        self._doubted = False
        self._doubts = 0

    def current(self) -> str:
        """Return the key to sign the next request with."""
        with self._lock:
            return self._current()

    @property
    def all(self) -> tuple[str, ...]:
        """Every key that is on this machine, to be left out of what is told."""
        with self._lock:
            return tuple(key for key in (self._old, self._new) if key)

    @property
    def refused(self) -> bool:
        """Whether a new key lies here that the server did not take."""
        with self._lock:
            return bool(self._new) and self._refused

    def offer(self, key_id: str, key: str) -> None:
        """Keep a new key and sign with it from now on, unless it is known already. Raises OSError."""
        with self._lock:
            if key_id == self._id or key == self._old or not key or not key.isascii() or not key.isprintable():
                return
            self._write_new(key_id, key, refused=False)
            self._id, self._new, self._refused, self._doubted, self._doubts = key_id, key, False, False, 0
        self._tell("The server gave a new key; the next request is signed with it.")

    def answered(self, key: str, status: int) -> bool:
        """Hear how a request signed with ``key`` was answered; True when it is worth signing it again by another."""
        good = 200 <= status < 300
        with self._lock:
            if self._new and not self._refused:
                if key == self._new and good:
                    self._accept()
                elif key == self._new and status == UNAUTHORISED and not self._doubted:
                    self._doubted = True
                elif key == self._old and good and self._doubted:
                    self._doubt()
                elif key == self._old and status == UNAUTHORISED:
                    self._doubted = False
            return status == UNAUTHORISED and self._current() != key

    def _current(self) -> str:
        return self._new if self._new and not self._refused and not self._doubted else self._old

    def _doubt(self) -> None:
        self._doubted = False
        self._doubts += 1
        if self._doubts >= DOUBTS_MAX:
            self._refused = True
            with contextlib.suppress(OSError):  # then it is tried again after the next start
                self._write_new(self._id, self._new, refused=True)
            self._tell("The server refused the new key; the old one stays.")

    def _accept(self) -> None:
        try:
            write_durably(self._file, f"{self._new}\n".encode())
            self._beside.unlink(missing_ok=True)
        except OSError as error:
            # Both keys are still on disk, the new one beside: it goes on being used and is put in place later.
            self._tell(f"The new key was accepted but cannot be put in its place: {error}.")
            return
        self._old, self._new, self._id, self._doubted = self._new, "", "", False
        self._tell("The new key was accepted; the old one is gone.")

    def _write_new(self, key_id: str, key: str, *, refused: bool) -> None:
        write_durably(self._beside, json.dumps({"id": key_id, "key": key, "refused": refused}).encode())

    def _read_new(self) -> tuple[str, str, bool]:
        try:
            said = json.loads(self._beside.read_bytes())
            found = str(said["id"]), str(said["key"]), bool(said["refused"])
        except FileNotFoundError:
            return "", "", False
        except (OSError, ValueError, KeyError, TypeError):
            self._tell(f"{self._beside} cannot be read; the key in {self._file} is used.")
            return "", "", False
        if found[1] == self._old:
            # The power went between putting it in place and taking it away here.
            self._beside.unlink(missing_ok=True)
            return "", "", False
        return found


def beside(file: Path) -> Path:
    """Return where the key that is to follow the one in ``file`` is kept."""
    return file.with_name(f"{file.name}.new")
