"""Validation and discount codes: what a shop or a campaign takes off a stay, how often and until when."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from parkhub.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Discount:
    """What a code takes off: minutes that are free, then a share in percent, then an amount. One of the three."""

    code: str
    minutes: int = 0
    percent: Fraction = Fraction(0)
    amount_cents: int = 0

    def __post_init__(self) -> None:
        if sum(map(bool, (self.minutes, self.percent, self.amount_cents))) != 1:
            raise ValueError("a discount is minutes, or a percentage, or an amount")
        if self.minutes < 0 or not 0 <= self.percent <= 100 or self.amount_cents < 0:
            raise ValueError("a discount takes off between nothing and everything")


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """When a code works: ``starts_at`` <= now < ``ends_at``, at most ``uses_max`` times in all (None: no limit)."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    uses_max: int | None = None


def check_code(limits: CodeLimits, uses: int, now: datetime) -> None:
    """Whether a code may be used once more. Raises InvalidInputError with the reason, fit for the driver."""
    if limits.starts_at is not None and now < limits.starts_at:
        raise InvalidInputError("This code is not valid yet.")
    if limits.ends_at is not None and now >= limits.ends_at:
        raise InvalidInputError("This code has expired.")
    if limits.uses_max is not None and uses >= limits.uses_max:
        raise InvalidInputError("This code has been used up.")
