"""A forecast goes by the same hour of the same weekday, moved by what is different now, and is tried on the past."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.forecasts import AHEAD_H, forecast, history_of, predict
from parkhub.domain.reports import HourSums

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 9, 20, tzinfo=UTC)  # a Wednesday, 10:20 there
CAPACITY = 100


def usual(day: date, hour: int) -> float:
    """Full by day and empty by night, and half as full at weekends."""
    busy = 80 * max(0.0, math.sin((hour - 6) / 16 * math.pi)) if 6 <= hour <= 22 else 0
    return CAPACITY - busy * (0.5 if day.weekday() > 4 else 1)


def a_past(weeks: int, noise: float = 0.0) -> dict[tuple[date, int], float]:
    chance, found, level = random.Random(3), {}, 0.0
    at = NOW - timedelta(weeks=weeks)
    while at < NOW - timedelta(hours=1):
        local = at.astimezone(BERLIN)
        if local.hour == 0:
            level = chance.gauss(0, noise)
        found[local.date(), local.hour] = min(100.0, max(0.0, usual(local.date(), local.hour) + level))
        at += timedelta(hours=1)
    return found


def test_a_lot_that_repeats_itself_is_forecast_to_the_place():
    made = forecast(a_past(12), CAPACITY, usual(NOW.date(), 10), NOW, BERLIN)
    assert made is not None
    assert len(made.hours) == AHEAD_H
    assert made.hours[0].at == datetime(2026, 11, 18, 10, tzinfo=UTC)
    for hour in made.hours:
        local = hour.at.astimezone(BERLIN)
        assert hour.free == round(usual(local.date(), local.hour))
    assert made.error < 0.01
    assert made.naive_error == 0


def test_what_is_different_now_matters_less_the_later_it_is():
    past, here = a_past(12), usual(NOW.date(), 10)
    gaps = []
    for ahead in (0, 3, 12):
        at = NOW + timedelta(hours=ahead)
        gaps.append(predict(past, 1000, here + 40, NOW, at, BERLIN) - predict(past, 1000, None, NOW, at, BERLIN))
    assert [round(gap, 2) for gap in gaps] == [40, 20, 2.5]


def test_medians_and_the_present_beat_the_week_before_where_days_differ():
    made = forecast(a_past(12, noise=8), CAPACITY, None, NOW, BERLIN)
    assert made is not None
    assert 0 < made.error < made.naive_error
    assert made.hours[0].error < made.hours[-1].error


def test_a_past_of_a_week_forecasts_nothing():
    assert forecast(a_past(1), CAPACITY, 50, NOW, BERLIN) is None
    assert forecast({}, CAPACITY, 50, NOW, BERLIN) is None


def test_a_short_past_is_not_called_right():
    made = forecast(a_past(2), CAPACITY, 50, NOW, BERLIN)
    assert made is not None
    assert (made.error, made.naive_error) == (None, None)


@given(st.floats(-1000, 1000), st.integers(0, 24), st.integers(1, 500))
def test_no_forecast_has_fewer_places_than_none_or_more_than_all(free_now, ahead, capacity):
    free = predict(a_past(3), capacity, free_now, NOW, NOW + timedelta(hours=ahead), BERLIN)
    assert free is not None
    assert 0 <= free <= capacity


def test_hours_that_hardly_anybody_saw_are_no_history():
    at = NOW.replace(minute=0)
    seen, blind = HourSums(samples=12, free=60, occupied=540, unknown=600), HourSums(samples=12, free=60, unknown=900)
    found = history_of({at: seen, at + timedelta(hours=1): blind, at + timedelta(hours=2): HourSums()}, BERLIN)
    assert found == {(date(2026, 11, 18), 10): 10.0}


def test_the_same_hour_is_the_same_on_the_clock_after_it_was_changed():
    now = datetime(2026, 10, 26, 9, tzinfo=UTC)  # the day after clocks went back: 10:00, an hour before it was 11:00
    past = {(date(2026, 10, 26) - timedelta(weeks=n), 10): 42.0 for n in range(1, 5)}
    assert predict(past, CAPACITY, None, now - timedelta(hours=1), now, BERLIN) == 42
