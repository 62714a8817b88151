"""What a spool says of itself, and of the picture that goes next."""

from dataclasses import dataclass, field
from datetime import datetime

from camera_node.picture import Picture


@dataclass(frozen=True, slots=True)
class Spooled:
    """A picture to be sent under ``sequence``. ``sure``: its capture time is by the server's clock or a file's own."""

    sequence: int
    picture: Picture
    sure: bool


@dataclass(frozen=True, slots=True)
class SpoolState:
    """What waits, and what was counted since the spool was made.

    ``gate_pictures`` are among ``pictures``; ``refused`` will never be taken, by reason in ``refused_why``;
    ``in_memory`` waits without a disk; ``trouble`` says what is wrong with the disk, "" while nothing is.
    """

    pictures: int = 0
    bytes: int = 0
    gate_pictures: int = 0
    oldest_at: datetime | None = None
    dropped_overview: int = 0
    dropped_gate: int = 0
    refused: int = 0
    refused_why: dict[str, int] = field(default_factory=dict)
    damaged: int = 0
    in_memory: int = 0
    trouble: str = ""
