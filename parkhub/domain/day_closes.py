"""A day's totals as somebody fixed them, and how the ledger differs from them since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from parkhub.domain.ledger import Account, Kind, Sum
from parkhub.domain.report_money import Money

Totals = Mapping[tuple[str, Kind, Account], int]
"""Minor units by currency, kind and account; debits above zero."""


@dataclass(frozen=True, slots=True)
class DayClose:
    """``who`` closed a local day of a lot, by e-mail; ``sequence`` is the ledger's last transaction then."""

    lot_id: int
    day: date
    closed_at: datetime
    account_id: int | None
    who: str
    sequence: int
    totals: Totals


@dataclass(frozen=True, slots=True)
class Difference:
    """What of a closed day is posted otherwise by now."""

    currency: str
    kind: Kind
    account: Account
    closed_cents: int
    now_cents: int


def totals_of(posted: Iterable[Sum]) -> Totals:
    """A day's totals from its postings."""
    return {(each.currency, each.kind, each.account): each.amount_cents for each in posted if each.amount_cents}


def differences(closed: Totals, now: Totals) -> list[Difference]:
    """What differs; nothing when later postings belong to later days, as they do."""
    found = []
    for key in sorted({*closed, *now}):
        before, after = closed.get(key, 0), now.get(key, 0)
        if before != after:
            found.append(Difference(*key, before, after))
    return found


def money_of(totals: Totals) -> dict[str, Money]:
    """The same by currency, as reports tell it."""
    currencies = sorted({currency for currency, _, _ in totals})
    return {
        wanted: Money({(kind, account): cents for (each, kind, account), cents in totals.items() if each == wanted})
        for wanted in currencies
    }
