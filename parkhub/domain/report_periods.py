"""The days a report is of, and what they are compared with."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from parkhub.errors import InvalidInputError

DAYS_MAX: Final = 3 * 366
BY_DAY_MAX: Final = 92
"""So many days are told one by one; more are told by month."""
FIRST: Final = date(2000, 1, 1)


class Length(StrEnum):
    """How long the period of a report is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    OWN = "own"


class Against(StrEnum):
    """What a report is compared with."""

    NOTHING = "nothing"
    BEFORE = "before"
    YEAR_BEFORE = "year_before"


class Grain(StrEnum):
    """What a period is told by."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, half-open."""

    length: Length
    since: date
    until: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days

    @property
    def last(self) -> date:
        """The last day."""
        return self.until - timedelta(days=1)

    @property
    def grain(self) -> Grain:
        """What it is told by."""
        return Grain.HOUR if self.days == 1 else Grain.DAY if self.days <= BY_DAY_MAX else Grain.MONTH

    @property
    def words(self) -> str:
        """In English."""
        if self.length is Length.DAY or self.days == 1:
            return f"{self.since:%A}, {self.since.day} {self.since:%B %Y}"
        if self.length is Length.MONTH:
            return f"{self.since:%B %Y}"
        if self.length is Length.YEAR:
            return f"{self.since:%Y}"
        year = "" if self.since.year == self.last.year else f" {self.since:%Y}"
        return f"{self.since.day} {self.since:%b}{year} to {self.last.day} {self.last:%b %Y}"

    def beside(self, steps: int) -> "Period":
        """The period of the same length so many before or after."""
        if self.length is Length.MONTH:
            return around(Length.MONTH, _months_on(self.since, steps))
        if self.length is Length.YEAR:
            return around(Length.YEAR, self.since.replace(year=self.since.year + steps))
        on = timedelta(days=self.days * steps)
        return Period(self.length, self.since + on, self.until + on)

    def against(self, against: Against) -> "Period | None":
        """What it is compared with; of a year before, the same weekdays but for months and years."""
        if against is Against.NOTHING:
            return None
        if against is Against.BEFORE:
            return self.beside(-1)
        if self.length is Length.MONTH:
            return self.beside(-12)
        if self.length is Length.YEAR:
            return self.beside(-1)
        on = timedelta(days=-364)
        return Period(self.length, self.since + on, self.until + on)


def around(length: Length, day: date) -> Period:
    """The day, the week from Monday, the month or the year that holds a day."""
    if length is Length.WEEK:
        since = day - timedelta(days=day.weekday())
        return Period(length, since, since + timedelta(days=7))
    if length is Length.MONTH:
        since = day.replace(day=1)
        return Period(length, since, since + timedelta(days=monthrange(since.year, since.month)[1]))
    if length is Length.YEAR:
        return Period(length, date(day.year, 1, 1), date(day.year + 1, 1, 1))
    return Period(length, day, day + timedelta(days=1))


def read_period(length: str, at: str, since: str, until: str, today: date) -> Period:
    """A period as an address names it: its length and a day of it, or its own first and last day.

    Whatever is left empty is this month. Raises InvalidInputError.
    """
    try:
        wanted = Length(length or Length.MONTH)
        if wanted is Length.OWN:
            first = date.fromisoformat(since) if since else today.replace(day=1)
            last = date.fromisoformat(until) if until else today
            period = Period(wanted, first, last + timedelta(days=1))
        else:
            period = around(wanted, date.fromisoformat(at) if at else today)
    except (ValueError, OverflowError):
        raise InvalidInputError("Write days as 2026-11-16.") from None
    if period.days < 1:
        raise InvalidInputError("The last day is before the first.")
    if period.days > DAYS_MAX:
        raise InvalidInputError("A report is of three years at most.")
    if period.since < FIRST or period.until.year > today.year + 1:
        raise InvalidInputError("There is nothing so far away.")
    return period


def _months_on(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
