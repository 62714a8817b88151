"""A node's machine whose clocks the test sets, and pictures that it takes."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture

NOON_S = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


@dataclass
class Machine:
    """``up_s`` since its start, by a clock that nobody sets; ``wall_s`` is what its own clock says then."""

    up_s: float = 100.0
    wall_s: float = NOON_S
    boot: str = "boot-1"

    def clock(self, file: Path | None = None) -> NodeClock:
        """The node's clock on this machine."""
        return NodeClock(file, boot=self.boot, monotonic=lambda: self.up_s, wall=lambda: self.wall_s)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.up_s += seconds
        self.wall_s += seconds

    def restart(self, boot: str, wall_s: float) -> None:
        """Start anew, with a clock that may say anything."""
        self.boot, self.up_s, self.wall_s = boot, 5.0, wall_s

    def take(
        self, name: str = "a", kind: Kind = Kind.OVERVIEW, size: int = 1000, rank: float = 0.0, *, timed: bool = True
    ) -> Picture:
        """A picture taken now, other bytes for each name."""
        at = datetime.fromtimestamp(self.wall_s, UTC)
        return Picture(name, noise(name, size), "image/jpeg", at, kind, rank, self.up_s if timed else None)


def noise(name: str, size: int) -> bytes:
    """So many bytes, others for each name, with line feeds among them."""
    block = b"".join(hashlib.sha256(f"{name}{number}".encode()).digest() for number in range(8))
    return b"\xff\xd8" + (block * (size // len(block) + 1))[: max(0, size - 4)] + b"\xff\xd9"
