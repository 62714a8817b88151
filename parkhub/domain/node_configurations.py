"""What a camera's node is to do: one document with versions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

Area = tuple[float, float, float, float]
"""Left, top, width and height as shares of the picture."""

DAYS: Final = ("mo", "tu", "we", "th", "fr", "sa", "su")


class Mode(StrEnum):
    """When a picture is taken."""

    INTERVAL = "interval"
    CHANGE = "change"
    GATE = "gate"


class Night(StrEnum):
    """Whether the camera takes long, dark pictures."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Focus(StrEnum):
    """Who turns the lens."""

    AUTO = "auto"
    MANUAL = "manual"


class Change(Struct, frozen=True):
    """A picture when it differs. ``threshold``: the share of the area's points that must."""

    interval_min_s: float = 2.0
    interval_max_s: float = 60.0
    threshold: float = 0.02
    area: Area | None = None


class GateBurst(Struct, frozen=True):
    """Many pictures while something moves in the area, of which the best ``keep`` are sent."""

    area: Area | None = None
    burst_max: int = 8
    keep: int = 4
    idle_interval_s: float = 60.0


class Span(Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """Another mode on some days, by the clock of the lot, over midnight where ``end`` is not after ``begin``."""

    days: tuple[str, ...] = ()
    begin: str = ""
    end: str = ""
    mode: Mode = Mode.INTERVAL
    interval_s: float = 60.0


class PictureSize(Struct, frozen=True):
    """JPEG quality and width in pixels; both go down towards the least while the line is slow."""

    quality: int = 85
    quality_min: int = 60
    width_max: int = 1920
    width_min: int = 1280


class Controls(Struct, frozen=True):
    """What a camera with controls is set to; None leaves it to the camera. ``lens_position`` in dioptres."""

    night: Night = Night.AUTO
    exposure_us: int | None = None
    gain: float | None = None
    focus: Focus = Focus.AUTO
    lens_position: float | None = None


class Bandwidth(Struct, frozen=True):
    """How much is sent at most; None is as much as goes."""

    pictures_per_s: float = 4.0
    kbit_per_s: float | None = None


class Edge(Struct, frozen=True):
    """Whether the node recognises by itself. ``pictures_if_broken``: whether pictures may leave it when it cannot."""

    enabled: bool = False
    pictures_if_broken: bool = False


class Document(Struct, frozen=True, kw_only=True):
    """All of it, as `camera_node/WIRE.md` has it."""

    version: int = 1
    running: bool = True
    mode: Mode = Mode.INTERVAL
    interval_s: float = 10.0
    change: Change = Change()
    gate: GateBurst = GateBurst()
    schedule: tuple[Span, ...] = ()
    timezone: str = "UTC"
    picture: PictureSize = PictureSize()
    camera: Controls = Controls()
    upload: Bandwidth = Bandwidth()
    heartbeat_s: float = 30.0
    edge: Edge = Edge()


class Outcome(StrEnum):
    """What the node said to a version."""

    NONE = ""
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Version:
    """One version, who wrote it, and what the node said to it. ``note``: why it is, when nobody filled in the form."""

    camera_id: int
    document: Document
    written_at: datetime
    account_id: int | None
    note: str
    outcome: Outcome = Outcome.NONE
    why: str = ""
    answered_at: datetime | None = None
    email: str | None = None

    @property
    def number(self) -> int:
        """The version's number."""
        return self.document.version


def written(document: Document) -> bytes:
    """The document as the node gets it."""
    return msgspec.json.encode(document)


def read(text: bytes | str) -> Document:
    """A document as it was kept."""
    return msgspec.json.decode(text, type=Document)
