"""What a sender says of itself."""

from collections import deque
from dataclasses import dataclass, field

RATE_OVER_S = 60.0
MEASURED_BYTES_MIN = 8_192


@dataclass(frozen=True, slots=True)
class Throughput:
    """What the line carried lately: bytes a second while a picture is sent, seconds from its first byte to its answer.

    None until measured. To adapt the size of pictures by.
    """

    bytes_per_s: float | None = None
    latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class SenderState:
    """How sending goes. ``trouble`` is "" while all is well; ``needs_person`` when only somebody can end it,
    ``unreachable`` when the server was not there at all.
    """

    sent: int = 0
    repeats: int = 0
    rate_per_s: float = 0.0
    last_accepted_s: float | None = None
    trouble: str = ""
    needs_person: bool = False
    unreachable: bool = False
    throughput: Throughput = Throughput()


@dataclass(slots=True)
class Accepted:
    """What was accepted lately: how many a second, and how fast the line was."""

    throughput: Throughput = field(default_factory=Throughput)
    _moments: deque[float] = field(default_factory=deque)
    _mean_bytes: float | None = None

    def add(self, byte_count: int, took_s: float, now: float) -> None:
        """A picture was accepted; small ones say nothing of the line."""
        if byte_count >= MEASURED_BYTES_MIN:
            self._mean_bytes = _average(self._mean_bytes, byte_count)
            latency_s = _average(self.throughput.latency_s, max(took_s, 1e-3))
            self.throughput = Throughput(self._mean_bytes / latency_s, latency_s)
        self._moments.append(now)
        self.rate_per_s(now)

    def rate_per_s(self, now: float) -> float:
        """Return how many over the last minute."""
        while self._moments and self._moments[0] < now - RATE_OVER_S:
            self._moments.popleft()
        return len(self._moments) / RATE_OVER_S


def _average(before: float | None, value: float) -> float:
    return value if before is None else before + 0.25 * (value - before)
