"""Payouts: the provider pays out for all lots at once; the books want to know how much of it was which lot's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from parkhub.clients.payments import PaymentProvider
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.domain import entries
from parkhub.domain.ledger import Kind, Transaction
from parkhub.domain.payment_events import PayoutTold
from parkhub.services import payments


@dataclass(slots=True)
class Share:
    """What of a payout was a lot's: ``amount_cents`` arrived, ``fee_cents`` was kept of it."""

    amount_cents: int = 0
    fee_cents: int = 0


async def shares_of(provider: PaymentProvider, told: PayoutTold) -> tuple[Mapping[int, Share], bool]:
    """A payout's shares by lot id, and whether all of it was a lot's.

    What is not is of another shop on the same account, or of a payment that was not told yet.
    """
    shares: dict[int, Share] = {}
    whole = True
    async for moved in provider.balance_transactions(payout=told.payout):
        payment = await payment_rows.find_by_intent(moved.intent)
        if moved.kind == "payout":
            continue
        if payment is None:
            whole = False
            continue
        lot_id = (await quote_rows.get_quote(payment.quote_id)).lot_id
        share = shares.setdefault(lot_id, Share())
        share.amount_cents += moved.amount_cents - moved.fee_cents
        share.fee_cents += moved.fee_cents
    return shares, whole


async def book(told: PayoutTold, shares: Mapping[int, Share], now: datetime) -> None:
    """Book each lot's share, once; inside a transaction. It is below zero where more was given back than came in."""
    for lot_id, share in sorted(shares.items()):
        uid = f"payout:{told.payout}:{lot_id}"
        if share.amount_cents > 0:
            await payments.pay_out(lot_id, share.amount_cents, share.fee_cents, uid, now)
        elif postings := entries.payout_short(-share.amount_cents, share.fee_cents):
            await ledger_rows.post(Transaction(uid, lot_id, None, Kind.PAYOUT, told.currency, now, postings))
