"""Where the bytes of waiting pictures lie: on the disk, or in memory while the disk takes nothing."""

import errno
import fcntl
import os
from pathlib import Path

from camera_node.spool_files import DamagedError, Entry, SpoolFolder, Stored, decode

MEMORY_BYTES = 16_000_000
DAMAGED_KEPT = 8
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MEANWHILE = "New pictures wait in memory only."
GONE = (errno.ENOENT, getattr(errno, "EUCLEAN", errno.ENOENT), getattr(errno, "EBADMSG", errno.ENOENT))
"""What a disk says of a file that it will not give back."""

READS_MAX = 3
"""So often a file is asked for with pauses: a disk that is off its bus for seconds says EIO of each."""


class SpoolError(Exception):
    """The spool cannot be used; the message says why."""


class SpoolStore:
    """Bytes of pictures by entry. ``trouble`` says what is wrong with the disk, "" while nothing is."""

    def __init__(self, folder: Path) -> None:
        """Raises SpoolError when another process has the folder."""
        self.trouble = ""
        self.is_full = False
        self._folder = SpoolFolder(folder)
        self._memory: dict[int, bytes] = {}
        self._failed: dict[int, int] = {}
        self._claim: int | None = None
        try:
            self._folder.make()
            self._claim = _claim(folder)
            self._folder.tidy()
        except OSError as error:
            self.trouble = self._explain(error)

    @property
    def held(self) -> int:
        """How many pictures would be lost with the power."""
        return len(self._memory)

    def entries(self) -> list[Entry]:
        """Return what waits on the disk, oldest first."""
        try:
            return self._folder.entries()
        except OSError as error:
            self.trouble = self._explain(error)
            return []

    def free_bytes(self) -> int | None:
        """Return what the disk has left; None when it does not say."""
        try:
            return self._folder.free_bytes()
        except OSError:
            return None

    def save(self, entry: Entry, data: bytes) -> bool:
        """Put a picture on the disk; False when it takes none: `trouble` says why, `is_full` if for want of room."""
        try:
            self._folder.write(entry, data)
        except OSError as error:
            self.trouble, self.is_full = self._explain(error), error.errno in (errno.ENOSPC, errno.EDQUOT)
            return False
        self.trouble, self.is_full = "", False
        return True

    def say_full(self, how: str) -> None:
        """Somebody found that the disk has too little room."""
        self.trouble = f"{_full(self._folder.path, how)} {MEANWHILE}"

    def hold(self, entry: Entry, data: bytes) -> bool:
        """Keep a picture in memory; False when there is no room."""
        if sum(map(len, self._memory.values())) + len(data) > MEMORY_BYTES:
            return False
        self._memory[entry.sequence] = data
        return True

    def in_memory(self, entry: Entry) -> bool:
        """Say whether a picture lies in memory."""
        return entry.sequence in self._memory

    def on_disk(self, entry: Entry) -> bool:
        """Say whether a picture lies on the disk."""
        return entry.sequence not in self._memory

    def read(self, entry: Entry) -> Stored:
        """Give a picture as it was put. Raises DamagedError when it is not, or is gone, OSError when it may come."""
        data = self._memory.get(entry.sequence)
        if data is not None:
            return decode(data)
        try:
            stored = self._folder.read(entry)
        except OSError as error:
            tries = self._failed[entry.sequence] = self._failed.get(entry.sequence, 0) + 1
            if error.errno in GONE or (error.errno == errno.EIO and tries >= READS_MAX):
                self._failed.pop(entry.sequence)
                raise DamagedError(str(error)) from None
            self.trouble = self._explain(error)
            raise
        self._failed.pop(entry.sequence, None)
        return stored

    def write_down(self, entry: Entry) -> bool:
        """Bring a picture from memory to the disk, where it lies as well until `let_go`; False when that fails."""
        data = self._memory.get(entry.sequence)
        return data is not None and self.save(entry, data)

    def let_go(self, entry: Entry) -> None:
        """Leave a picture to the disk."""
        self._memory.pop(entry.sequence, None)

    def remove(self, entry: Entry) -> None:
        """Take a picture away; a disk that does not let go has it again at the next start, and it is sent once more."""
        self._failed.pop(entry.sequence, None)
        if self._memory.pop(entry.sequence, None) is None:
            try:
                self._folder.remove(entry)
            except OSError as error:
                self.trouble = self._explain(error)

    def set_aside(self, entry: Entry) -> None:
        """Put a damaged picture out of the way; the last few stay for who wants to look."""
        try:
            self._folder.set_aside(entry, DAMAGED_KEPT)
        except OSError as error:
            if error.errno != errno.ENOENT:
                self.trouble = self._explain(error)

    def close(self) -> None:
        """Let another process have the folder."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _explain(self, error: OSError) -> str:
        folder = self._folder.path
        if error.errno in FULL:
            what = _full(folder, error.strerror or str(error))
        elif error.errno == errno.EROFS:
            what = f"The disk of {folder} is read-only; worn cards become so. Replace it, or set spool.folder."
        elif error.errno in (errno.EACCES, errno.EPERM):
            what = f"{folder} belongs to somebody else. Give it to the user that runs parkhub-node."
        else:
            what = f"The disk of {folder} fails: {error.strerror or error}."
        return f"{what} {MEANWHILE}"


def _full(folder: Path, how: str) -> str:
    return f"The disk of {folder} is full ({how}). Take off it what is not needed, or use a larger one."


def _claim(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise SpoolError(f"Another parkhub-node has the spool {folder}. Stop it, or set spool.folder.") from None
    return handle
