from datetime import UTC, datetime, timedelta

import pytest

from parkhub.domain.enforcement import Claim, Verdict, judge

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
