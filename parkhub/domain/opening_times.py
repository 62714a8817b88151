"""When a lot is open: OpenStreetMap's `opening_hours` syntax, read by the library opening-hours-py.

What the grammar means is at https://wiki.openstreetmap.org/wiki/Key:opening_hours. Times are the lot's own.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from opening_hours import (  # type: ignore[attr-defined]  # its stub forgets the errors
    OpeningHours,
    ParserError,
    State,
    UnknownCountryError,
)

from parkhub.domain.local_time import MINUTE, instant
from parkhub.errors import InvalidInputError

LENGTH_MAX: Final = 400
EXAMPLE: Final = "Mo-Fr 06:00-22:00; Sa 08:00-20:00; PH off"
DAY: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=366)
"""How far it is looked for the next change; further away is told as never."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is so at an instant. ``is_open`` is None where the times do not say for sure.

    ``until``: when that changes; None: not within a year. ``began``: when it opened, if that was on the same day.
    Both are by the lot's clock.
    """

    is_open: bool | None
    until: datetime | None = None
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day and when it opens and closes, in order, as wall clocks without a zone; without ``spans`` it is closed.

    A span ends after midnight if it is shorter than a day; longer ones are cut at midnights.
    """

    day: date
    spans: tuple[tuple[datetime, datetime], ...]

    @property
    def whole(self) -> bool:
        """Whether it is open from midnight to midnight."""
        midnight = datetime.combine(self.day, time())
        return (midnight, midnight + DAY) in self.spans


@dataclass(frozen=True)
class OpeningTimes:
    """A lot's opening times. ``country`` (ISO 3166, such as DE) says which days `PH`, public holidays, are."""

    text: str
    zone: ZoneInfo
    country: str = ""

    def at(self, now: datetime) -> Opening:
        """Whether it is open at an instant, and until when."""
        now = now.astimezone(UTC)
        here = now.astimezone(self.zone)
        read = self._read()
        kind, _ = read.state(here)
        if kind is State.UNKNOWN:
            return Opening(None)
        ahead = read.intervals(here, (now + AHEAD).astimezone(self.zone))
        until = next((start for start, _, state, _ in ahead if state is not kind), None)
        if kind is State.CLOSED:
            return Opening(False, until)
        midnight = instant(here.date(), 0, self.zone)
        (*_, (start, _)) = self._spans(midnight - MINUTE, now + MINUTE)
        return Opening(True, until, start if start >= midnight else None)

    def week(self, first: date) -> list[OpenDay]:
        """Seven days from ``first``."""
        found: dict[date, list[tuple[datetime, datetime]]] = {first + each * DAY: [] for each in range(7)}
        for begin, end in self._spans(instant(first - DAY, 0, self.zone), instant(first + 9 * DAY, 0, self.zone)):
            for piece in _pieces(begin.replace(tzinfo=None), end.replace(tzinfo=None)):
                found.get(piece[0].date(), []).append(piece)
        return [OpenDay(day, tuple(spans)) for day, spans in found.items()]

    def _read(self) -> OpeningHours:
        return _parse(self.text, str(self.zone), self.country)

    def _spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """When it is open between two instants in UTC, by the lot's clock; neighbours that differ in comments are one.

        In UTC, since the library takes no time that the lot's clock skips.
        """
        found: list[tuple[datetime, datetime]] = []
        for start, end, kind, _ in self._read().intervals(since.astimezone(self.zone), until.astimezone(self.zone)):
            if kind is not State.OPEN:
                continue
            if found and found[-1][1] == start:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        return found


def _pieces(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    if end - start < DAY:
        return [(start, end)]
    found = []
    while start < end:
        midnight = datetime.combine(start.date(), time()) + DAY
        found.append((start, min(end, midnight)))
        start = midnight
    return found


@lru_cache(maxsize=256)
def _parse(text: str, zone: str, country: str) -> OpeningHours:
    return OpeningHours(text, timezone=ZoneInfo(zone), country=country or None)


def knows_holidays(country: str) -> bool:
    """Whether the public holidays of a country (ISO 3166) are known."""
    try:
        _parse("PH off", "UTC", country)
    except UnknownCountryError:
        return False
    return bool(country)


def check_opening_hours(text: str, country: str, now: datetime) -> None:
    """Raises InvalidInputError with a sentence that says where the text stops to be understood.

    What is "unknown" at some time of the year after ``now`` is refused too: drivers could not be told.
    """
    if len(text) > LENGTH_MAX:
        raise InvalidInputError(f"Use at most {LENGTH_MAX} letters.")
    try:
        found = _parse(text, "UTC", country)
    except UnknownCountryError:
        raise InvalidInputError(
            f"{country} is no country whose public holidays are known; write DE, for example."
        ) from None
    except ParserError as error:
        raise InvalidInputError(
            f"Not understood from letter {_place(error)} on. Write as OpenStreetMap does: {EXAMPLE}."
        ) from None
    here = now.astimezone(ZoneInfo("UTC"))
    if any(kind is State.UNKNOWN for _, _, kind, _ in found.intervals(here, here + AHEAD)):
        raise InvalidInputError("Say open or off for every time: what is unknown cannot be told to drivers.")


def _place(error: ParserError) -> str:
    """The letter in the library's ``--> 1:17``."""
    _, _, rest = str(error).partition("--> ")
    return rest.split("\n", 1)[0].partition(":")[2].strip() or "1"
