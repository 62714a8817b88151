"""What was dropped, refused and found damaged since the spool was made: on disk with every change.

Two places in one small file are written in turn, each with a checksum, so that one of them is whole whatever
happens to the other. A change is not forced to the disk: it survives a killed process at once, a power cut after the
half minute in which the system writes it out, and wears the card no more than that. A full disk does not matter,
because nothing new is asked of it.
"""

import contextlib
import json
import os
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

from camera_node.picture import Kind

PLACE_BYTES = 4096
REASONS_MAX = 20


@dataclass(slots=True)
class Counts:
    """Pictures counted since the spool was made; ``refused`` by reason."""

    dropped_overview: int = 0
    dropped_gate: int = 0
    damaged: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def drop(self, kind: Kind) -> None:
        """Count one that went to make room."""
        if kind is Kind.GATE:
            self.dropped_gate += 1
        else:
            self.dropped_overview += 1

    def lose(self) -> None:
        """Count one that the disk did not give back as it was."""
        self.damaged += 1

    def refuse(self, why: str) -> None:
        """Count one for ``why``; beyond twenty reasons they are all one."""
        why = why[:80] if why[:80] in self.refused or len(self.refused) < REASONS_MAX else "other"
        self.refused[why] = self.refused.get(why, 0) + 1


class CountsFile:
    """`counts` and the file that keeps them, open all the time; a disk that refuses leaves them in memory."""

    def __init__(self, file: Path) -> None:
        self.counts = Counts()
        self._turn = 0
        self._handle: int | None = None
        try:
            self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._handle).st_size < 2 * PLACE_BYTES:
                # Both places belong to the file from now on: a disk that is full later on takes them still.
                os.write(self._handle, bytes(2 * PLACE_BYTES))
            self._read()
        except OSError:
            return

    def write(self) -> None:
        """Keep the counts as they are now."""
        self._turn += 1
        text = json.dumps({"turn": self._turn, **asdict(self.counts)}).encode()
        data = b"%08x %b\n" % (zlib.crc32(text), text)
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._handle, data.ljust(PLACE_BYTES, b"\0"), (self._turn % 2) * PLACE_BYTES)

    def close(self) -> None:
        """Have the system write out what it holds, and let go."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._handle)
            os.close(self._handle)
            self._handle = None

    def _read(self) -> None:
        assert self._handle is not None
        places = [_read_place(os.pread(self._handle, PLACE_BYTES, at)) for at in (0, PLACE_BYTES)]
        whole = [place for place in places if place is not None]
        if whole:
            self._turn, self.counts = max(whole, key=lambda place: place[0])


def _read_place(data: bytes) -> tuple[int, Counts] | None:
    check, _, text = data.rstrip(b"\0").rstrip(b"\n").partition(b" ")
    if not text or check != b"%08x" % zlib.crc32(text):
        return None
    try:
        said = json.loads(text)
        return said.pop("turn"), Counts(**said)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # written by another version: not worth a node that does not start
