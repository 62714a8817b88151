"""A booking's books beside those of the stay that uses it."""

from fractions import Fraction

import pytest
from builders import after
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain import booking_entries, entries
from parkhub.domain.entries import Books
from parkhub.domain.ledger import Account, Kind, Posting
from parkhub.domain.local_time import Span

SPAN = Span(after(0), after(3600))
FEE = booking_entries.fee_quote(400, Fraction(19), "EUR", SPAN)
CENTS = st.integers(0, 10_000)


def posted(books: Books, kind: Kind, postings: tuple[Posting, ...]) -> Books:
    return books.after(kind, booking_entries.of_booking(booking_entries.posted(postings), moved=False))


def paid(cents: int) -> Books:
    """Books of a booking for which so much was paid in advance."""
    return posted(Books(), Kind.PAYMENT, entries.payment(Books(), cents, Account.CLEARING)) if cents else Books()


def test_what_is_paid_in_advance_is_posted_to_its_own_liability() -> None:
    postings = booking_entries.posted(entries.payment(Books(), 800, Account.CLEARING))
    assert {each.account: each.amount_cents for each in postings} == {Account.CLEARING: 800, Account.PREPAID: -800}


def test_a_fee_has_its_tax_in_it() -> None:
    assert (FEE.net_cents, FEE.tax_cents, FEE.gross_cents) == (336, 64, 400)
    assert booking_entries.fee_quote(0, Fraction(19), "EUR", SPAN).lines == ()


@given(held=CENTS)
def test_a_fee_takes_what_is_held_first_and_the_rest_is_owed(held: int) -> None:
    books = posted(paid(held), Kind.CHARGE, entries.charge(paid(held), FEE))
    assert (books.credit_cents, books.open_cents) == (max(0, held - 400), max(0, 400 - held))


@given(owed=CENTS, held=CENTS)
def test_a_stay_uses_what_is_held_against_what_it_owes_and_keeps_the_rest(owed: int, held: int) -> None:
    stay = Books({Account.RECEIVABLE: owed, Account.REVENUE: -owed})
    postings = booking_entries.use(stay, held)
    assert sum(each.amount_cents for each in postings) == 0
    after_it = stay.after(Kind.TRANSFER, booking_entries.of_session(postings))
    assert after_it.open_cents - after_it.credit_cents == owed - held
    booking = paid(held).after(Kind.TRANSFER, booking_entries.of_booking(postings, moved=True))
    assert booking.credit_cents == 0


@given(held=CENTS, price=CENTS)
def test_a_stay_that_was_none_gives_back_all_it_used(held: int, price: int) -> None:
    used = booking_entries.use(Books(), held)
    stay = Books().after(Kind.TRANSFER, booking_entries.of_session(used))
    quote = booking_entries.fee_quote(price, Fraction(0), "EUR", SPAN)
    stay = stay.after(Kind.CHARGE, entries.charge(stay, quote))
    back = booking_entries.unuse(stay, held)
    booking = Books().after(Kind.TRANSFER, booking_entries.of_booking(back, moved=True))
    assert booking.credit_cents == held
    stay = stay.after(Kind.TRANSFER, booking_entries.of_session(back))
    assert (stay.open_cents, stay.credit_cents) == (price, 0)


@pytest.mark.parametrize("held", [0, -1])
def test_nothing_held_moves_nothing(held: int) -> None:
    assert booking_entries.use(Books(), held) == ()
    assert booking_entries.unuse(Books(), held) == ()
