"""Finding one's own parking by plate and about the time of arrival."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from parkhub.domain.matching import Inside
from parkhub.domain.own_parking import OFFERED_MAX, Found, alike, find
from parkhub.domain.sessions import Ending, ParkingSession, SessionState

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 11, 16, 10, 52, tzinfo=UTC)  # 11:52 there
OWN = ParkingSession(1, "T", 1, "PKH4827", None, SessionState.OPEN, Ending.NONE, AT)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("PKH4827", [1]),
        ("pkh 48-27", [1]),
        ("PKH4B27", [1]),
        ("PKH4829", [1]),
        ("PKH482", [1]),
        ("PKH4899", []),
        ("XX1", []),
        ("---", []),
    ],
)
def test_a_plate_one_letter_off_is_alike(typed: str, found: list[int]) -> None:
    assert alike(typed, [Inside(1, "PKH4827"), Inside(2, "M0TORWAY")]) == found


def test_on_a_short_plate_another_letter_is_another_car() -> None:
    assert alike("AB1", [Inside(1, "AB2")]) == []
    assert alike("AB0", [Inside(1, "ABO")]) == [1]


@pytest.mark.parametrize(
    ("minute", "fits"),
    [(11 * 60 + 52, True), (11 * 60 + 22, True), (12 * 60 + 22, True), (11 * 60 + 21, False), (12 * 60 + 23, False)],
)
def test_half_an_hour_either_way_is_near_enough(minute: int, fits: bool) -> None:
    assert (find("PKH4827", minute, [OWN], BERLIN).own == OWN) is fits


def test_around_midnight_and_days_later_the_time_of_day_counts() -> None:
    late = replace(OWN, entered_at=datetime(2026, 11, 10, 22, 50, tzinfo=UTC))  # 23:50 there
    assert find("PKH4827", 5, [late], BERLIN).own == late


def test_the_very_plate_goes_before_those_alike() -> None:
    other = replace(OWN, id=2, plate="PKH4829")
    assert find("PKH4827", 712, [other, OWN], BERLIN) == Found(OWN)
    assert find("PKH4828", 712, [other, OWN], BERLIN) == Found(None, (other, OWN))


def test_of_too_many_alike_none_is_offered() -> None:
    many = [replace(OWN, id=number, plate=f"PKH482{number}") for number in range(OFFERED_MAX + 1)]
    assert find("PKH482X", 712, many, BERLIN) == Found()
    assert len(find("PKH482X", 712, many[1:], BERLIN).alike) == OFFERED_MAX
