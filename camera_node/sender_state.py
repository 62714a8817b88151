"""What a sender says of itself."""

from dataclasses import dataclass


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
