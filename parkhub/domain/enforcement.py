"""What a patrol is told of a plate: whether it may stand there, and until when.

Only the very plate counts, read from the car by a person: one that looks alike gives no allowance, but a hint. Whatever
has just run out stays visible for `VISIBLE`, so that nobody is fined while walking to the machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.pay_ahead import Standing

VISIBLE: Final = timedelta(minutes=15)
BACK_MAX: Final = timedelta(days=1)
AHEAD_MAX: Final = timedelta(minutes=5)
"""How far from now a patrol may ask: its clock may be wrong, and it may have been without a connection."""


class Because(StrEnum):
    """What speaks for a plate, or spoke."""

    PAID = "paid"
    FREE = "free"
    PERMIT = "permit"
    BOOKED = "booked"
    LISTED = "listed"
    INSIDE = "inside"
    """It came in and owes something."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that lets a plate stand there, or no longer does. ``until`` None: nobody can say."""

    allowed: bool
    until: datetime | None
    because: Because | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``until``: the end of what is allowed, or of what has just run out; ``because`` what that is.

    ``look_alike``: another plate that looks the same and may stand there. ``paid``: where one pays ahead, how that is;
    ``paid_until`` when that ends or has ended.
    """

    allowed: bool
    until: datetime | None = None
    look_alike: str = ""
    paid: Standing | None = None
    paid_until: datetime | None = None
    because: Because | None = field(default=None, compare=False)


def judge(claims: Iterable[Claim], at: datetime) -> Verdict:
    """What all claims of a plate come to: the one that lasts longest counts."""
    found = list(claims)
    allowing = [claim for claim in found if claim.allowed]
    if allowing:
        longest = max(allowing, key=lambda claim: (claim.until is None, claim.until or at))
        return Verdict(True, longest.until, because=longest.because)
    over = [claim for claim in found if claim.until is not None and at - VISIBLE < claim.until <= at]
    last = max(over, key=lambda claim: claim.until or at, default=None)
    inside = any(claim.because is Because.INSIDE for claim in found)
    because = Because.INSIDE if inside else last.because if last else None
    return Verdict(False, last.until if last else None, because=because)
