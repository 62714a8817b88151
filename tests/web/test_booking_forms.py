"""Times as people type them, by a lot's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from parkhub.domain.local_time import Span
from parkhub.languages import ENGLISH
from parkhub.web.booking_forms import Times, presets, times_of, usual_times

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 28, 10, 7, tzinfo=UTC)  # a Saturday; the clocks go forward the night after


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (Times("2026-03-28", "22:00", "2026-03-29", "08:00"), 9),
        (Times("2026-03-28", "8.30", "", "9h30"), 1),
        (Times("2026-10-24", "22:00", "2026-10-25", "08:00"), 11),
    ],
    ids=["a short night", "written otherwise, on one day", "a long night"],
)
def test_times_are_by_the_lots_clock_also_when_it_changes(times: Times, hours: int) -> None:
    span = times.read(BERLIN)
    assert span is not None
    assert span.length.total_seconds() == hours * 3600


@pytest.mark.parametrize("times", [Times(), Times("2026-02-30", "08:00"), Times("2026-03-28", "25:00", "", "26:00")])
def test_what_is_no_time_is_none_and_says_why(times: Times) -> None:
    assert times.read(BERLIN) is None
    assert "at" in times.wrong(BERLIN, ENGLISH, NOW)


def test_a_span_as_fields_reads_as_itself() -> None:
    span = Span(datetime(2026, 3, 28, 21, 15, tzinfo=UTC), datetime(2026, 3, 30, 6, tzinfo=UTC))
    assert times_of(span, BERLIN).read(BERLIN) == span


def test_a_page_begins_with_two_hours_from_the_next_quarter() -> None:
    assert usual_times(NOW, BERLIN) == Times("2026-03-28", "11:15", "2026-03-28", "13:15")


def test_every_preset_can_be_booked() -> None:
    found = presets(NOW, BERLIN, ENGLISH)
    assert [name for name, _ in found] == ["Now, 2 hours", "Until this evening", "Tomorrow, 8 to 18", "The weekend"]
    assert all(not times.wrong(BERLIN, ENGLISH, NOW) for _, times in found)
    assert found[-1][1] == Times("2026-04-04", "08:00", "2026-04-05", "18:00")
