"""One picture, one file: its name says what the queue must know, its first line what its bytes must be.

A name is all that is read when a spool is opened, so that 100,000 waiting pictures cost one listing of the folder. The
first line holds the SHA-256 of everything behind it: a file that a dying disk has changed by a bit is never sent.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera_node.picture import Kind, Picture

ENDING = ".picture"
INCOMING = "incoming"
DAMAGED = "damaged"
FORMAT = b"parkhub-spool-1 "

_LETTERS = {Kind.OVERVIEW: "o", Kind.GATE: "g"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_NAME = re.compile(r"([0-9]{12})-([og])-([0-9]+)-([0-9]+)-([0-9]+)\.picture")


class DamagedError(Exception):
    """A file of the spool is not what was written; the message says how."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture that waits. ``turn`` counts up with every one taken in, ``bytes`` is its whole file's size."""

    turn: int
    kind: Kind
    captured_ms: int
    bytes: int
    sequence: int

    @property
    def name(self) -> str:
        """The file it lies in."""
        return f"{self.turn:012d}-{_LETTERS[self.kind]}-{self.captured_ms}-{self.bytes}-{self.sequence}{ENDING}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file holds. ``boot`` names the start of the machine in which ``picture.monotonic_s`` counts.

    ``sure``: its capture time is the server's already; else `NodeClock.captured` is to be asked.
    """

    sequence: int
    picture: Picture
    boot: str
    sure: bool


def read_name(name: str) -> Entry | None:
    """Return the entry that a file's name tells; None for any other file."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Entry(int(found[1]), _KINDS[found[2]], int(found[3]), int(found[4]), int(found[5]))


def encode(stored: Stored) -> bytes:
    """Return the bytes of a file."""
    picture = stored.picture
    head = {
        "sequence": stored.sequence,
        "name": picture.name,
        "media_type": picture.media_type,
        "captured_at": picture.captured_at.astimezone(UTC).isoformat(),
        "kind": picture.kind,
        "rank": picture.rank,
        "monotonic_s": picture.monotonic_s,
        "width": picture.width,
        "height": picture.height,
        "doubtful": picture.doubtful,
        "boot": stored.boot,
        "sure": stored.sure,
    }
    body = b"%b\n%b" % (json.dumps(head).encode(), picture.data)
    return b"%b%b\n%b" % (FORMAT, hashlib.sha256(body).hexdigest().encode(), body)


def decode(data: bytes) -> Stored:
    """Read the bytes of a file. Raises DamagedError when a single one is wrong."""
    first, _, body = data.partition(b"\n")
    if not first.startswith(FORMAT) or first[len(FORMAT) :] != hashlib.sha256(body).hexdigest().encode():
        raise DamagedError("its checksum does not fit")
    head, _, picture = body.partition(b"\n")
    try:
        said = json.loads(head)
        return Stored(
            said["sequence"],
            Picture(
                said["name"],
                picture,
                said["media_type"],
                datetime.fromisoformat(said["captured_at"]),
                Kind(said["kind"]),
                said["rank"],
                said["monotonic_s"],
                said["width"],
                said["height"],
                said.get("doubtful", False),
            ),
            said["boot"],
            said["sure"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"its head cannot be read ({error})") from None


class SpoolFolder:
    """The folder: one writer at a time, files appear whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def make(self) -> None:
        """Make it where it is missing. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)

    def tidy(self) -> None:
        """Take away what a power cut left half written. Raises OSError."""
        (self.path / INCOMING).unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """Return what waits, in the order in which it came."""
        with os.scandir(self.path) as found:
            entries = [entry for each in found if (entry := read_name(each.name)) is not None]
        return sorted(entries, key=lambda entry: entry.turn)

    def write(self, entry: Entry, data: bytes) -> None:
        """Put a file in its place, on disk when this returns. Raises OSError; then nothing of it is there."""
        fresh, place = self.path / INCOMING, self.path / entry.name
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            fresh.rename(place)
            self._sync()
        except OSError:
            for each in (fresh, place):
                self._try_remove(each)
            raise

    def read(self, entry: Entry) -> Stored:
        """Read a picture back. Raises DamagedError, or OSError when the disk does not give it."""
        stored = decode((self.path / entry.name).read_bytes())
        if stored.sequence != entry.sequence:
            raise DamagedError("its name is another picture's")
        return stored

    def remove(self, entry: Entry) -> None:
        """Take a file away. After a power cut it may be back, and is sent again under its number. Raises OSError."""
        (self.path / entry.name).unlink(missing_ok=True)

    def set_aside(self, entry: Entry, keep: int) -> None:
        """Put a damaged file where somebody may look at it; only the last ``keep`` stay. Raises OSError."""
        aside = self.path / DAMAGED
        aside.mkdir(exist_ok=True)
        (self.path / entry.name).replace(aside / entry.name)
        for old in sorted(aside.iterdir())[:-keep]:
            old.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Return what the disk has left for this user. Raises OSError."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def _sync(self) -> None:
        handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    @staticmethod
    def _try_remove(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return
