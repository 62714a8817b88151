"""Spots, what an engine thinks of them, and how opinions become a state that people can trust."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parkhub.domain.vehicles import VehicleKind

Point = tuple[float, float]
Polygon = tuple[Point, ...]


class SpotState(StrEnum):
    """Free and occupied were seen; unknown means nobody could look. Never mix "no car" with "could not look"."""

    FREE = "free"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"


class SpotKind(StrEnum):
    """Who or what a spot is for."""

    STANDARD = "standard"
    DISABLED = "disabled"
    EV = "ev"
    MOTORCYCLE = "moto"
    RESERVED = "reserved"


class BayShape(StrEnum):
    """How the drawn map shows a spot: a bay with its mouth up or down, a motorcycle bay, or its own outline."""

    MOUTH_UP = "up"
    MOUTH_DOWN = "down"
    MOTORCYCLE = "moto"
    OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class BayPlan:
    """A spot's place on the lot's drawn map, in plan units (a bay is 22 wide and 46 long).

    ``x, y`` is the upper left corner of the box ``width`` by ``height``. ``outline`` is given for
    `BayShape.OUTLINE` only, in plan units.
    """

    shape: BayShape
    x: float
    y: float
    width: float
    height: float
    outline: Polygon = ()


@dataclass(frozen=True, slots=True)
class SpotShape:
    """All an engine needs of a spot: its name, unique in the lot, and its polygon in 0..1 picture coordinates."""

    name: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Spot:
    """One marked place. ``position`` is the map order; ``plan`` its place on the drawn map."""

    id: int
    lot_id: int
    camera_id: int
    name: str
    kind: SpotKind
    zone: str
    position: int
    polygon: Polygon
    plan: BayPlan

    @property
    def shape(self) -> SpotShape:
        """What an engine needs."""
        return SpotShape(self.name, self.polygon)


@dataclass(frozen=True, slots=True)
class NewSpot:
    """A spot on its way into the database; its order among the others becomes the map order.

    ``name`` is unique in the lot; ``polygon`` in 0..1 picture coordinates; ``plan`` in plan units.
    """

    name: str
    kind: SpotKind
    zone: str
    polygon: Polygon
    plan: BayPlan


@dataclass(frozen=True, slots=True)
class SpotObservation:
    """One engine's opinion of one spot in one frame; confidence 0..1. UNKNOWN: the engine could not look.

    ``vehicle``: the kind that stands there, if the engine tells kinds apart and the spot is occupied.
    """

    spot: str
    state: SpotState
    confidence: float
    vehicle: VehicleKind | None = None


@dataclass(frozen=True, slots=True)
class Debounce:
    """A spot changes when ``agree`` of its last ``window`` good looks say so."""

    agree: int = 2
    window: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.agree <= self.window <= 20 or 2 * self.agree <= self.window:
            raise ValueError("more than half of at most 20 looks must agree")


@dataclass(frozen=True, slots=True)
class SpotTrack:
    """What is known of a spot over time.

    ``since``: when the present state began. ``seen_at``: the last good look. ``recent``: the last good looks,
    newest last, one letter each (f, o). ``vehicle``: what stands there, if the spot is occupied and the engine tells.
    """

    spot: str
    state: SpotState = SpotState.UNKNOWN
    confidence: float = 0.0
    since: datetime | None = None
    seen_at: datetime | None = None
    recent: str = ""
    vehicle: VehicleKind | None = None


@dataclass(frozen=True, slots=True)
class SpotChange:
    """A transition of one spot, with the moment of the picture that brought it."""

    spot: str
    before: SpotState
    after: SpotState
    at: datetime
    confidence: float


_LETTERS = {SpotState.FREE: "f", SpotState.OCCUPIED: "o"}


def debounce(track: SpotTrack, seen: SpotObservation, at: datetime, rule: Debounce) -> SpotTrack:
    """Take one opinion of a picture taken at ``at`` into account.

    An unknown opinion changes nothing by itself: `expire` turns a spot unknown when the last good look is too old.
    A spot that is unknown takes the first good look at once; otherwise N of M must agree.
    """
    if seen.state is SpotState.UNKNOWN:
        return track
    letter = _LETTERS[seen.state]
    recent = (track.recent + letter)[-rule.window :]
    state, confidence, since, vehicle = track.state, track.confidence, track.since, track.vehicle
    if seen.state is state:
        confidence, vehicle = seen.confidence, seen.vehicle
    elif state is SpotState.UNKNOWN or recent.count(letter) >= rule.agree:
        state, confidence, since, vehicle = seen.state, seen.confidence, at, seen.vehicle
    # built anew and not by `replace`, which is slow and would run for every spot of every picture
    return SpotTrack(track.spot, state, confidence, since, at, recent, vehicle)


def expire(track: SpotTrack, now: datetime, stale_after_s: float) -> SpotTrack:
    """Unknown from the moment the last good look is older than ``stale_after_s``; its looks are forgotten."""
    if track.state is SpotState.UNKNOWN or track.seen_at is None:
        return track
    limit = track.seen_at + timedelta(seconds=stale_after_s)
    if now < limit:
        return track
    return hide(track, limit)


def hide(track: SpotTrack, at: datetime) -> SpotTrack:
    """Unknown from ``at`` on, because nobody can look; its looks are forgotten."""
    if track.state is SpotState.UNKNOWN:
        return track
    return replace(track, state=SpotState.UNKNOWN, confidence=0.0, since=at, recent="", vehicle=None)


def changes(before: Sequence[SpotTrack], after: Sequence[SpotTrack]) -> list[SpotChange]:
    """Transitions between two tellings of the same spots, in the same order."""
    return [
        SpotChange(new.spot, old.state, new.state, new.since, new.confidence)
        for old, new in zip(before, after, strict=True)
        if old.state is not new.state and new.since is not None
    ]
