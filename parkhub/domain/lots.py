"""Lots and what the public is told about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.opening_times import OpeningTimes, check_opening_hours
from parkhub.domain.spots import Spot, SpotState, SpotTrack, expire
from parkhub.domain.text import one_line
from parkhub.errors import FieldsError, InvalidInputError

SAMPLE_S = 300
NAME_LENGTH_MAX: Final = 80
ADDRESS_LENGTH_MAX: Final = 160
DETAILS: Final = ("name", "address", "opening_hours", "country", "place")


@dataclass(frozen=True, slots=True)
class Lot:
    """A car park. ``time_zone`` is an IANA name; the plan's size is in plan units.

    ``opening_hours`` is in OpenStreetMap's syntax, empty when nobody has said; ``country`` (ISO 3166) says which days
    its public holidays are; ``place`` is latitude and longitude in degrees (WGS 84). ``drives_version`` counts how
    often its lanes were saved.
    """

    id: int
    slug: str
    name: str
    address: str
    time_zone: str
    plan_width: float
    plan_height: float
    opening_hours: str = ""
    country: str = ""
    place: tuple[float, float] | None = None
    drives_version: int = 0

    @property
    def opening_times(self) -> OpeningTimes | None:
        """When it is open, if anybody has said."""
        return OpeningTimes(self.opening_hours, ZoneInfo(self.time_zone), self.country) if self.opening_hours else None


@dataclass(frozen=True, slots=True)
class SpotStatus:
    """A spot with what is known of it. ``camera_id``: whose view decided it, for a place that several cameras see."""

    spot: Spot
    track: SpotTrack
    camera_id: int | None = None

    def expired(self, at: datetime, patience_s: Mapping[int, float]) -> "SpotStatus":
        """The same at ``at``; see `LotStatus.expired`."""
        decider = self.camera_id or self.spot.camera_id
        if decider not in patience_s:
            return self
        return SpotStatus(self.spot, expire(self.track, at, patience_s[decider]), self.camera_id)


@dataclass(frozen=True, slots=True)
class LotStatus:
    """A lot at an instant; spots in map order, a place that several cameras see once.

    ``as_of`` is the last look of any of its cameras, if there was one.
    """

    lot: Lot
    as_of: datetime | None
    spots: tuple[SpotStatus, ...]

    @property
    def capacity(self) -> int:
        """Number of spots."""
        return len(self.spots)

    def names(self, state: SpotState) -> list[str]:
        """Names of the spots in a state, in map order."""
        return [status.spot.name for status in self.spots if status.track.state is state]

    def count(self, state: SpotState) -> int:
        """How many spots are in a state."""
        return sum(status.track.state is state for status in self.spots)

    def expired(self, at: datetime, patience_s: Mapping[int, float]) -> "LotStatus":
        """The same at ``at``: spots unknown where the last good look is older than their camera's patience.

        ``patience_s`` is by camera id; spots of a camera that is not in it stay as they are.
        """
        spots = tuple(known.expired(at, patience_s) for known in self.spots)
        return replace(self, spots=spots)


@dataclass(frozen=True, slots=True)
class OccupancySample:
    """How full a lot was in the five minutes that begin at ``at``: what was known when it was last asked in them."""

    lot_id: int
    at: datetime
    free: int
    occupied: int
    unknown: int


def slot_of(at: datetime) -> datetime:
    """When the five minutes begin that hold ``at``."""
    return at - timedelta(seconds=at.timestamp() % SAMPLE_S)


def sample(lot_id: int, states: Iterable[SpotState], at: datetime) -> OccupancySample:
    """Count states into the five-minute slot that holds ``at``."""
    found = list(states)
    return OccupancySample(
        lot_id,
        slot_of(at),
        found.count(SpotState.FREE),
        found.count(SpotState.OCCUPIED),
        found.count(SpotState.UNKNOWN),
    )


def change_details(lot: Lot, given: Mapping[str, str], now: datetime) -> Lot:
    """The lot with some of `DETAILS` changed, as a person writes them; a place is ``53.54,9.98`` or empty.

    Raises FieldsError, a sentence for each that is wrong.
    """
    wrong = {name: f"There is no {name}; there are {', '.join(DETAILS)}." for name in given if name not in DETAILS}
    found = {name: " ".join(text.split()) for name, text in given.items()}
    name, address = found.get("name", lot.name), found.get("address", lot.address)
    if fault := name_fault(name):
        wrong["name"] = fault
    if len(address) > ADDRESS_LENGTH_MAX or not one_line(address):
        wrong["address"] = f"Use letters, digits and signs on one line, at most {ADDRESS_LENGTH_MAX}."
    hours, country = found.get("opening_hours", lot.opening_hours), found.get("country", lot.country).upper()
    try:
        check_opening_hours(hours or "24/7", country, now)
    except InvalidInputError as error:
        wrong["country" if country and "country" in str(error) else "opening_hours"] = str(error)
    place = lot.place
    if "place" in found:
        try:
            place = read_place(found["place"])
        except ValueError:
            wrong["place"] = "Write latitude and longitude in degrees, such as 53.5436,9.9884, or nothing."
    if wrong:
        raise FieldsError(wrong)
    return replace(lot, name=name, address=address, opening_hours=hours, country=country, place=place)


def name_fault(name: str) -> str:
    """What is wrong with a lot's name, in a sentence; empty when nothing is."""
    if not name:
        return "Give the lot a name."
    if len(name) > NAME_LENGTH_MAX:
        return f"Use at most {NAME_LENGTH_MAX} letters."
    return "" if one_line(name) else "Use letters, digits and signs on one line only."


def read_place(text: str) -> tuple[float, float] | None:
    """Latitude and longitude as written, ``53.54,9.98`` or a ``geo:`` address. Raises ValueError."""
    if not text:
        return None
    latitude, longitude = (float(part) for part in text.removeprefix("geo:").partition(";")[0].split(",")[:2])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError(text)
    return latitude, longitude
