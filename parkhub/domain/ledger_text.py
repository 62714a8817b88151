"""The ledger as text for accountants: CSV, and the plain-text accounting form of Beancount (beancount.github.io)."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from typing import Final

from parkhub.domain.ledger import Account, Transaction
from parkhub.domain.money import format_amount

_COLUMNS: Final = ("number", "at", "uid", "kind", "session", "account", "amount", "currency", "reason", "seal")
_BEAN_NAMES: Final = {
    Account.RECEIVABLE: "Assets:{lot}:Receivable",
    Account.CLEARING: "Assets:{lot}:Clearing",
    Account.CASH: "Assets:{lot}:Cash",
    Account.BANK: "Assets:{lot}:Bank",
    Account.DISPUTED: "Assets:{lot}:Disputed",
    Account.REVENUE: "Income:{lot}:Parking",
    Account.TAX_PAYABLE: "Liabilities:{lot}:Tax",
    Account.CREDIT: "Liabilities:{lot}:Credit",
    Account.PREPAID: "Liabilities:{lot}:Prepaid",
    Account.REFUNDS: "Income:{lot}:Refunds",
    Account.WRITE_OFF: "Expenses:{lot}:Write-Off",
    Account.FEES: "Expenses:{lot}:Fees",
    Account.LOSSES: "Expenses:{lot}:Losses",
}

Sealed = tuple[int, str, Transaction]
"""Number in the chain, seal, and what was posted."""


def csv_lines(posted: Iterable[Sealed]) -> Iterator[str]:
    """A heading, then one line a posting; debits above zero. What a spreadsheet would take for a formula is quoted."""
    yield _csv_line(_COLUMNS)
    for number, link, each in posted:
        at = each.at.astimezone(UTC).isoformat()
        for posting in each.postings:
            amount = format_amount(posting.amount_cents, each.currency)
            session = "" if each.session_id is None else str(each.session_id)
            about = (str(number), at, _harmless(each.uid), each.kind.value, session)
            yield _csv_line((*about, posting.account.value, amount, each.currency, _harmless(each.reason), link))


def beancount_lines(slug: str, posted: Iterable[Sealed]) -> Iterator[str]:
    """Accounts, transactions with their seals as metadata, and the final balances as assertions."""
    lot = slug[:1].upper() + slug[1:]
    balances: dict[tuple[str, str], int] = {}
    last = None
    for number, link, each in posted:
        day = each.at.astimezone(UTC).date()
        for posting in each.postings:
            name = _BEAN_NAMES[posting.account].format(lot=lot)
            if not any(known == name for known, _ in balances):
                yield f"1970-01-01 open {name}"
            balances[name, each.currency] = balances.get((name, each.currency), 0) + posting.amount_cents
        yield f"{day} * {_quoted(each.kind.value)} {_quoted(each.reason)}"
        yield f"  number: {number}"
        yield f"  uid: {_quoted(each.uid)}"
        yield f"  seal: {_quoted(link)}"
        for posting in each.postings:
            amount = format_amount(posting.amount_cents, each.currency)
            yield f"  {_BEAN_NAMES[posting.account].format(lot=lot)}  {amount} {each.currency}"
        yield ""
        last = day if last is None else max(last, day)
    if last is not None:
        for (name, currency), cents in sorted(balances.items()):
            yield f"{last + timedelta(days=1)} balance {name}  {format_amount(cents, currency)} {currency}"


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
