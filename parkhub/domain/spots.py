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
    ``held_until``: how long a person's word stands against looks that say otherwise; None when no word does.
    """

    spot: str
    state: SpotState = SpotState.UNKNOWN
    confidence: float = 0.0
    since: datetime | None = None
    seen_at: datetime | None = None
    recent: str = ""
    vehicle: VehicleKind | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpotChange:
    """A transition of one spot, with the moment of the picture that brought it, or of a person's word.

    ``account_id``: who said so; None when it was said by a command. ``camera_id``: whose view decided it, for a place
    that several cameras see.
    """

    spot: str
    before: SpotState
    after: SpotState
    at: datetime
    confidence: float
    by_hand: bool = False
    account_id: int | None = None
    camera_id: int | None = None


def sure_enough(seen: Sequence[SpotObservation], sure_min: float) -> list[SpotObservation]:
    """The opinions of which an engine is at least so sure; the others say that it could not look."""
    return [
        each if each.confidence >= sure_min else SpotObservation(each.spot, SpotState.UNKNOWN, each.confidence)
        for each in seen
    ]


_LETTERS = {SpotState.FREE: "f", SpotState.OCCUPIED: "o"}


def debounce(track: SpotTrack, seen: SpotObservation, at: datetime, rule: Debounce) -> SpotTrack:
    """Take one opinion of a picture taken at ``at`` into account.

    An unknown opinion changes nothing by itself: `expire` turns a spot unknown when the last good look is too old.
    A spot that is unknown takes the first good look at once; otherwise N of M must agree. A person's word (`hold`)
    stands until a look says the same, or until its time is over and N of M of the looks since then say otherwise.
    """
    if seen.state is SpotState.UNKNOWN:
        return track
    held_until = track.held_until
    if held_until is not None:
        if track.seen_at is not None and at <= track.seen_at:
            return track  # taken before the word
        if seen.state is not track.state and at < held_until:
            return replace(track, seen_at=at)
    letter = _LETTERS[seen.state]
    recent = (track.recent + letter)[-rule.window :]
    state, confidence, since, vehicle = track.state, track.confidence, track.since, track.vehicle
    if seen.state is state:
        confidence, vehicle, held_until = seen.confidence, seen.vehicle, None
    elif state is SpotState.UNKNOWN or recent.count(letter) >= rule.agree:
        state, confidence, since, vehicle, held_until = seen.state, seen.confidence, at, seen.vehicle, None
    # built anew and not by `replace`, which is slow and would run for every spot of every picture
    return SpotTrack(track.spot, state, confidence, since, at, recent, vehicle, held_until)


def hold(track: SpotTrack, state: SpotState, at: datetime, until: datetime) -> SpotTrack:
    """Take a person's word for a spot's state; see `debounce` for how long it stands.

    A word that says what is shown, and what the last look said, needs no holding.
    """
    if track.state is state and track.held_until is None and track.recent[-1:] == _LETTERS[state]:
        return track
    same = track.state is state
    since, vehicle = (track.since, track.vehicle) if same else (at, None)
    return SpotTrack(track.spot, state, 1.0, since, at, "", vehicle, until)


def release(track: SpotTrack, before: SpotState, confidence: float, at: datetime) -> SpotTrack:
    """Take a person's word back: what stood ``before`` it stands again, for the looks to come to decide.

    Nothing changes when the word does not stand any more.
    """
    if track.held_until is None:
        return track
    if before is SpotState.UNKNOWN:
        return hide(replace(track, held_until=None), at)
    since = track.since if track.state is before else at
    return SpotTrack(track.spot, before, confidence, since, track.seen_at)


def expire(track: SpotTrack, now: datetime, stale_after_s: float) -> SpotTrack:
    """Unknown from the moment the last good look is older than ``stale_after_s``; its looks are forgotten.

    A person's word stands for its time, whether a camera looks or not.
    """
    if track.state is SpotState.UNKNOWN or track.seen_at is None:
        return track
    limit = track.seen_at + timedelta(seconds=stale_after_s)
    if track.held_until is not None:
        limit = max(limit, track.held_until)
    if now < limit:
        return track
    return hide(track, limit)


def hide(track: SpotTrack, at: datetime) -> SpotTrack:
    """Unknown from ``at`` on, because nobody can look; its looks are forgotten. A person's word stands for its time."""
    if track.state is SpotState.UNKNOWN or (track.held_until is not None and at < track.held_until):
        return track
    return replace(track, state=SpotState.UNKNOWN, confidence=0.0, since=at, recent="", vehicle=None, held_until=None)


def changes(before: Sequence[SpotTrack], after: Sequence[SpotTrack]) -> list[SpotChange]:
    """Transitions between two tellings of the same spots, in the same order."""
    return [
        SpotChange(new.spot, old.state, new.state, new.since, new.confidence)
        for old, new in zip(before, after, strict=True)
        if old.state is not new.state and new.since is not None
    ]
