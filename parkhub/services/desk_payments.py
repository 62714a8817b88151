"""Money that staff take and give back at the desk, in cash or by a card terminal, with a receipt and its correction."""

import secrets
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.ledger import Account
from parkhub.domain.money import rounded
from parkhub.domain.quotes import Line, LineKind, Quote
from parkhub.services import billing, credit_notes, payments, receipts
from parkhub.services.billing import Bill
from parkhub.settings import Settings

TERMINAL: Final = "card_terminal"
"""How a transaction of the ledger refers to what a card terminal took; without it was cash."""


class Tender(StrEnum):
    """How money was taken; with `db.payments.AT_DESK` the names of what no provider made."""

    CASH = "cash"
    TERMINAL = "terminal"


async def take(
    settings: Settings,
    session_id: int,
    amount_cents: int,
    tender: Tender,
    uid: str,
    now: datetime,
    account_id: int | None,
    *,
    confirmed: bool = False,
) -> tuple[Bill, str | None]:
    """Take money for a session (`payments.pay`) and issue its receipt, whose public id is answered.

    Told again with the same ``uid`` it takes nothing and answers the receipt of then.
    """
    async with transaction():
        session = await session_rows.lock_session(session_id)
        before = await billing.bill_of(session, now)
        references = {"tender": TERMINAL} if tender is Tender.TERMINAL else None
        bill = await payments.pay(
            session_id, amount_cents, Account.CASH, uid, now, account_id, references, confirmed=confirmed
        )
        known = await payment_rows.find_by_checkout(uid)
        if known is not None:
            return bill, await receipt_rows.find_of_quote(known.quote_id)
        if before.due_cents == amount_cents and before.quote is not None:
            quote = before.quote
        else:
            quote = _part(before, amount_cents, now)
        stored = await quote_rows.add_quote(
            secrets.token_urlsafe(receipts.ID_BYTES),
            session.lot_id,
            session.id,
            session.ticket,
            "",
            amount_cents,
            quote,
            now,
        )
        payment = await payment_rows.add_payment(stored.id, tender.value, now)
        await payment_rows.set_checkout(payment.id, uid, "")
        await payment_rows.mark_paid(payment.id, amount_cents, "", now)
        return bill, await receipts.issue(settings, stored, now)


async def give_back(
    session_id: int, amount_cents: int | None, reason: str, uid: str, account_id: int | None, now: datetime
) -> Bill:
    """Give back in cash what was paid for a session (`payments.refund`), all or a part, and correct its receipts."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        before = (await billing.bill_of(session, now)).books
        bill = await payments.refund(session_id, amount_cents, Account.CASH, reason, uid, account_id, now)
        given = before[Account.CASH] - bill.books[Account.CASH]
        if given > 0:
            await credit_notes.issue_of_session(session_id, given, uid, now)
        return bill


def _part(bill: Bill, amount_cents: int, now: datetime) -> Quote:
    """What a receipt tells of money that is not just what was due: an amount towards the price, with its tax."""
    percent = bill.quote.tax_percent if bill.quote else Fraction(0)
    net = rounded(Fraction(amount_cents) * 100 / (100 + percent))
    line = Line(LineKind.PART, amount_cents, bill.currency)
    span = bill.quote.span if bill.quote else bill.session.span(now)
    return Quote(bill.currency, (line,), net, amount_cents - net, amount_cents, percent, span)
