"""A booking's books are kept as a session's are, with `Account.PREPAID` where a session has `Account.CREDIT`.

So what an event posts is decided by `parkhub.domain.entries` alike: a payment settles what is owed, the rest is held; a
fee takes what is held first; what goes back is what is held, then of the fee. When the car comes its stay uses what is
held: `moved` puts that into the session's books, as credit. Until then it is a liability in full; its tax is
due with the stay, or with the fee.
"""

from collections.abc import Iterable
from fractions import Fraction

from parkhub.domain.entries import Books
from parkhub.domain.ledger import Account, Posting
from parkhub.domain.local_time import Span
from parkhub.domain.money import rounded
from parkhub.domain.quotes import Line, LineKind, Quote


def of_session(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The lines that are a session's."""
    return tuple(posting for posting in postings if posting.account is not Account.PREPAID)


def of_booking(postings: Iterable[Posting], *, moved: bool) -> tuple[Posting, ...]:
    """The lines that are a booking's, as a session's books name them; ``moved``: between it and a session."""
    return tuple(
        Posting(_SESSION_S.get(posting.account, posting.account), posting.amount_cents)
        for posting in postings
        if not moved or posting.account is Account.PREPAID
    )


def posted(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """What was decided as for a session, as it is posted for a booking."""
    return tuple(Posting(_BOOKING_S.get(each.account, each.account), each.amount_cents) for each in postings)


def use(session: Books, held_cents: int) -> tuple[Posting, ...]:
    """The stay has what was paid in advance: against what it owes by now, else as credit."""
    if held_cents <= 0:
        return ()
    owed = min(held_cents, max(0, session.open_cents))
    return _postings((Account.PREPAID, held_cents), (Account.RECEIVABLE, -owed), (Account.CREDIT, owed - held_cents))


def unuse(session: Books, used_cents: int) -> tuple[Posting, ...]:
    """The stay was not this booking's after all: it gives back what it used, as far as that is there, and owes it."""
    amount = min(used_cents, session.refundable_cents)
    if amount <= 0:
        return ()
    credit = min(amount, session.credit_cents)
    return _postings((Account.CREDIT, credit), (Account.RECEIVABLE, amount - credit), (Account.PREPAID, -amount))


def fee_quote(fee_cents: int, tax_percent: Fraction, currency: str, span: Span) -> Quote:
    """A fee for cancelling late or not coming, tax included, as a price."""
    net = rounded(fee_cents * 100 / (100 + tax_percent))
    lines = (Line(LineKind.NOT_USED, fee_cents, currency),) if fee_cents else ()
    return Quote(currency, lines, net, fee_cents - net, fee_cents, tax_percent, span)


_SESSION_S = {Account.PREPAID: Account.CREDIT}
_BOOKING_S = {Account.CREDIT: Account.PREPAID}


def _postings(*wanted: tuple[Account, int]) -> tuple[Posting, ...]:
    return tuple(Posting(account, cents) for account, cents in wanted if cents)
