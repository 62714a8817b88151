"""Until when somebody may pay ahead, and what the clock and a patrol say of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from parkhub.domain.lot_rules import LotRules
from parkhub.domain.opening_times import OpeningTimes
from parkhub.domain.pay_ahead import Phase, Standing, limits, may_choose, phase, presets, read_end, standing

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 16, 9, 0, 40, tzinfo=UTC)  # ten past by the lot's clock
START = NOW.replace(second=0)


def clock(*ends: datetime) -> list[str]:
    return [f"{end.astimezone(BERLIN):%H:%M}" for end in ends]


def test_usual_ends_are_offered_on_whole_minutes_up_to_the_end_of_the_day() -> None:
    given = limits(START, None, LotRules(), None, NOW)
    assert clock(*presets(given, BERLIN)) == ["10:30", "11:00", "12:00", "14:00", "00:00"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 16, 20, 30, tzinfo=UTC), ["22:00", "22:30", "23:30", "00:00"]),
        (datetime(2026, 11, 16, 22, 40, tzinfo=UTC), ["00:10", "00:40", "01:40", "03:40"]),
    ],
    ids=["in the evening", "when the day is nearly over"],
)
def test_late_in_the_day_less_is_left_of_it(now: datetime, expected: list[str]) -> None:
    assert clock(*presets(limits(now, None, LotRules(), None, now), BERLIN)) == expected


def test_who_prolongs_chooses_from_the_end_that_is_paid() -> None:
    given = limits(START, START + timedelta(hours=2), LotRules(), None, NOW)
    assert clock(*presets(given, BERLIN))[:2] == ["12:30", "13:00"]
    assert not may_choose(START + timedelta(hours=2), given)
    assert may_choose(START + timedelta(hours=2, minutes=1), given)


def test_nobody_stays_longer_than_the_lots_rule_or_a_week() -> None:
    short = limits(START, None, LotRules(stay_max_minutes=90), None, NOW)
    assert clock(*presets(short, BERLIN)) == ["10:30", "11:00"]
    assert limits(START, None, LotRules(stay_max_minutes=0), None, NOW).most == START + timedelta(days=7)


def test_nobody_stays_longer_than_the_lot_is_open() -> None:
    times = OpeningTimes("Mo-Fr 08:00-12:00", BERLIN, "DE")
    given = limits(START, None, LotRules(), times, NOW)
    assert clock(*presets(given, BERLIN)) == ["10:30", "11:00", "12:00"]
    closed = limits(START, None, LotRules(), times, NOW + timedelta(hours=3))
    assert (closed.is_closed, presets(closed, BERLIN)) == (True, [])
    assert closed.opens_at is not None
    assert clock(closed.opens_at) == ["08:00"]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(14 * 60 + 35, "16 14:35"), (10 * 60, "17 10:00"), (9 * 60, "17 09:00")],
    ids=["later today", "this very minute is tomorrow's", "an earlier time is tomorrow's"],
)
def test_a_time_that_is_typed_is_the_next_one(minute: int, expected: str) -> None:
    end = read_end(minute, limits(START, None, LotRules(), None, NOW), BERLIN)
    assert end is not None
    assert f"{end.astimezone(BERLIN):%d %H:%M}" == expected


def test_a_time_beyond_the_most_is_none() -> None:
    assert read_end(14 * 60, limits(START, None, LotRules(stay_max_minutes=60), None, NOW), BERLIN) is None


def test_the_hour_that_comes_twice_is_an_hour_longer() -> None:
    night = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)  # an hour past midnight, two before the clocks go back
    given = limits(night, None, LotRules(), None, night)
    end = read_end(4 * 60, given, BERLIN)
    assert end == datetime(2026, 10, 25, 3, 0, tzinfo=UTC)
    assert presets(given, BERLIN)[-1] == datetime(2026, 10, 25, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "exit_seen", "expected"),
    [
        (59, False, Phase.PAID),
        (60, False, Phase.OVER),
        (75, False, Phase.OVER),
        (76, False, Phase.ENDED),
        (76, True, Phase.OVER),
        (13 * 60 + 1, True, Phase.ENDED),
    ],
)
def test_where_a_stay_is_follows_from_the_clock_alone(minutes: int, exit_seen: bool, expected: Phase) -> None:
    now = START + timedelta(minutes=minutes)
    assert phase(START + timedelta(hours=1), now, timedelta(minutes=15), exit_seen=exit_seen) is expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [([], Standing.NOT_PAID), ([1], Standing.PAID), ([-1], Standing.EXPIRED), ([-1, 2], Standing.PAID)],
    ids=["never", "paid", "over", "paid again"],
)
def test_a_patrol_is_told_of_the_last_end(ends: list[int], expected: Standing) -> None:
    told = standing([START + timedelta(hours=hours) for hours in ends], START)
    assert told == (expected, START + timedelta(hours=max(ends)) if ends else None)


def test_a_day_after_its_end_nothing_is_told_of_it() -> None:
    assert standing([START - timedelta(days=1)], START) == (Standing.NOT_PAID, None)
