"""A session's books through every order of events: what holds after each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parkhub.domain import entries
from parkhub.domain.entries import Books
from parkhub.domain.ledger import GENESIS, Account, Kind, Posting, Transaction, seal
from parkhub.domain.local_time import Span
from parkhub.domain.money import rounded
from parkhub.domain.quotes import Quote
from parkhub.errors import InvalidInputError

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TENDERS = st.sampled_from([Account.CLEARING, Account.CASH])


def quote(gross: int, percent: int = 19) -> Quote:
    net = rounded(Fraction(gross * 100, 100 + percent))
    return Quote("EUR", (), net, gross - net, gross, Fraction(percent), Span(AT, AT + timedelta(hours=1)))


def posted(*amounts: tuple[Account, int]) -> tuple[Posting, ...]:
    return tuple(Posting(account, cents) for account, cents in amounts)


class Session(RuleBasedStateMachine):
    """Charges, payments, refunds, waivers and disputes of any amount in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.price = 0
        self.paid = self.refunded = self.waived = self.lost = self.disputed = 0

    def post(self, kind: Kind, postings: tuple[Posting, ...]) -> None:
        if postings:
            Transaction("t", 1, 1, kind, "EUR", AT, postings)  # refuses what does not sum to zero
            self.books = self.books.after(kind, postings)

    @rule(gross=st.integers(0, 20_000), percent=st.sampled_from([0, 7, 19]))
    def price_changes(self, gross, percent):
        self.post(Kind.REVERSAL, entries.resumed(self.books, quote(gross, percent)))
        self.post(Kind.CORRECTION if self.price else Kind.CHARGE, entries.charge(self.books, quote(gross, percent)))
        self.price = gross

    @rule(amount=st.integers(1, 20_000), into=TENDERS)
    def pay(self, amount, into):
        self.post(Kind.PAYMENT, entries.payment(self.books, amount, into))
        self.paid += amount

    @rule(amount=st.integers(1, 20_000), out_of=TENDERS)
    def refund(self, amount, out_of):
        if amount > self.books.refundable_cents:
            with pytest.raises(InvalidInputError):
                entries.refund(self.books, amount, out_of)
            return
        self.post(Kind.REFUND, entries.refund(self.books, amount, out_of))
        self.refunded += amount

    @precondition(lambda self: self.books.refundable_cents > 0)
    @rule(share=st.fractions(0, 1), out_of=TENDERS)
    def refund_a_share(self, share, out_of):
        self.refund(max(1, int(self.books.refundable_cents * share)), out_of)

    @precondition(lambda self: self.books.open_cents > 0)
    @rule(share=st.fractions(0, 1))
    def waive(self, share):
        amount = max(1, int(self.books.open_cents * share))
        self.post(Kind.WAIVER, entries.waiver(self.books, amount))
        self.waived += amount

    @rule(amount=st.integers(1, 20_000))
    def the_provider_tells_of_a_refund(self, amount):
        self.post(Kind.REFUND, entries.refund_told(self.books, amount, Account.CLEARING))
        self.refunded += amount

    @rule(amount=st.integers(1, 20_000))
    def dispute(self, amount):
        self.post(Kind.DISPUTE, entries.dispute(self.books, amount))
        self.disputed += amount

    @precondition(lambda self: self.disputed > 0)
    @rule(won=st.booleans(), share=st.fractions(0, 1))
    def decide(self, won, share):
        amount = max(1, int(self.disputed * share))
        if won:
            self.post(Kind.DISPUTE_WON, entries.dispute_won(self.books, amount))
        else:
            self.post(Kind.DISPUTE_LOST, entries.dispute_lost(self.books, amount))
            self.lost += amount
        self.disputed -= amount

    @invariant()
    def the_books_balance(self):
        assert sum(self.books.balances.values()) == 0

    @invariant()
    def nobody_owes_less_than_nothing(self):
        assert self.books.open_cents >= 0
        assert self.books.credit_cents >= 0
        assert self.books.earned_cents >= 0
        assert self.books.refundable_cents >= 0
        assert self.books[Account.LOSSES] >= 0
        assert self.books[Account.TAX_PAYABLE] <= 0
        assert not (self.books.open_cents and self.books.credit_cents)

    @invariant()
    def every_cent_is_where_it_came_from(self):
        money = self.books[Account.CLEARING] + self.books[Account.CASH]
        assert money == self.paid - self.refunded - self.lost - self.disputed
        assert self.books[Account.DISPUTED] == self.disputed
        assert self.books.charged_cents == self.price
        assert self.books.open_cents - self.books.credit_cents == (
            self.price - self.paid + self.refunded + self.lost - self._given_up() - self.books[Account.LOSSES]
        )

    def _given_up(self) -> int:
        """Refunds, waivers and losses that lowered what was earned, not only a credit."""
        return self.price - self.books.earned_cents

    @invariant()
    def the_tax_is_the_right_share_of_what_was_earned(self):
        assert 0 <= -self.books[Account.TAX_PAYABLE] <= self.books.charged_tax_cents


TestSession = Session.TestCase
TestSession.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)


def test_a_charge_is_owed_and_paid():
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1190)))
    assert (books.open_cents, books[Account.REVENUE], books[Account.TAX_PAYABLE]) == (1190, -1000, -190)
    books = books.after(Kind.PAYMENT, entries.payment(books, 1190, Account.CLEARING))
    assert (books.open_cents, books.credit_cents, books[Account.CLEARING]) == (0, 0, 1190)


def test_what_is_paid_too_much_is_the_drivers():
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    books = books.after(Kind.PAYMENT, entries.payment(books, 1500, Account.CASH))
    assert (books.open_cents, books.credit_cents) == (0, 500)
    dearer = books.after(Kind.CORRECTION, entries.charge(books, quote(1200)))
    assert (dearer.open_cents, dearer.credit_cents) == (0, 300)


def test_a_lower_price_gives_back_what_was_paid():
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    books = books.after(Kind.PAYMENT, entries.payment(books, 700, Account.CASH))
    books = books.after(Kind.CORRECTION, entries.charge(books, quote(500)))
    assert (books.open_cents, books.credit_cents, books.charged_cents) == (0, 200, 500)


def test_an_unchanged_price_posts_nothing():
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    assert entries.charge(books, quote(1000)) == entries.resumed(books, quote(1000)) == ()


@pytest.mark.parametrize(
    ("lower", "credit", "given_up"), [(900, 0, 300), (700, 0, 100), (600, 0, 0), (250, 350, 0), (0, 600, 0)]
)
@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.WAIVER, Kind.DISPUTE_LOST])
def test_a_price_that_falls_takes_what_was_given_up_before_it_gives_back(kind, lower, credit, given_up):
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    paid = 600 if kind is Kind.WAIVER else 1000
    books = books.after(Kind.PAYMENT, entries.payment(books, paid, Account.CLEARING))
    if kind is Kind.WAIVER:
        books = books.after(kind, entries.waiver(books, 400))
    elif kind is Kind.REFUND:
        books = books.after(kind, entries.refund(books, 400, Account.CLEARING))
    else:
        books = books.after(Kind.DISPUTE, entries.dispute(books, 400))
        books = books.after(kind, entries.dispute_lost(books, 400))
    books = books.after(Kind.REVERSAL, entries.resumed(books, quote(lower)))
    books = books.after(Kind.CORRECTION, entries.charge(books, quote(lower)))
    assert (books.open_cents, books.credit_cents, books.given_up_cents) == (0, credit, given_up)
    assert (books.charged_cents, books.earned_cents) == (lower, lower - given_up)
    assert -books[Account.TAX_PAYABLE] == pytest.approx((lower - given_up) * 19 / 119, abs=1)


def test_a_price_may_fall_after_money_went_back_twice():
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    books = books.after(Kind.PAYMENT, entries.payment(books, 1000, Account.CLEARING))
    books = books.after(Kind.REFUND, entries.refund(books, 1000, Account.CASH))
    books = books.after(Kind.DISPUTE, entries.dispute(books, 1000))
    books = books.after(Kind.DISPUTE_LOST, entries.dispute_lost(books, 1000))
    books = books.after(Kind.REVERSAL, entries.resumed(books, quote(0)))
    books = books.after(Kind.CORRECTION, entries.charge(books, quote(0)))
    assert (books.charged_cents, books.open_cents, books.credit_cents, books.earned_cents) == (0, 0, 0, 0)
    assert books[Account.LOSSES] == 1000


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, 2**63])
def test_an_amount_is_above_zero_and_within_measure(amount):
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    with pytest.raises(InvalidInputError, match="amount"):
        entries.payment(books, amount, Account.CASH)
    with pytest.raises(InvalidInputError, match="amount"):
        entries.payout(amount, 0)
    with pytest.raises(InvalidInputError, match="fee"):
        entries.payout(5, -1)


def test_parts_of_a_refund_take_the_tax_to_the_last_cent():
    books = Books().after(Kind.CHARGE, entries.charge(Books(), quote(1000)))
    books = books.after(Kind.PAYMENT, entries.payment(books, 1000, Account.CLEARING))
    for amount in (333, 333, 334):
        books = books.after(Kind.REFUND, entries.refund(books, amount, Account.CLEARING))
    assert books[Account.TAX_PAYABLE] == 0
    assert books.earned_cents == 0
    assert books[Account.CLEARING] == 0


@pytest.mark.parametrize(
    "postings",
    [
        (),
        posted((Account.CASH, 0), (Account.BANK, 0)),
        posted((Account.CASH, 5), (Account.BANK, -4)),
        posted((Account.CASH, 5), (Account.CASH, -5)),
        posted((Account.CASH, 10**13), (Account.BANK, -(10**13))),
    ],
    ids=["none", "nothing", "unbalanced", "one account", "beyond measure"],
)
def test_what_is_no_transaction_cannot_be_made(postings):
    with pytest.raises(ValueError, match=r"posting|transaction"):
        Transaction("t", 1, None, Kind.PAYOUT, "EUR", AT, postings)


TRANSACTION = Transaction(
    "t-1", 7, 3, Kind.PAYMENT, "EUR", AT, posted((Account.CASH, 5), (Account.RECEIVABLE, -5)), "", {"quote": "q-1"}
)
CHANGES = {
    "uid": replace(TRANSACTION, uid="t-2"),
    "lot": replace(TRANSACTION, lot_id=8),
    "session": replace(TRANSACTION, session_id=4),
    "kind": replace(TRANSACTION, kind=Kind.REFUND),
    "currency": replace(TRANSACTION, currency="USD"),
    "time": replace(TRANSACTION, at=AT + timedelta(microseconds=1)),
    "amount": replace(TRANSACTION, postings=posted((Account.CASH, 6), (Account.RECEIVABLE, -6))),
    "account": replace(TRANSACTION, postings=posted((Account.BANK, 5), (Account.RECEIVABLE, -5))),
    "reason": replace(TRANSACTION, reason="because"),
    "reference": replace(TRANSACTION, references={"quote": "q-2"}),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_whatever_is_changed_breaks_the_seal(changed):
    assert seal(GENESIS, 1, changed) != seal(GENESIS, 1, TRANSACTION)


def test_the_seal_rests_on_the_one_before_and_the_place():
    seals = {seal(GENESIS, 1, TRANSACTION), seal(GENESIS, 2, TRANSACTION), seal("1" * 64, 1, TRANSACTION)}
    assert len(seals) == 3


def test_the_seal_does_not_depend_on_the_order_of_postings_or_the_zone_of_the_clock():
    turned = replace(TRANSACTION, postings=TRANSACTION.postings[::-1])
    assert seal(GENESIS, 1, turned) == seal(GENESIS, 1, TRANSACTION)
