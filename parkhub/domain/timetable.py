"""Which of a tariff's rates holds at an instant, and until when that cannot change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import DAY_MINUTES, Span, instant, local_day
from parkhub.domain.tariffs import DAYS, HOLIDAY, Event, Hours, Rate, Tariff, holiday_calendar

ALWAYS: Final = Span(datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
_AHEAD: Final = 8  # days looked ahead: every weekday once, and one


@dataclass(frozen=True, slots=True)
class Rule:
    """A band (``hours``) or an event (``once``), by its place in the order in which they are asked."""

    index: int
    label: str
    rate: Rate
    cap_cents: int | None
    hours: Hours | None = None
    once: Span | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A rule that holds, and the whole stretch (one night, one event) for which it does."""

    rule: Rule
    span: Span


class Timetable:
    """A tariff's rules in a local calendar."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo) -> None:
        self._zone = zone
        self._holidays = holiday_calendar(tariff.holidays)
        events = (
            Rule(index, event.name, event.rate, event.cap_cents, once=_once(event, zone))
            for index, event in enumerate(tariff.events)
        )
        bands = (
            Rule(index, band.name, band.rate, band.cap_cents, band.hours)
            for index, band in enumerate(tariff.bands, len(tariff.events))
        )
        self._rules = (*events, *bands)

    def at(self, when: datetime) -> tuple[Holding | None, datetime]:
        """The first rule that holds, None where parking is free; and until when that cannot change."""
        until = when + timedelta(days=_AHEAD)
        for rule in self._rules:
            spans = self._spans(rule, when)
            for span in spans:
                if when in span:
                    return Holding(rule, span), min(until, span.end)
            until = min([until, *(span.start for span in spans if span.start > when)])
        return None, until

    def _spans(self, rule: Rule, when: datetime) -> list[Span]:
        """The rule's stretches from the one that may hold already to those of the days ahead."""
        if rule.once is not None:
            return [rule.once]
        if rule.hours is None:
            return [ALWAYS]
        today, found = local_day(when, self._zone), []
        for ahead in range(-1, _AHEAD + 1):
            day = today + timedelta(days=ahead)
            if self._is_day(rule.hours, day):
                found.append(_span(rule.hours, day, self._zone))
                if found[-1].start > when:
                    break
        return found

    def _is_day(self, hours: Hours, day: date) -> bool:
        if not hours.days:
            return True
        return (HOLIDAY if day in self._holidays else DAYS[day.weekday()]) in hours.days


def _span(hours: Hours, day: date, zone: ZoneInfo) -> Span:
    end = hours.end if hours.end > hours.start else hours.end + DAY_MINUTES
    return Span(instant(day, hours.start, zone), instant(day, end, zone))


def _once(event: Event, zone: ZoneInfo) -> Span:
    start, end = (instant(at.date(), at.hour * 60 + at.minute, zone) for at in (event.start, event.end))
    return Span(start, end)
