"""What is still due when somebody wants to leave, and whether that keeps the car: small amounts, payments on their way.

No card payment takes less than the provider's least amount, so what becomes of less is the lot's rule. A payment that a
bank has taken in hand may need days: by the lot's rule it lets the car go like one that has arrived, and if it fails
after all, the amount is owed as by anybody who left without paying.
"""

from enum import StrEnum

from parkhub.domain.lot_rules import LotRules, SmallDues
from parkhub.domain.provider_money import least_cents


class Due(StrEnum):
    """What is to be done about an amount before the car leaves; `ON_ITS_WAY` keeps it or not, see `may_leave`."""

    NOTHING = "nothing"
    PAY = "pay"
    SMALL = "small"
    ON_ITS_WAY = "on_its_way"


def judge(due_cents: int, currency: str, *, processing: bool) -> Due:
    """What an amount means for its driver. ``processing``: a payment for the stay is on its way."""
    if due_cents <= 0:
        return Due.NOTHING
    if processing:
        return Due.ON_ITS_WAY
    return Due.SMALL if is_small(due_cents, currency) else Due.PAY


def may_leave(due: Due, rules: LotRules) -> bool:
    """Whether a car may leave with that."""
    match due:
        case Due.NOTHING:
            return True
        case Due.SMALL:
            return rules.small_dues is not SmallDues.MACHINE
        case Due.ON_ITS_WAY:
            return rules.processing_leaves
        case Due.PAY:
            return False


def is_small(due_cents: int, currency: str) -> bool:
    """Whether something is due, and less than a card payment takes."""
    return 0 < due_cents < least_cents(currency)


def is_let_go(open_cents: int, currency: str, rules: LotRules) -> bool:
    """Whether what a car still owes when it has left is forgone."""
    return is_small(open_cents, currency) and rules.small_dues is SmallDues.LET_GO
