"""The times people book, as they type them by a lot's clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from parkhub.domain.bookings import faults
from parkhub.domain.local_time import Span
from parkhub.languages import Language, marked

USUAL: Final = timedelta(hours=2)
ROUND: Final = timedelta(minutes=15)
WORK: Final = (time(8), time(18))
SATURDAY: Final = 5
_PLATE: Final = "AAA"  # any plate: only the times are looked at
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:.h ]?([0-5]\d)(:[0-5]\d)?")

# What `parkhub.domain.bookings.faults` and the services say, for the catalogues.
HEARD: Final = (
    marked("It begins in the past."),
    marked("It ends before it begins."),
    marked("Book at most 366 days ahead."),
    marked("Book at most 92 days."),
    marked("A plate has 2 to 12 letters and digits."),
    marked("No place is free for the whole of this time."),
    marked("All places that can be had without paying in advance are taken for this time."),
    marked("You have several reservations here already. Cancel one of them, or pay in advance."),
    marked("Bookings are not paid that way here."),
    marked("The car is there already."),
    marked("This booking is over."),
    marked("Pay this booking first, or let it go and book anew."),
    marked("It is too late to move the beginning. You can stay longer, or cancel."),
    marked("The time to pay is over. Book again."),
    marked("There is nothing to pay for this booking."),
    marked("A payment for this booking is on its way. There is nothing more to do."),
    marked("The booking has changed meanwhile."),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Four fields as typed, days as ISO and times of day; the end on the first day where none is said."""

    day: str = ""
    at: str = ""
    until_day: str = ""
    until: str = ""

    def read(self, zone: ZoneInfo) -> Span | None:
        """The time they mean on that clock; None for what cannot be read or ends before it begins."""
        start, end = _moment(self.day, self.at, zone), _moment(self.until_day or self.day, self.until, zone)
        return Span(start, end) if start is not None and end is not None and start < end else None

    def wrong(self, zone: ZoneInfo, language: Language, now: datetime) -> dict[str, str]:
        """What is wrong with them, a sentence by field: "at" or "until"."""
        start, end = _moment(self.day, self.at, zone), _moment(self.until_day or self.day, self.until, zone)
        if start is None:
            return {"at": language.gettext("Say when you come: a day and a time, such as 14:30.")}
        if end is None:
            return {"until": language.gettext("Say when you leave: a day and a time, such as 18:00.")}
        names = {"from": "at", "until": "until"}
        return {names[name]: language.gettext(why) for name, why in faults(_PLATE, "", start, end, now).items()}

    @property
    def query(self) -> str:
        """The same in an address."""
        return urlencode({"day": self.day, "at": self.at, "until_day": self.until_day, "until": self.until})


class TimesForm(msgspec.Struct):
    """The four fields in a form."""

    day: str = ""
    at: str = ""
    until_day: str = ""
    until: str = ""

    @property
    def times(self) -> Times:
        """What was typed into them."""
        return Times(self.day, self.at, self.until_day, self.until)


def times_of(span: Span, zone: ZoneInfo) -> Times:
    """A span as its four fields."""
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    return Times(start.date().isoformat(), f"{start:%H:%M}", end.date().isoformat(), f"{end:%H:%M}")


def usual_times(now: datetime, zone: ZoneInfo) -> Times:
    """What a page begins with: two hours from the next quarter of an hour."""
    start = _rounded(now)
    return times_of(Span(start, start + USUAL), zone)


def presets(now: datetime, zone: ZoneInfo, language: Language) -> list[tuple[str, Times]]:
    """Times that many want, with their names."""
    today = now.astimezone(zone).date()
    found = [(language.gettext("Now, 2 hours"), usual_times(now, zone))]
    start, evening = _rounded(now), _at(today, WORK[1], zone)
    if start + USUAL < evening:
        found.append((language.gettext("Until this evening"), times_of(Span(start, evening), zone)))
    tomorrow = today + timedelta(days=1)
    found.append((language.gettext("Tomorrow, 8 to 18"), times_of(Span(*_day(tomorrow, tomorrow, zone)), zone)))
    saturday = today + timedelta(days=(SATURDAY - today.weekday()) % 7 or 7)
    weekend = Span(*_day(saturday, saturday + timedelta(days=1), zone))
    found.append((language.gettext("The weekend"), times_of(weekend, zone)))
    return found


def _day(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _at(first, WORK[0], zone), _at(last, WORK[1], zone)


def _rounded(now: datetime) -> datetime:
    """The next quarter of an hour: zones differ from each other by whole ones."""
    begun = (now - datetime.min.replace(tzinfo=UTC)) % ROUND
    return now + (ROUND - begun if begun else timedelta())


def _moment(day: str, clock: str, zone: ZoneInfo) -> datetime | None:
    found = _CLOCK.fullmatch(clock.strip())
    try:
        on = date.fromisoformat(day.strip())
        return _at(on, time(int(found[1]), int(found[2])), zone) if found else None
    except (ValueError, OverflowError):
        return None


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
