"""What a session costs, and every way its books change: charges, payments, waivers, refunds.

All of it in the transaction of the caller or in one of its own, with the lot's books held, each event once by its uid.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from parkhub.db import bookings as booking_rows
from parkhub.db import discount_codes as code_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import permits as permit_rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.domain import entries
from parkhub.domain.discounts import check_code
from parkhub.domain.entries import Books
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.local_time import Span, day_span, local_day
from parkhub.domain.lot_rules import TariffFollows
from parkhub.domain.permits import Permit, uncovered
from parkhub.domain.pricing import charged_span, due_again_at, price, price_lost_ticket
from parkhub.domain.quotes import Quote
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.tariffs import Per, Tariff
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit
from parkhub.services.ledger import Event, post_event


@dataclass(frozen=True, slots=True)
class Bill:
    """A session's price at an instant beside its books. ``quote`` None: nothing is charged, by right or for want of a
    tariff.
    """

    session: ParkingSession
    quote: Quote | None
    books: Books
    currency: str

    @property
    def due_cents(self) -> int:
        """What would have to be paid to leave now; below zero when more was paid than it costs."""
        gross = self.quote.gross_cents if self.quote else 0
        return self.books.open_cents - self.books.credit_cents + gross - self.books.charged_cents


async def get_bill(session_id: int, now: datetime) -> Bill:
    """The bill of a session, as if it ended now if it is open. Raises NotFoundError."""
    return await _bill(await session_rows.get_session(session_id), now)


async def settle(session: ParkingSession, uid: str, now: datetime, kind: Kind = Kind.CHARGE) -> None:
    """Charge what a session costs, or the change to what it was charged before. Inside the caller's transaction.

    Sessions whose end is no price (`ParkingSession.is_priced`) are left as they are; a cancelled one costs nothing.
    """
    if session.state is SessionState.CLOSED and not session.is_priced:
        return
    bill = await _bill(session, now)
    await _charge(bill, bill.quote, uid, now, kind)


async def correct(session: ParkingSession, uid: str, now: datetime) -> None:
    """Let the books follow what a person has put right. Inside the caller's transaction.

    A session that is open again, or ended without a price, is charged nothing until it ends, but what was paid for
    already stays charged as far as it still costs that.
    """
    bill = await _bill(session, now)
    if session.state is SessionState.CANCELLED or session.is_priced:
        await _charge(bill, bill.quote, uid, now, Kind.CORRECTION)
    elif not bill.books.is_settled_partly:
        await _charge(bill, None, uid, now, Kind.CORRECTION)
    elif (bill.quote.gross_cents if bill.quote else 0) < bill.books.charged_cents:
        await _charge(bill, bill.quote, uid, now, Kind.CORRECTION)


async def _charge(bill: Bill, quote: Quote | None, uid: str, now: datetime, kind: Kind) -> None:
    session = bill.session
    if quote is None and not bill.books.charged_cents:
        return
    costs = quote or Quote(bill.currency, (), 0, 0, 0, Fraction(0), session.span(now), None)
    references = {"tariff": str(session.tariff_id)} if session.tariff_id else {}
    event = Event(uid, session.lot_id, session.id, kind, costs.currency, now, references=references)
    await post_event(event, lambda books: entries.charge(books, costs))


async def pay(
    session_id: int,
    amount_cents: int,
    into: Account,
    uid: str,
    now: datetime,
    account_id: int | None = None,
    references: Mapping[str, str] | None = None,
) -> Bill:
    """Money arrived for a session: it is charged up to now, paid, and may leave within the exit grace once all is paid.

    The same ``uid`` again changes nothing. Raises InvalidInputError for no amount or a session without a price.
    """
    async with transaction():
        session = await _locked(session_id)
        if not await _is_posted(uid, session):
            if session.state is SessionState.OPEN:
                await settle(session, f"{uid}:charge", now)
            currency = (await _bill(session, now)).currency
            event = Event(uid, session.lot_id, session.id, Kind.PAYMENT, currency, now, references=references)
            await post_event(event, lambda books: entries.payment(books, amount_cents, into))
            await _note(
                "payment.taken", session, account_id, {"amount_cents": amount_cents, "into": into.value}, "", now
            )
            session = await _may_leave(session, now)
        return await _bill(session, now)


async def waive(
    session_id: int, amount_cents: int | None, reason: str, uid: str, account_id: int | None, now: datetime
) -> Bill:
    """Forgo what a session owes, or a part of it. An open session is charged up to now first."""
    _needed(reason)
    async with transaction():
        session = await _locked(session_id)
        if not await _is_posted(uid, session):
            if session.state is SessionState.OPEN:
                await settle(session, f"{uid}:charge", now)
            bill = await _bill(session, now)
            amount = bill.books.open_cents if amount_cents is None else amount_cents
            event = Event(uid, session.lot_id, session.id, Kind.WAIVER, bill.currency, now, reason)
            await post_event(event, lambda books: entries.waiver(books, amount))
            await _note("session.waived", session, account_id, {"amount_cents": amount}, reason, now)
            session = await _may_leave(session, now)
        return await _bill(session, now)


async def refund(
    session_id: int,
    amount_cents: int | None,
    out_of: Account,
    reason: str,
    uid: str,
    account_id: int | None,
    now: datetime,
) -> Bill:
    """Give back what was paid, all or a part of it: what was paid too much first."""
    _needed(reason)
    async with transaction():
        session = await _locked(session_id)
        if not await _is_posted(uid, session):
            bill = await _bill(session, now)
            amount = bill.books.refundable_cents if amount_cents is None else amount_cents
            event = Event(uid, session.lot_id, session.id, Kind.REFUND, bill.currency, now, reason)
            await post_event(event, lambda books: entries.refund(books, amount, out_of))
            await _note("payment.refunded", session, account_id, {"amount_cents": amount}, reason, now)
        return await _bill(session, now)


async def give_code(session_id: int, text: str, now: datetime) -> Bill:
    """Use a discount code for a session. Raises InvalidInputError with the reason, fit for the driver."""
    async with transaction():
        session = await _locked(session_id)
        found = await code_rows.find_code(session.lot_id, text.strip().upper())
        if found is None:
            raise InvalidInputError("This code does not exist here.")
        check_code(found.limits, await code_rows.count_uses(found.id), now)
        if not await code_rows.give(session.id, found.id, now):
            raise ConflictError("This code is used for this stay already.")
        if session.state is SessionState.CLOSED:
            await settle(session, f"session:{session.id}:code:{found.id}", now)
        return await _bill(session, now)


async def _is_posted(uid: str, session: ParkingSession) -> bool:
    posted = await ledger_rows.find_transaction(uid)
    if posted is not None and posted.transaction.session_id != session.id:
        raise ConflictError("Another session has a payment of this id.")
    return posted is not None


async def _locked(session_id: int) -> ParkingSession:
    lot_id = (await session_rows.get_session(session_id)).lot_id
    await session_rows.lock_lot(lot_id)
    return await session_rows.get_session(session_id)


async def _may_leave(session: ParkingSession, now: datetime) -> ParkingSession:
    """With nothing left to pay, an open session may leave until the exit grace is over."""
    books = await ledger_rows.get_books(session.id)
    version = await _version(session, now)
    if session.state is not SessionState.OPEN or books.open_cents or version is None:
        return session
    return await session_rows.set_leave_by(session.id, due_again_at(version.tariff, now))


async def _bill(session: ParkingSession, now: datetime) -> Bill:
    books = await ledger_rows.get_books(session.id)
    version = await _version(session, now)
    if version is None:
        return Bill(session, None, books, "")
    tariff = version.tariff
    if session.state is SessionState.CANCELLED:
        return Bill(session, None, books, tariff.currency)
    if session.ending is Ending.LOST_TICKET:
        return Bill(session, price_lost_ticket(tariff, session.entered_at), books, tariff.currency)
    return Bill(session, await _quote(session, tariff, now), books, tariff.currency)


async def _version(session: ParkingSession, now: datetime) -> tariff_rows.TariffVersion | None:
    if (await rule_rows.get_rules(session.lot_id)).tariff_follows is TariffFollows.RUNNING:
        return await tariff_rows.find_in_force(session.lot_id, session.kind, session.exited_at or now)
    return await tariff_rows.get_version(session.tariff_id) if session.tariff_id else None


async def _quote(session: ParkingSession, tariff: Tariff, now: datetime) -> Quote | None:
    zone = ZoneInfo((await lot_rows.get_lot(session.lot_id)).time_zone)
    span = charged_span(tariff, session.span(now), session.leave_by)
    if session.right:
        permit = await _permit(session)
        payable = uncovered(permit, span, zone) if permit else None
        if payable is None:
            return None
        span = payable
    booked = (await booking_rows.get_booking(session.booking_id)).span if session.booking_id else None
    codes = await code_rows.list_given(session.id)
    used = await _free_used(session, tariff, span, zone)
    return price(tariff, span, zone, discounts=codes, free_used=used, booked=booked)


async def _permit(session: ParkingSession) -> Permit | None:
    """The permit it parks on; None for another right, and for a permit that was deleted since: then all is covered."""
    if session.permit_id is None:
        return None
    try:
        return await permit_rows.get_permit(session.permit_id)
    except NotFoundError:
        return None


async def _free_used(session: ParkingSession, tariff: Tariff, span: Span, zone: ZoneInfo) -> Mapping[date, int]:
    """Minutes of a daily allowance that the vehicle's earlier stays of that day took, as this tariff counts them."""
    used = Counter[date]()
    if tariff.allowance is None or tariff.allowance.per is not Per.DAY or not session.plate:
        return used
    first = day_span(local_day(span.start, zone), zone).start
    for earlier in await session_rows.list_of_plate(session.lot_id, session.plate, first, span.end):
        if earlier.id != session.id and not earlier.right:
            codes = await code_rows.list_given(earlier.id)
            stay = charged_span(tariff, earlier.span(span.end), earlier.leave_by)
            used.update(price(tariff, stay, zone, discounts=codes, free_used=used).free_by_day)
    return used


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


def _needed(reason: str) -> None:
    if not reason.strip():
        raise InvalidInputError("Say why.")
