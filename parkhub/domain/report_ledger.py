"""A report's tables of money: by line of the tariff, in and out, and by account."""

from collections.abc import Iterable, Mapping
from typing import Final

from parkhub.domain.ledger import ACCOUNT_WORDS, Account
from parkhub.domain.quotes import TAX, LineKind
from parkhub.domain.report_cells import Column, Table
from parkhub.domain.report_counts import Counts
from parkhub.domain.reports import Measure


def money_tables(counts: Counts, currency: str) -> Iterable[Table]:
    """Of one currency; each sums to what the ledger has."""
    money = counts.money[currency]
    lines = {
        label: value
        for (measure, label, unit), value in counts.facts.items()
        if measure is Measure.LINES and unit == currency
    }
    told = sorted(((_line(label), value) for label, value in lines.items()), key=lambda item: -item[1])
    rest = money.charged - sum(lines.values())
    rows = [(words, (value,)) for words, value in told if value]
    rows += [("Not told by line: bookings, and charges of before this was noted", (rest,))] if rest else []
    yield Table(
        f"lines-{currency}", f"Charged by line of the tariff, {currency}", "Line", (Column("Charged", currency),),
        (*rows, ("Charged in all", (money.charged,))),
    )  # fmt: skip
    kinds = {
        label.partition("/")[0]: value
        for (measure, label, unit), value in counts.facts.items()
        if measure is Measure.POSTED_COUNT and unit == currency
    }
    yield Table(
        f"books-{currency}", f"Money in and out, {currency}", "What", (Column("Amount", currency),),
        tuple((words, (value,)) for words, value in money.told()),
        note=", ".join(f"{count} × {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items())),
    )  # fmt: skip
    yield Table(
        f"accounts-{currency}", f"Accounts of the ledger, {currency}", "Account",
        (Column("Debit less credit", currency),),
        tuple((ACCOUNT_WORDS[Account(account)], (value,)) for account, value in sorted(money.accounts.items())),
        note="All that was posted in the period. The column sums to zero.",
    )  # fmt: skip


def _line(label: str) -> str:
    kind, _, name = label.partition("/")
    words = "Tax on top" if kind == TAX else _LINES.get(kind, kind)
    return f"{name}: {words}" if name else words.capitalize() if words.islower() else words


_LINES: Final[Mapping[str, str]] = {
    LineKind.UNITS: "by time",
    LineKind.MINUTES: "by the minute",
    LineKind.FLAT: "flat rate",
    LineKind.STEP: "by steps",
    LineKind.BAND_CAP: "cap",
    LineKind.CAP: "cap",
    LineKind.STAY_MAX: "at most a stay",
    LineKind.MINIMUM: "at least",
    LineKind.OVERSTAY: "stayed longer than booked",
    LineKind.LOST_TICKET: "lost ticket",
    LineKind.DISCOUNT: "code",
    LineKind.ROUNDING: "rounding",
    LineKind.NOT_USED: "booking not used",
}
