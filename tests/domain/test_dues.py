"""What is due when a car wants to leave, and whether that keeps it."""

import pytest

from parkhub.domain.dues import Due, is_let_go, judge, may_leave
from parkhub.domain.lot_rules import LotRules, SmallDues
from parkhub.domain.provider_money import least_cents

JUDGED = {
    "nothing": (0, "EUR", False, Due.NOTHING),
    "credit": (-100, "EUR", True, Due.NOTHING),
    "an amount": (50, "EUR", False, Due.PAY),
    "less than a card takes": (49, "EUR", False, Due.SMALL),
    "less in yen": (49, "JPY", False, Due.SMALL),
    "an amount in pounds": (30, "GBP", False, Due.PAY),
    "a currency without a least amount": (1, "KWD", False, Due.PAY),
    "on its way": (400, "EUR", True, Due.ON_ITS_WAY),
    "little and on its way": (10, "EUR", True, Due.ON_ITS_WAY),
}


@pytest.mark.parametrize(("cents", "currency", "processing", "expected"), JUDGED.values(), ids=JUDGED)
def test_an_amount_means_something_to_its_driver(cents: int, currency: str, processing: bool, expected: Due) -> None:
    assert judge(cents, currency, processing=processing) is expected


LEAVES = {
    "nothing due": (Due.NOTHING, LotRules(), True),
    "to pay": (Due.PAY, LotRules(), False),
    "small, carried": (Due.SMALL, LotRules(), True),
    "small, let go": (Due.SMALL, LotRules(small_dues=SmallDues.LET_GO), True),
    "small, at the machine": (Due.SMALL, LotRules(small_dues=SmallDues.MACHINE), False),
    "on its way": (Due.ON_ITS_WAY, LotRules(), True),
    "on its way, and waited for": (Due.ON_ITS_WAY, LotRules(processing_leaves=False), False),
}


@pytest.mark.parametrize(("due", "rules", "expected"), LEAVES.values(), ids=LEAVES)
def test_a_car_leaves_or_stays(due: Due, rules: LotRules, expected: bool) -> None:
    assert may_leave(due, rules) is expected


def test_only_less_than_a_card_takes_is_let_go_and_only_by_the_rule() -> None:
    let_go = LotRules(small_dues=SmallDues.LET_GO)
    assert least_cents("EUR") == 50
    assert [is_let_go(cents, "EUR", let_go) for cents in (0, 1, 49, 50)] == [False, True, True, False]
    assert not is_let_go(10, "EUR", LotRules())
