"""Bookings as staff read them: those of a day by place, each with its times, its price and its bar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.bookings import Booking, BookingState, Place
from parkhub.domain.local_time import Span
from parkhub.languages import ENGLISH

STATES: Final = {
    BookingState.RESERVED: ("awaited", "note"),
    BookingState.ARRIVED: ("is here", "good"),
    BookingState.DONE: ("has left", ""),
    BookingState.CANCELLED: ("cancelled", ""),
    BookingState.NO_SHOW: ("did not come", "warn"),
    BookingState.EXPIRED: ("not paid in time", ""),
}


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booking as a day's list shows it."""

    booking: Booking
    plate: str
    zone: ZoneInfo
    day: Span

    @property
    def badge(self) -> tuple[str, str]:
        """How it stands."""
        return STATES[self.booking.state]

    @property
    def times(self) -> str:
        """From when to when, with the day where that is another one."""
        return " – ".join(self._clock(at) for at in (self.booking.span.start, self.booking.span.end))

    def _clock(self, at: datetime) -> str:
        clock = ENGLISH.clock(at, self.zone)
        inside = self.day.start <= at <= self.day.end
        return clock if inside else f"{ENGLISH.day(at, self.zone)}, {clock}"

    @property
    def price(self) -> str:
        """What was told for it."""
        return ENGLISH.money(self.booking.price_cents, self.booking.currency) if self.booking.currency else ""

    @property
    def bar(self) -> tuple[float, float]:
        """Where it lies in the day, as a beginning and a length in hundredths."""
        whole = self.day.length
        start = max(timedelta(), self.booking.span.start - self.day.start)
        end = min(whole, self.booking.span.end - self.day.start)
        return round(100 * (start / whole), 1), round(100 * (max(timedelta(), end - start) / whole), 1)


def by_place(places: Iterable[Place], rows: list[BookingRow]) -> list[tuple[str, list[BookingRow]]]:
    """Each place with its bookings by time; places that a lot no longer has come last."""
    names = {place.number: place.spot or f"Any {place.number}" for place in places}
    found: dict[int, list[BookingRow]] = {number: [] for number in names}
    for row in sorted(rows, key=lambda each: (each.booking.span.start, each.booking.id)):
        found.setdefault(row.booking.place, []).append(row)
    return [(names.get(number, f"Place {number}"), rows_there) for number, rows_there in found.items()]
