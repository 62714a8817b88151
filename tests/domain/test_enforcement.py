from datetime import UTC, datetime, timedelta

import pytest

from parkhub.domain.enforcement import Because, Claim, Verdict, judge

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def minutes(number: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ([], Verdict(False)),
        ([Claim(True, minutes(5)), Claim(True, minutes(9)), Claim(False, minutes(-1))], Verdict(True, minutes(9))),
        ([Claim(True, minutes(5)), Claim(True, None)], Verdict(True)),
        ([Claim(False, minutes(-14)), Claim(False, minutes(-60))], Verdict(False, minutes(-14))),
        ([Claim(False, minutes(-15))], Verdict(False)),
        ([Claim(False, NOON)], Verdict(False, NOON)),
        ([Claim(False, None)], Verdict(False)),
    ],
    ids=["nothing", "the longest counts", "nobody can say", "just run out", "long ago", "this instant", "not paid"],
)
def test_what_claims_come_to(claims, verdict):
    assert judge(claims, NOON) == verdict


def test_it_is_told_what_speaks_for_a_plate():
    paid, permit = Claim(True, minutes(5), Because.PAID), Claim(True, None, Because.PERMIT)
    assert judge([paid, permit], NOON).because is Because.PERMIT
    assert judge([paid, Claim(False, minutes(-5), Because.BOOKED)], NOON).because is Because.PAID
    assert judge([Claim(False, minutes(-5), Because.BOOKED)], NOON).because is Because.BOOKED
    assert judge([Claim(False, minutes(-60), Because.BOOKED)], NOON).because is None
    assert judge([Claim(False, None, Because.INSIDE)], NOON).because is Because.INSIDE
