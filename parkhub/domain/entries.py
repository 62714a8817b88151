"""What each event in the life of a session posts to the ledger, from what its books say so far.

Each function answers postings, ready for a `Transaction`, or raises InvalidInputError with the reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from parkhub.domain.ledger import Account, Kind, Posting
from parkhub.domain.money import AMOUNT_MAX, rounded
from parkhub.domain.quotes import Quote
from parkhub.errors import InvalidInputError

TENDERS = frozenset({Account.CLEARING, Account.CASH})
"""Where a driver's money arrives and leaves from."""

CHARGES = frozenset({Kind.CHARGE, Kind.CORRECTION})
"""What makes up a session's price."""

_OF_CHARGES = frozenset({Account.RECEIVABLE, Account.REVENUE, Account.TAX_PAYABLE})


@dataclass(frozen=True, slots=True)
class Books:
    """One session's balances, debits above zero; an account that is not there is at zero.

    ``charged_tax_cents``: the tax in all that was charged, which the balance of the tax account alone does not tell
    any more once something was refunded or waived.
    """

    balances: Mapping[Account, int] = field(default_factory=dict)
    charged_tax_cents: int = 0

    def __getitem__(self, account: Account) -> int:
        return self.balances.get(account, 0)

    @property
    def open_cents(self) -> int:
        """What the driver still owes."""
        return self[Account.RECEIVABLE]

    @property
    def credit_cents(self) -> int:
        """What the driver has paid beyond that."""
        return -self[Account.CREDIT]

    @property
    def charged_cents(self) -> int:
        """All that was charged, tax included, whatever was refunded or waived since."""
        return self.charged_tax_cents - self[Account.REVENUE]

    @property
    def earned_cents(self) -> int:
        """What is left of the charge, tax included, after refunds, waivers and lost disputes."""
        return self._earned_net_cents - self[Account.TAX_PAYABLE]

    @property
    def forgone_cents(self) -> int:
        """What was waived or lost in a dispute, net."""
        return self[Account.WRITE_OFF]

    @property
    def refundable_cents(self) -> int:
        """What could be paid back: credit, and what was paid of the charge and is in no dispute."""
        return max(0, self.credit_cents + self.paid_of_charge_cents - self[Account.DISPUTED])

    @property
    def paid_of_charge_cents(self) -> int:
        """What the driver has paid of what is left of the charge."""
        return max(0, self.earned_cents - self.open_cents)

    @property
    def is_settled_partly(self) -> bool:
        """Whether anything but charges was posted: money moved, or was forgone."""
        return any(self[account] for account in Account if account not in _OF_CHARGES)

    @property
    def _earned_net_cents(self) -> int:
        return -(self[Account.REVENUE] + self[Account.REFUNDS] + self[Account.WRITE_OFF])

    @property
    def given_up_cents(self) -> int:
        """What was refunded, waived or lost of the charge, tax included."""
        return self.charged_cents - self.earned_cents

    def after(self, kind: Kind, postings: Iterable[Posting]) -> "Books":
        """The books once these are posted."""
        balances, taxed = dict(self.balances), self.charged_tax_cents
        for posting in postings:
            balances[posting.account] = balances.get(posting.account, 0) + posting.amount_cents
            if kind in CHARGES and posting.account is Account.TAX_PAYABLE:
                taxed -= posting.amount_cents
        return Books(balances, taxed)

    def tax_in(self, amount_cents: int) -> int:
        """The tax within a part of what was earned; the last part takes what is left, to the cent."""
        earned = self.earned_cents
        return rounded(Fraction(amount_cents * -self[Account.TAX_PAYABLE], earned)) if earned else 0


def charge(books: Books, quote: Quote) -> tuple[Posting, ...]:
    """A stay costs what the quote says: the first charge, or the change to what was charged before.

    A higher price takes what the driver has as credit first; a lower one gives back as credit what was paid too much,
    once `resumed` is posted.
    """
    net, tax = _change(books, quote)
    gross = net + tax
    owed = books.open_cents + gross
    if owed < 0:
        receivable, credit = -books.open_cents, owed
    else:
        credit = min(books.credit_cents, max(0, gross))
        receivable = gross - credit
    return _postings(
        (Account.RECEIVABLE, receivable), (Account.CREDIT, credit), (Account.REVENUE, -net), (Account.TAX_PAYABLE, -tax)
    )


def resumed(books: Books, quote: Quote) -> tuple[Posting, ...]:
    """What comes before a charge that falls: of what was refunded, waived or lost, so much is owed again as the price
    falls by, so that nothing is given back twice.

    What stays given up has its share of the new tax.
    """
    net, tax = _change(books, quote)
    if min(net, tax) >= 0 or not books.given_up_cents:
        return ()
    amount = min(max(0, -net - tax), books.given_up_cents)
    still = books.given_up_cents - amount
    taxed = min(still, quote.gross_cents)
    tax_still = rounded(Fraction(taxed * quote.tax_cents, quote.gross_cents)) if taxed else 0
    net_again = books[Account.REFUNDS] + books[Account.WRITE_OFF] - (still - tax_still)
    waived = min(net_again, books[Account.WRITE_OFF]) if books[Account.WRITE_OFF] else 0
    return _postings(
        (Account.RECEIVABLE, amount),
        (Account.WRITE_OFF, -waived),
        (Account.REFUNDS, waived - net_again),
        (Account.TAX_PAYABLE, net_again - amount),
    )


def payment(books: Books, amount_cents: int, into: Account) -> tuple[Posting, ...]:
    """Money arrived. What goes beyond what is owed becomes the driver's credit: nothing that was paid is lost."""
    _positive(amount_cents)
    _tender(into)
    owed = min(amount_cents, books.open_cents)
    return _postings((into, amount_cents), (Account.RECEIVABLE, -owed), (Account.CREDIT, owed - amount_cents))


def refund(books: Books, amount_cents: int, out_of: Account) -> tuple[Posting, ...]:
    """Money goes back: credit first, then of the charge, net and tax in their shares."""
    if amount_cents > books.refundable_cents:
        _positive(amount_cents)
        raise InvalidInputError("That is more than was paid and not yet refunded.")
    return refund_told(books, amount_cents, out_of)


def refund_told(books: Books, amount_cents: int, out_of: Account) -> tuple[Posting, ...]:
    """The same of money that has gone back already, as the provider tells.

    A driver's bank may have taken it, too: what goes back beyond what was paid is lost.
    """
    _positive(amount_cents)
    _tender(out_of)
    credit = min(amount_cents, books.credit_cents)
    of_charge = min(amount_cents - credit, books.paid_of_charge_cents)
    tax = books.tax_in(of_charge)
    return _postings(
        (Account.CREDIT, credit),
        (Account.REFUNDS, of_charge - tax),
        (Account.TAX_PAYABLE, tax),
        (Account.LOSSES, amount_cents - credit - of_charge),
        (out_of, -amount_cents),
    )


def refund_failed(books: Books, amount_cents: int, into: Account) -> tuple[Posting, ...]:
    """A refund came back: of what was lost by it, then as if the driver had paid it, so it can be given again.

    What it gave up of the charge stays given up.
    """
    _positive(amount_cents)
    _tender(into)
    lost = min(amount_cents, max(0, books[Account.LOSSES]))
    owed = min(amount_cents - lost, max(0, books.open_cents))
    return _postings(
        (into, amount_cents),
        (Account.LOSSES, -lost),
        (Account.RECEIVABLE, -owed),
        (Account.CREDIT, lost + owed - amount_cents),
    )


def waiver(books: Books, amount_cents: int) -> tuple[Posting, ...]:
    """Staff forgo what is owed, or a part of it."""
    _positive(amount_cents)
    if amount_cents > books.open_cents:
        raise InvalidInputError("That is more than is owed.")
    tax = books.tax_in(amount_cents)
    return _postings(
        (Account.WRITE_OFF, amount_cents - tax), (Account.TAX_PAYABLE, tax), (Account.RECEIVABLE, -amount_cents)
    )


def dispute(books: Books, amount_cents: int) -> tuple[Posting, ...]:  # noqa: ARG001  (as the others)
    """A driver's bank took money back until it decides, whether it had been refunded or not: it does not ask us."""
    _positive(amount_cents)
    return _postings((Account.DISPUTED, amount_cents), (Account.CLEARING, -amount_cents))


def dispute_won(books: Books, amount_cents: int) -> tuple[Posting, ...]:
    """The bank gave it again."""
    _disputed(books, amount_cents)
    return _postings((Account.CLEARING, amount_cents), (Account.DISPUTED, -amount_cents))


def dispute_lost(books: Books, amount_cents: int) -> tuple[Posting, ...]:
    """The bank kept it: of the charge, as if it were waived, then of the driver's credit; the rest went back twice."""
    _disputed(books, amount_cents)
    of_charge = min(amount_cents, books.paid_of_charge_cents)
    credit = min(amount_cents - of_charge, books.credit_cents)
    tax = books.tax_in(of_charge)
    return _postings(
        (Account.CREDIT, credit),
        (Account.WRITE_OFF, of_charge - tax),
        (Account.TAX_PAYABLE, tax),
        (Account.LOSSES, amount_cents - of_charge - credit),
        (Account.DISPUTED, -amount_cents),
    )


def payout(amount_cents: int, fee_cents: int) -> tuple[Posting, ...]:
    """The provider paid out what it had collected, less its fee."""
    _positive(amount_cents)
    if not 0 <= fee_cents <= AMOUNT_MAX:
        raise InvalidInputError("A fee is not below zero.")
    return _postings(
        (Account.BANK, amount_cents), (Account.FEES, fee_cents), (Account.CLEARING, -amount_cents - fee_cents)
    )


def payout_short(short_cents: int, fee_cents: int) -> tuple[Posting, ...]:
    """A lot gave back no less than came in: so much less was paid out for the others. Nothing if there was nothing."""
    if not (0 <= short_cents <= AMOUNT_MAX and 0 <= fee_cents <= AMOUNT_MAX):
        raise InvalidInputError("Neither what is short nor a fee is below zero.")
    return _postings(
        (Account.BANK, -short_cents), (Account.FEES, fee_cents), (Account.CLEARING, short_cents - fee_cents)
    )


def _change(books: Books, quote: Quote) -> tuple[int, int]:
    """By how much net and tax of what was charged differ from a quote."""
    return quote.net_cents + books[Account.REVENUE], quote.tax_cents - books.charged_tax_cents


def _postings(*wanted: tuple[Account, int]) -> tuple[Posting, ...]:
    return tuple(Posting(account, cents) for account, cents in wanted if cents)


def _positive(amount_cents: int) -> None:
    if amount_cents <= 0:
        raise InvalidInputError("The amount must be above zero.")
    if amount_cents > AMOUNT_MAX:
        raise InvalidInputError("The amount is too large.")


def _tender(account: Account) -> None:
    if account not in TENDERS:
        raise ValueError(f"a driver's money does not go through {account.value}")


def _disputed(books: Books, amount_cents: int) -> None:
    _positive(amount_cents)
    if amount_cents > books[Account.DISPUTED]:
        raise InvalidInputError("That is more than is in dispute.")
