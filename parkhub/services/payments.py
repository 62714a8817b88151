"""Every way in which money comes and goes, or is forgone: payments, waivers, refunds, disputes, payouts.

Each in a transaction of its own or the caller's, with the lot's books held, and once by its uid: told again it changes
nothing, and told again with another amount or for something else it is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from parkhub.db import ledger as ledger_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain import entries
from parkhub.domain.ledger import Account, Kind, Transaction
from parkhub.domain.money import format_amount
from parkhub.domain.payments import is_far_above
from parkhub.domain.pricing import due_again_at
from parkhub.domain.reasons import checked_reason
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.tariffs import Tariff
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit, billing
from parkhub.services.billing import Bill
from parkhub.services.ledger import Event, post_event


async def pay(
    session_id: int,
    amount_cents: int,
    into: Account,
    uid: str,
    now: datetime,
    account_id: int | None = None,
    references: Mapping[str, str] | None = None,
    *,
    confirmed: bool = True,
) -> Bill:
    """Money arrived for a session: it is charged up to now, paid, and may leave within the exit grace once all is paid.

    ``now`` is when it was paid, though told later: who has left meanwhile, within the grace, owes no more. Raises
    InvalidInputError for no amount or in a lot without any price, ConflictError for far more than is due unless that
    is ``confirmed``: it would become the driver's credit.
    """
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if not await _is_posted(uid, session, Kind.PAYMENT, into, amount_cents):
            bill = await _up_to_now(session, uid, now)
            event = _event(uid, bill, Kind.PAYMENT, now, references=references)
            if not confirmed and is_far_above(amount_cents, bill.due_cents):
                raise _too_much(bill, amount_cents)
            await post_event(event, lambda books: entries.payment(books, amount_cents, into))
            told = {"amount_cents": amount_cents, "into": into.value}
            await _note("payment.taken", session, account_id, told, "", now)
            session = await _may_leave(session, bill, now)
            session = await _had_paid(session, uid, now)
        return await billing.bill_of(session, now)


async def waive(
    session_id: int, amount_cents: int | None, reason: str, uid: str, account_id: int | None, now: datetime
) -> Bill:
    """Forgo what a session owes, or a part of it. An open session is charged up to now first."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        reason = checked_reason(reason, [session.plate])
        sent = None if amount_cents is None else -amount_cents
        if not await _is_posted(uid, session, Kind.WAIVER, Account.RECEIVABLE, sent):
            bill = await _up_to_now(session, uid, now)
            amount = bill.books.open_cents if amount_cents is None else amount_cents
            event = _event(uid, bill, Kind.WAIVER, now, reason)
            await post_event(event, lambda books: entries.waiver(books, amount))
            await _note("session.waived", session, account_id, {"amount_cents": amount}, reason, now)
            session = await _may_leave(session, bill, now)
        return await billing.bill_of(session, now)


async def refund(
    session_id: int,
    amount_cents: int | None,
    out_of: Account,
    reason: str,
    uid: str,
    account_id: int | None,
    now: datetime,
    *,
    told: bool = False,
) -> Bill:
    """Give back what was paid, all or a part of it: what was paid too much first.

    ``told``: it has gone back already, as the payment provider tells, and is booked whatever else has.
    """
    async with transaction():
        session = await session_rows.lock_session(session_id)
        reason = checked_reason(reason, [session.plate])
        sent = None if amount_cents is None else -amount_cents
        if not await _is_posted(uid, session, Kind.REFUND, out_of, sent):
            bill = await billing.bill_of(session, now)
            amount = bill.books.refundable_cents if amount_cents is None else amount_cents
            event = _event(uid, bill, Kind.REFUND, now, reason)
            decide = entries.refund_told if told else entries.refund
            await post_event(event, lambda books: decide(books, amount, out_of))
            await _note("payment.refunded", session, account_id, {"amount_cents": amount}, reason, now)
        return await billing.bill_of(session, now)


async def refund_failed(session_id: int, amount_cents: int, reason: str, uid: str, now: datetime) -> Bill:
    """What was given back through the provider came back: it is the driver's credit until it is given again."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if not await _is_posted(uid, session, Kind.REFUND, Account.CLEARING, amount_cents):
            event = _event(uid, await billing.bill_of(session, now), Kind.REFUND, now, reason)
            await post_event(event, lambda books: entries.refund_failed(books, amount_cents, Account.CLEARING))
            await _note("payment.refund_failed", session, None, {"amount_cents": amount_cents}, reason, now)
        return await billing.bill_of(session, now)


async def dispute(session_id: int, amount_cents: int, uid: str, now: datetime) -> Bill:
    """A driver's bank took back what came through the payment provider, until it decides."""
    return await _disputed(session_id, Kind.DISPUTE, amount_cents, uid, now)


async def win_dispute(session_id: int, amount_cents: int, uid: str, now: datetime) -> Bill:
    """The bank gave it again."""
    return await _disputed(session_id, Kind.DISPUTE_WON, amount_cents, uid, now)


async def lose_dispute(session_id: int, amount_cents: int, uid: str, now: datetime) -> Bill:
    """The bank kept it: it is written off."""
    return await _disputed(session_id, Kind.DISPUTE_LOST, amount_cents, uid, now)


async def pay_out(lot_id: int, amount_cents: int, fee_cents: int, uid: str, now: datetime) -> bool:
    """The payment provider paid out what it had collected for a lot, less its fee; False when it was told before.

    Raises ConflictError for another payout of this uid.
    """
    currency = await billing.get_currency(lot_id)
    if not currency:
        raise InvalidInputError("This car park has no prices, so nothing was collected.")
    postings = entries.payout(amount_cents, fee_cents)
    async with transaction():
        return await ledger_rows.post(Transaction(uid, lot_id, None, Kind.PAYOUT, currency, now, postings))


_DISPUTES = {
    Kind.DISPUTE: entries.dispute,
    Kind.DISPUTE_WON: entries.dispute_won,
    Kind.DISPUTE_LOST: entries.dispute_lost,
}


async def _disputed(session_id: int, kind: Kind, amount_cents: int, uid: str, now: datetime) -> Bill:
    async with transaction():
        session = await session_rows.lock_session(session_id)
        sign = 1 if kind is Kind.DISPUTE else -1
        if not await _is_posted(uid, session, kind, Account.DISPUTED, sign * amount_cents):
            event = _event(uid, await billing.bill_of(session, now), kind, now)
            await post_event(event, lambda books: _DISPUTES[kind](books, amount_cents))
        return await billing.bill_of(session, now)


async def _is_posted(uid: str, session: ParkingSession, kind: Kind, account: Account, sent_cents: int | None) -> bool:
    """Whether it was told before. ``sent_cents``: what it then posted to the account; None: whatever was left."""
    posted = await ledger_rows.find_transaction(uid)
    if posted is None:
        return False
    found = posted.transaction
    if found.session_id != session.id:
        raise ConflictError("Another session has a payment of this id.")
    there = sum(posting.amount_cents for posting in found.postings if posting.account is account)
    if found.kind is not kind or (sent_cents is not None and there != sent_cents):
        raise ConflictError("Something else was booked with this id.")
    return True


async def _up_to_now(session: ParkingSession, uid: str, now: datetime) -> Bill:
    """The bill of a session that is charged for what it stayed until now."""
    if session.state is SessionState.OPEN:
        await billing.settle(session, f"{uid}:charge", now)
    return await billing.bill_of(session, now)


async def _may_leave(session: ParkingSession, bill: Bill, now: datetime) -> ParkingSession:
    """With nothing left to pay, an open session may leave until the exit grace is over."""
    owes = (await ledger_rows.get_books(session.id)).open_cents
    ahead = session.paid_until is not None and now < session.paid_until
    if session.state is not SessionState.OPEN or owes or bill.tariff is None or ahead:
        return session
    return await _let_leave(session, bill.tariff, now)


async def _had_paid(session: ParkingSession, uid: str, paid_at: datetime) -> ParkingSession:
    """Of who left before the payment was heard of: had it paid in full before, its exit grace counts."""
    ahead = session.paid_until is not None and paid_at < session.paid_until
    if not session.is_priced or session.exited_at is None or paid_at >= session.exited_at or ahead:
        return session
    inside = replace(session, state=SessionState.OPEN, ending=Ending.NONE, exited_at=None)
    bill = await billing.bill_of(inside, paid_at)
    if bill.tariff is None or bill.due_cents > 0:
        return session
    session = await _let_leave(session, bill.tariff, paid_at)
    await billing.settle(session, f"{uid}:left", paid_at, Kind.CORRECTION)
    return session


async def _let_leave(session: ParkingSession, tariff: Tariff, paid_at: datetime) -> ParkingSession:
    until = due_again_at(tariff, paid_at)  # an earlier payment that is told later takes no time away
    return await session_rows.set_leave_by(session.id, max(until, session.leave_by or until))


def _event(
    uid: str, bill: Bill, kind: Kind, now: datetime, reason: str = "", references: Mapping[str, str] | None = None
) -> Event:
    if not bill.currency:
        raise InvalidInputError("This car park has no prices, so nothing can be paid.")
    return Event(uid, bill.session.lot_id, bill.session.id, kind, bill.currency, now, reason, references)


def _too_much(bill: Bill, amount_cents: int) -> ConflictError:
    due, paid = (format_amount(cents, bill.currency) for cents in (max(0, bill.due_cents), amount_cents))
    return ConflictError(
        f"{paid} {bill.currency} is far more than the {due} that are due. If it is right, send it again with "
        "confirm_over; the rest is kept as the driver's credit."
    )


async def _note(
    action: str,
    session: ParkingSession,
    account_id: int | None,
    after: Mapping[str, object],
    reason: str,
    now: datetime,
) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=session.lot_id,
        subject=f"session:{session.id}",
        before=None,
        after=after,
        reason=reason,
        at=now,
    )
