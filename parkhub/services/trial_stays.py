"""A stay that never was, by which somebody sees that a lot's prices and books work: made, priced, taken back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from parkhub.clients import Clients
from parkhub.db import audit as audit_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.audit import EntryFilter
from parkhub.domain.quotes import Line
from parkhub.services import audit, billing, session_corrections

PLATE: Final = "PARKHUBTEST"
STAY: Final = timedelta(hours=2)
REASON: Final = "a test stay of the first-run guide"
TESTED: Final = "lot.tested"


@dataclass(frozen=True, slots=True)
class TrialStay:
    """What became of it. Without ``lines`` no tariff held when it began. Minor units."""

    session_id: int
    entered_at: datetime
    exited_at: datetime
    lines: tuple[Line, ...]
    gross_cents: int
    currency: str


async def make(clients: Clients, lot_id: int, account_id: int | None, now: datetime) -> TrialStay:
    """Let a made-up car in two hours ago and out now, price it, and cancel it: all of that or nothing.

    The books show the charge and its correction, the audit log each step; no report counts a cancelled stay.
    """
    async with transaction():
        await session_rows.lock_lot(lot_id)
        left = await session_rows.find_inside(lot_id, PLATE)
        if left is not None:
            await session_corrections.cancel(clients, left.id, REASON, account_id, now)
        session = await session_corrections.open_by_hand(
            clients, lot_id, PLATE, None, now - STAY, REASON, account_id, now
        )
        await session_corrections.close_by_hand(clients, session.id, now, REASON, account_id, now)
        bill = await billing.get_bill(session.id, now)
        await session_corrections.cancel(clients, session.id, REASON, account_id, now)
        quote = bill.quote
        found = TrialStay(
            session.id,
            session.entered_at,
            now,
            tuple(quote.lines) if quote else (),
            quote.gross_cents if quote else 0,
            bill.currency,
        )
        await audit.note(
            TESTED,
            account_id=account_id,
            lot_id=lot_id,
            subject=f"session:{session.id}",
            before=None,
            after={"gross_cents": found.gross_cents, "currency": found.currency, "priced": quote is not None},
            reason=REASON,
            at=now,
        )
    return found


async def was_made(lot_id: int) -> bool:
    """Whether somebody has tried a lot so, with a price."""
    found = await audit_rows.list_entries(EntryFilter(lot_id=lot_id, action=TESTED), None, 1)
    return bool(found and found[0].after and found[0].after.get("priced"))
