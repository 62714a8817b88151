"""Cameras: which engine looks, how patient it is, when a picture is too old."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.spots import Debounce
from parkhub.domain.trust import Shift, Trouble, TrustTrack
from parkhub.errors import InvalidInputError

Area = tuple[float, float, float, float]
"""A part of a picture: left, top, width, height in 0..1 of it."""

_ASPECT_TOLERANCE: Final = 0.03


class Engine(StrEnum):
    """How a camera's spots are judged."""

    CLASSIFIER = "classifier"
    DIFFERENCE = "difference"
    DETECTOR = "detector"


class CameraRole(StrEnum):
    """What passes a camera: nothing that counts, cars that come in, that go out, or both ways."""

    OVERVIEW = "overview"
    ENTRANCE = "entrance"
    EXIT = "exit"
    BOTH = "both"


class Inward(StrEnum):
    """Which way cars that come in move in the picture."""

    DOWN = "down"
    UP = "up"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Gate:
    """How a camera watches a gate; an overview camera watches none.

    ``region``: whose plates to expect (`plate_layouts.REGIONS`). ``inward`` tells directions where cars go both ways.
    ``excluded``: areas never looked at, such as a burnt-in clock. ``reads_min``: pictures that must agree on a plate,
    each of which must be at least ``sure_min`` sure of it, 0 to 1.
    """

    role: CameraRole = CameraRole.OVERVIEW
    region: str = "auto"
    inward: Inward = Inward.DOWN
    excluded: tuple[Area, ...] = ()
    reads_min: int = 2
    sure_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of one lot.

    ``public_id`` is what the node knows it by. ``key_hash``: SHA-256 of the node's key, hex; the key itself is shown
    once. ``stale_after_s``: its spots turn unknown when the last good look is older. Row id and
    capture time of the last picture that was read guard against late ones. ``marked_on``: width and height in pixels of
    the picture its spots were marked on, None when that is not known. ``counts_vehicles``: also with an engine that
    does not find them by itself. ``reference`` counts the views that its pictures are compared with, ``trust`` is how
    far they are believed, ``shift`` how the last one lay beside the reference. ``head_id``: the head fitted to its lot
    that judges there, None: the shipped one does. ``gate``: which gate it watches, if any. ``sure_min``: how sure, 0 to
    1, its engine must be of a place; what it is less sure of it has not seen. ``keep_h``: hours its pictures are kept
    while it watches no gate; None: as long as those of all others.
    """

    id: int
    public_id: str
    lot_id: int
    name: str
    key_hash: str
    engine: Engine
    debounce: Debounce
    stale_after_s: float
    enabled: bool
    last_frame_id: int | None = None
    last_captured_at: datetime | None = None
    marked_on: tuple[int, int] | None = None
    counts_vehicles: bool = False
    reference: int = 0
    trust: TrustTrack = field(default_factory=TrustTrack)
    shift: Shift | None = None
    head_id: int | None = None
    gate: Gate = field(default_factory=Gate)
    sure_min: float = 0.0
    keep_h: int | None = None

    @property
    def watches_gate(self) -> bool:
        """Whether the cars in its pictures enter or leave."""
        return self.gate.role is not CameraRole.OVERVIEW

    def misfit(self, width: int, height: int) -> str:
        """Why the spots do not fit on a picture of this size, in a sentence; "" when they do or nobody can say.

        Another scale is fine, another shape is not: it shows another scene, or the same one cut differently.
        """
        if self.marked_on is None:
            return ""
        marked_width, marked_height = self.marked_on
        if abs((width / height) / (marked_width / marked_height) - 1) <= _ASPECT_TOLERANCE:
            return ""
        return (
            f"The picture is {width} x {height}; the spots were marked on {marked_width} x {marked_height}. "
            "Mark the spots anew, or send pictures of that shape."
        )


def parse_area(text: str) -> Area:
    """``0.7,0,0.3,0.1`` to its four numbers. Raises InvalidInputError."""
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInputError(f"{text} is not four numbers such as 0.7,0,0.3,0.1.") from None
    if not (0 <= left < 1 and 0 <= top < 1 and 0 < width <= 1 and 0 < height <= 1):
        raise InvalidInputError(f"{text}: left, top, width and height are shares of the picture, 0 to 1.")
    return left, top, width, height


@dataclass(frozen=True, slots=True)
class CameraTrouble:
    """A time in which a camera's pictures could not be trusted; ``ended_at`` None: it lasts."""

    trouble: Trouble
    began_at: datetime
    ended_at: datetime | None


class SpotsFileKind(StrEnum):
    """What somebody uploaded to mark a camera's spots."""

    MASK = "mask"
    JSON = "json"
    CARPARKPOS = "carparkpos"


class SpotImportStatus(StrEnum):
    """Where an import stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SpotImport:
    """A spots file on its way to becoming a camera's spots.

    ``file_key`` is its place in the picture store; ``box`` the width and height in pixels of every spot of a
    CarParkPos file, which has no sizes of its own. ``spot_count`` is set once done, ``error`` once failed.
    """

    id: int
    camera_id: int
    file_key: str
    kind: SpotsFileKind
    box: tuple[int, int] | None
    status: SpotImportStatus
    spot_count: int
    error: str
    created_at: datetime
