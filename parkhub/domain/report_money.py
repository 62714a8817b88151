"""What the postings of some days come to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parkhub.domain.entries import CHARGES, TENDERS
from parkhub.domain.ledger import Account, Kind


@dataclass(frozen=True, slots=True)
class Money:
    """Postings of one currency by kind and account, minor units, debits above zero."""

    posted: Mapping[tuple[Kind, Account], int] = field(default_factory=dict)

    @property
    def accounts(self) -> dict[str, int]:
        """What was posted to each account; all of it sums to zero."""
        found = Counter[str]()
        for (_, account), cents in self.posted.items():
            found[account.value] += cents
        return dict(found)

    @property
    def charged(self) -> int:
        """What stays cost, tax included, corrections among it."""
        return -self._of(CHARGES, {Account.REVENUE, Account.TAX_PAYABLE})

    @property
    def received(self) -> int:
        """What was paid, in cash or through the provider."""
        return self._of({Kind.PAYMENT}, TENDERS)

    @property
    def refunded(self) -> int:
        """What was given back."""
        return -self._of({Kind.REFUND}, TENDERS)

    @property
    def waived(self) -> int:
        """What nobody has to pay any more."""
        return -self._of({Kind.WAIVER}, {Account.RECEIVABLE})

    @property
    def owed(self) -> int:
        """By how much drivers owe more than before; below zero when they paid for what was owed before."""
        return self._of(set(Kind), {Account.RECEIVABLE})

    def told(self) -> list[tuple[str, int]]:
        """Everything in words."""
        found = [
            ("Charged, tax included", self.charged),
            ("of which net", -self._of(CHARGES, {Account.REVENUE})),
            ("of which tax", -self._of(CHARGES, {Account.TAX_PAYABLE})),
            ("Received through the provider", self._of({Kind.PAYMENT}, {Account.CLEARING})),
            ("Received in cash", self._of({Kind.PAYMENT}, {Account.CASH})),
            ("Given back", -self.refunded),
            ("Waived", -self.waived),
            ("Taken back by banks until they decide", -self._of({Kind.DISPUTE}, {Account.DISPUTED})),
            ("Paid out to the bank", self._of({Kind.PAYOUT}, {Account.BANK})),
            ("Fees of the provider", self._of({Kind.PAYOUT}, {Account.FEES})),
            ("Still owed of this period", self.owed),
        ]
        return [(words, cents) for words, cents in found if cents]

    def _of(self, kinds: Iterable[Kind], accounts: Iterable[Account]) -> int:
        return sum(self.posted.get((kind, account), 0) for kind in kinds for account in accounts)


def read_money(facts: Iterable[tuple[str, str, int]]) -> dict[str, Money]:
    """By currency, from figures as `parkhub.domain.reports.count_money` makes them: label, currency, minor units."""
    found: dict[str, Counter[tuple[Kind, Account]]] = {}
    for label, currency, cents in facts:
        kind, _, account = label.partition("/")
        found.setdefault(currency, Counter())[Kind(kind), Account(account)] += cents
    return {currency: Money(posted) for currency, posted in found.items()}
