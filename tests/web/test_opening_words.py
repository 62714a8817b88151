"""Opening times in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from parkhub.domain.opening_times import OpeningTimes
from parkhub.languages import ENGLISH
from parkhub.web.opening_words import Week, opening_sentence, opening_week

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Mo-Su 06:00-22:00", "Open today 06:00 to 22:00"),
        ("Mo-Fr 06:00-24:00", "Open today 06:00 to 24:00"),
        ("Mo-Su 06:00-02:00", "Open until tomorrow 02:00"),
        ("Th 20:00-24:00; Fr 00:00-20:00", "Open until 20:00"),
        ("Th-Sa 00:00-24:00", "Open until Sun 22 Nov, 00:00"),
        ("24/7", "Open all day, every day"),
        ("Mo-Su 14:00-18:00", "Closed, opens at 14:00"),
        ("Sa 06:00-22:00", "Closed, opens tomorrow 06:00"),
        ("Mo 06:00-22:00", "Closed, opens Mon 23 Nov, 06:00"),
        ("off", "Closed"),
        ("Mo-Su 08:00-20:00 unknown", ""),
    ],
)
def test_now_is_told_in_a_sentence(text, sentence):
    assert opening_sentence(OpeningTimes(text, BERLIN), FRIDAY, ENGLISH) == sentence


def test_nothing_is_told_where_nobody_has_said():
    assert opening_sentence(None, FRIDAY, ENGLISH) == ""
    assert opening_week(None, FRIDAY, ENGLISH) is None


def test_the_week_begins_today():
    found = opening_week(OpeningTimes("Fr 00:00-24:00; Sa 08:00-12:00,14:00-24:00; Su off", BERLIN), FRIDAY, ENGLISH)
    assert found is not None
    assert found.days[:3] == (
        ("Today", "open all day"),
        ("Tomorrow", "08:00–12:00, 14:00–24:00"),
        ("Sun 22 Nov", "closed"),
    )


def test_what_never_closes_needs_no_table():
    assert opening_week(OpeningTimes("24/7", BERLIN), FRIDAY, ENGLISH) == Week(())
