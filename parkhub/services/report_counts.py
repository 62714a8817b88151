"""What was counted of a period, read for a report."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from parkhub.db import cameras as camera_rows
from parkhub.db import report_spots as spot_rows
from parkhub.db import reports as rows
from parkhub.domain.local_time import day_span
from parkhub.domain.lots import Lot
from parkhub.domain.report_counts import Counts, Point
from parkhub.domain.report_money import read_money
from parkhub.domain.report_periods import Grain, Period
from parkhub.domain.reports import HourSums, Measure, hours_of


async def load_counts(lot: Lot, period: Period, today: date | None = None, *, by_spot: bool = False) -> Counts:
    """All of a period of a lot, from what was counted, told by hour, day or month until ``today``.

    Nothing is counted here. ``by_spot``: with the places one by one.
    """
    facts = await rows.sum_facts(lot.id, period.since, period.until)
    money = read_money((label, unit, value) for (measure, label, unit), value in facts.items() if measure is _POSTED)
    until = min(period.until, today + timedelta(days=1)) if today else period.until
    points = await (_by_hour(lot, period) if period.grain is Grain.HOUR else _by_day(lot, period, until))
    return Counts(
        period,
        points,
        await rows.sum_by_clock(lot.id, period.since, period.until),
        facts,
        money,
        {str(camera.id): camera.name for camera in await camera_rows.list_cameras(lot.id)},
        max(money, key=lambda currency: len(money[currency].posted), default=""),
        tuple(await spot_rows.sum_spots(lot.id, period.since, until)) if by_spot else (),
    )


async def _by_hour(lot: Lot, period: Period) -> tuple[Point, ...]:
    """Money has no hour: all of it stands at the day."""
    zone = ZoneInfo(lot.time_zone)
    span = day_span(period.since, zone)
    known = await rows.list_hours(lot.id, span.start, span.end)
    clocks: list[int] = []
    points = []
    for hour in hours_of(period.since, zone):
        again = hour.clock in clocks
        clocks.append(hour.clock)
        points.append(Point(f"{hour.clock:02}:00{' again' if again else ''}", known.get(hour.at, HourSums()), {}))
    return tuple(points)


async def _by_day(lot: Lot, period: Period, until: date) -> tuple[Point, ...]:
    by_day = await rows.sum_by_day(lot.id, period.since, period.until)
    posted: dict[date, list[tuple[str, str, int]]] = {}
    by_month = period.grain is Grain.MONTH
    for day, fact in await (rows.sum_by_month if by_month else rows.list_facts)(
        lot.id, _POSTED, period.since, period.until
    ):
        posted.setdefault(day, []).append((fact.label, fact.unit, fact.value))
    hours: dict[date, HourSums] = {}
    for offset in range((until - period.since).days):
        day = period.since + timedelta(days=offset)
        key = day.replace(day=1) if by_month else day
        hours[key] = hours.get(key, HourSums()) + by_day.get(day, HourSums())
    return tuple(
        Point(f"{day:%b %Y}" if by_month else f"{day:%a} {day.day} {day:%b}", sums, read_money(posted.get(day, ())))
        for day, sums in hours.items()
    )


async def counted_at(lot: Lot, period: Period) -> datetime | None:
    """When the last of its days was counted last; None: nothing of it was."""
    return await rows.last_made(lot.id, period.since, period.until)


_POSTED = Measure.POSTED
