"""How many places of a lot will be free, from its own history.

For each hour to come: the median of what the same hour of the same weekday had in the last `WEEKS` weeks, moved by what
is different now, of which half is left after `HALF_LIFE_H` hours. The peer it is held against is the seasonal naive
forecast: the same hour a week before (Hyndman, Athanasopoulos: Forecasting: Principles and Practice, 5.2 and 5.8).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.reports import HourSums

AHEAD_H: Final = 24
WEEKS: Final = 6
WEEKS_MIN: Final = 2
"""Fewer weeks of a weekday's hour say nothing about it."""
HALF_LIFE_H: Final = 3.0
TRIED_DAYS: Final = 28
TRIED_EVERY_H: Final = 11
"""Hours between the instants from which past hours are forecast anew: no whole part of a day."""
TRIED_MIN: Final = 200

WallHour = tuple[date, int]
"""A local day and what its clock shows: 0..23."""
History = Mapping[WallHour, float]
"""How many places were free in past hours, on average; hours in which nobody could say are not there."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An hour to come, and by how many places such a forecast was off, on average; None: it could not be tried."""

    at: datetime
    free: int
    error: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next hours. ``error`` and ``naive_error``: mean absolute errors in places over the last weeks, all hours
    ahead together, of ``tried`` past hours that both could forecast; None for too few.
    """

    made_at: datetime
    capacity: int
    hours: tuple[Expected, ...]
    error: float | None
    naive_error: float | None
    tried: int


def history_of(hours: Mapping[datetime, HourSums], zone: ZoneInfo) -> dict[WallHour, float]:
    """What is known of past hours; those in which more than half of the places were not seen are left out.

    Of an hour that comes twice the second counts.
    """
    found = {}
    for at, sums in hours.items():
        seen = sums.free + sums.occupied
        if sums.samples and seen >= sums.unknown and seen:
            local = at.astimezone(zone)
            whole = (seen + sums.unknown) / sums.samples
            found[local.date(), local.hour] = sums.free / seen * whole
    return found


def forecast(history: History, capacity: int, free_now: float | None, now: datetime, zone: ZoneInfo) -> Forecast | None:
    """The next `AHEAD_H` hours; None when the history is too short for any. ``free_now`` None: nobody can say."""
    errors, error, naive_error, tried = _try_out(history, capacity, now, zone)
    begin = now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
    found = []
    for ahead in range(1, AHEAD_H + 1):
        at = begin + timedelta(hours=ahead)
        free = predict(history, capacity, free_now, now, at, zone)
        if free is not None:
            found.append(Expected(at, round(free), errors.get(ahead)))
    return Forecast(now, capacity, tuple(found), error, naive_error, tried) if found else None


def predict(
    history: History, capacity: int, free_now: float | None, now: datetime, at: datetime, zone: ZoneInfo
) -> float | None:
    """How many places will be free in the hour that begins at ``at``, 0 to ``capacity``; None: nobody knows."""
    usual = _usual(history, at, zone)
    if usual is None:
        return None
    if free_now is not None and (here := _usual(history, now, zone)) is not None:
        ahead_h = max(0.0, (at - now).total_seconds() / 3600)
        usual += (free_now - here) * 0.5 ** (ahead_h / HALF_LIFE_H)
    return min(float(capacity), max(0.0, usual))


def _usual(history: History, at: datetime, zone: ZoneInfo) -> float | None:
    """The median of that weekday's hour over the weeks before."""
    local = at.astimezone(zone)
    days = (local.date() - timedelta(days=7 * weeks) for weeks in range(1, WEEKS + 1))
    found = [value for day in days if (value := history.get((day, local.hour))) is not None]
    return median(found) if len(found) >= WEEKS_MIN else None


def _try_out(
    history: History, capacity: int, now: datetime, zone: ZoneInfo
) -> tuple[dict[int, float], float | None, float | None, int]:
    """Errors by hours ahead, over all, and the peer's: past hours forecast with what was known then."""
    by_ahead: dict[int, list[float]] = {}
    own: list[float] = []
    naive: list[float] = []
    begin = now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
    for back in range(AHEAD_H + 1, TRIED_DAYS * 24, TRIED_EVERY_H):
        origin = begin - timedelta(hours=back)
        last = origin - timedelta(hours=1)
        local = last.astimezone(zone)
        free_then = history.get((local.date(), local.hour))
        for ahead in range(1, AHEAD_H + 1):
            at = origin + timedelta(hours=ahead)
            local = at.astimezone(zone)
            was = history.get((local.date(), local.hour))
            week_before = history.get((local.date() - timedelta(days=7), local.hour))
            if was is None or week_before is None:
                continue
            said = predict(history, capacity, free_then, last, at, zone)
            if said is not None:
                own.append(abs(said - was))
                naive.append(abs(week_before - was))
                by_ahead.setdefault(ahead, []).append(own[-1])
    if len(own) < TRIED_MIN:
        return {}, None, None, len(own)
    return {ahead: _mean(found) for ahead, found in by_ahead.items()}, _mean(own), _mean(naive), len(own)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
