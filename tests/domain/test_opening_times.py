"""When a lot is open, by OpenStreetMap's syntax."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from parkhub.domain.opening_times import LENGTH_MAX, OpeningTimes, check_opening_hours
from parkhub.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=BERLIN)


def local(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "is_open", "began", "until"),
    [
        ("Mo-Fr 06:00-22:00", True, local(20, 6), local(20, 22)),
        ("Mo-Fr 06:00-11:00; Sa 08:00-20:00", False, None, local(21, 8)),
        ("Th-Su 10:00-02:00", True, local(20, 10), local(21, 2)),
        ("Th 20:00-24:00; Fr 00:00-20:00", True, None, local(20, 20)),
        ("24/7", True, None, None),
        ("Mo-Su 00:00-24:00", True, None, None),
        ("off", False, None, None),
        ('Mo-Fr 08:00-12:00 "front", Mo-Fr 12:00-18:00 "back"', True, local(20, 8), local(20, 18)),
        ('Mo-Su 08:00-20:00 unknown "ask"', None, None, None),
    ],
)
def test_it_is_told_whether_a_lot_is_open_and_until_when(text, is_open, began, until):
    found = OpeningTimes(text, BERLIN).at(FRIDAY.astimezone(UTC))
    assert (found.is_open, found.began, found.until) == (is_open, began, until)


def test_public_holidays_are_those_of_the_country():
    text, noon = "Mo-Su 06:00-22:00; PH off", local(3, 12, 10)  # Germany's own day
    assert OpeningTimes(text, BERLIN, "DE").at(noon).is_open is False
    assert OpeningTimes(text, BERLIN, "FR").at(noon).is_open is True


def test_hours_are_the_clocks_on_the_wall_when_it_changes():
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # half past two, the first time
    found = OpeningTimes("Mo-Su 02:00-05:00", BERLIN).at(night)
    assert found.until == datetime(2026, 10, 25, 4, 0, tzinfo=UTC)


def test_the_last_minute_before_clocks_go_forward_is_as_any_other():
    found = OpeningTimes("24/7", BERLIN).at(datetime(2027, 3, 28, 0, 59, 30, tzinfo=UTC))
    assert (found.is_open, found.until) == (True, None)


@pytest.mark.parametrize("first", [date(2027, 4, 21), date(2027, 4, 30), date(2027, 5, 1)])
def test_a_day_without_a_midnight_is_told_from_when_it_begins(first):
    times = OpeningTimes("Mo-Su 00:30-12:00", ZoneInfo("Africa/Cairo"))  # its 30 April began at one o'clock
    short = date(2027, 4, 30)
    for day in times.week(first):
        begins = datetime.combine(day.day, time(1, 0) if day.day == short else time(0, 30))
        assert day.spans == ((begins, datetime.combine(day.day, time(12))),)


def test_a_week_is_told_day_by_day():
    week = OpeningTimes("Mo-Th 06:00-22:00; Fr,Sa 08:00-12:00,20:00-02:00", BERLIN).week(date(2026, 11, 20))
    hours = [[f"{start:%H:%M}-{end:%H:%M}" for start, end in day.spans] for day in week]
    workday = ["06:00-22:00"]
    assert hours == [["08:00-12:00", "20:00-02:00"]] * 2 + [[], workday, workday, workday, workday]
    assert [day.day.day for day in week] == [20, 21, 22, 23, 24, 25, 26]


def test_what_is_open_for_days_is_cut_at_midnights():
    week = OpeningTimes("Mo 06:00-24:00; Tu-Sa 00:00-24:00; Su 00:00-20:00", BERLIN).week(date(2026, 11, 21))
    assert [day.whole for day in week] == [True, False, False, True, True, True, True]
    assert [f"{end:%d %H}" for _, end in week[1].spans] == ["22 20"]


@pytest.mark.parametrize(
    ("text", "country", "says"),
    [
        ("Mo-Fr 06:00-22:00 nonsense", "", "from letter 19 on"),
        ("8 to 8", "", "from letter"),
        ("24/7", "XX", "XX is no country"),
        ("Mo-Su 08:00-20:00 unknown", "", "open or off"),
        ("24/7;" * LENGTH_MAX, "", "at most"),
    ],
)
def test_what_cannot_be_told_to_drivers_is_refused(text, country, says):
    with pytest.raises(InvalidInputError, match=says):
        check_opening_hours(text, country, FRIDAY)
