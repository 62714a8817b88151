"""What a session costs, charged to its books with the lot's books held, each event once by its uid."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from parkhub.db import bookings as booking_rows
from parkhub.db import charge_lines as line_rows
from parkhub.db import discount_codes as code_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import permits as permit_rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain import entries
from parkhub.domain.entries import Books
from parkhub.domain.ledger import Kind
from parkhub.domain.local_time import Span, day_span, local_day
from parkhub.domain.lot_rules import TariffFollows
from parkhub.domain.permits import Permit, uncovered
from parkhub.domain.pricing import charged_span, price, price_lost_ticket
from parkhub.domain.quotes import Quote, changed_lines
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.tariffs import Per, Tariff
from parkhub.errors import NotFoundError
from parkhub.services.ledger import Event, post_event


@dataclass(frozen=True, slots=True)
class Bill:
    """A session's price at an instant beside its books. ``quote`` None: nothing is charged, by right or for want of a
    tariff. ``tariff`` is the one that prices it; ``currency`` "" is a lot that never had one.
    """

    session: ParkingSession
    quote: Quote | None
    books: Books
    currency: str
    tariff: Tariff | None

    @property
    def due_cents(self) -> int:
        """What would have to be paid to leave now; below zero when more was paid than it costs."""
        gross = self.quote.gross_cents if self.quote else 0
        return self.books.open_cents - self.books.credit_cents + gross - self.books.charged_cents


async def get_bill(session_id: int, now: datetime) -> Bill:
    """The bill of a session, as if it ended now if it is open. Raises NotFoundError."""
    return await bill_of(await session_rows.get_session(session_id), now)


async def bill_of(session: ParkingSession, now: datetime) -> Bill:
    """The same, of a session at hand."""
    books = await ledger_rows.get_books(session.id)
    version = await _version(session, now)
    if version is None:
        return Bill(session, None, books, await get_currency(session.lot_id), None)
    tariff = version.tariff
    if session.state is SessionState.CANCELLED:
        quote = None
    elif session.ending is Ending.LOST_TICKET:
        quote = price_lost_ticket(tariff, session.entered_at)
    else:
        quote = await _quote(session, tariff, now)
    return Bill(session, quote, books, tariff.currency, tariff)


async def get_currency(lot_id: int) -> str:
    """What a lot's books are kept in, which all its tariffs have; "" before the first one."""
    versions = await tariff_rows.list_versions(lot_id)
    return versions[0].tariff.currency if versions else ""


async def settle(session: ParkingSession, uid: str, now: datetime, kind: Kind = Kind.CHARGE) -> None:
    """Charge what a session costs, or the change to what it was charged before. Inside the caller's transaction.

    Sessions whose end is no price (`ParkingSession.is_priced`) are left as they are; a cancelled one costs nothing.
    """
    if session.state is SessionState.CLOSED and not session.is_priced:
        return
    bill = await bill_of(session, now)
    await _charge(bill, bill.quote, uid, now, kind)


async def correct(session: ParkingSession, uid: str, now: datetime) -> None:
    """Let the books follow what a person has put right. Inside the caller's transaction.

    A session that is open again, or ended without a price, is charged nothing until it ends, but what was paid for
    already stays charged as far as it still costs that.
    """
    bill = await bill_of(session, now)
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
    before = replace(event, uid=f"{uid}:resumed", kind=Kind.REVERSAL)
    await post_event(before, lambda books: entries.resumed(books, costs))
    if await post_event(event, lambda books: entries.charge(books, costs)):
        known = await line_rows.sum_of_session(session.id)
        changes = changed_lines(costs, known)
        await line_rows.add_lines(session.lot_id, session.id, now, costs.currency, changes)


async def _version(session: ParkingSession, now: datetime) -> tariff_rows.TariffVersion | None:
    if (await rule_rows.get_rules(session.lot_id)).tariff_follows is TariffFollows.RUNNING:
        return await tariff_rows.find_in_force(session.lot_id, session.kind, session.exited_at or now)
    return await tariff_rows.get_version(session.tariff_id) if session.tariff_id else None


async def _quote(session: ParkingSession, tariff: Tariff, now: datetime) -> Quote | None:
    zone = ZoneInfo((await lot_rows.get_lot(session.lot_id)).time_zone)
    span = charged_span(tariff, session.span(now), session.leave_by, session.paid_until)
    if session.right:
        permit = await _permit(session)
        payable = uncovered(permit, span, zone) if permit else None
        if payable is None:
            return None
        span = payable
    booking = await booking_rows.get_booking(session.booking_id) if session.booking_id else None
    codes = await code_rows.list_given(session.id)
    used = await _free_used(session, tariff, span, zone)
    quote = price(tariff, span, zone, discounts=codes, free_used=used, booked=booking.span if booking else None)
    if booking is None or booking.binds:
        return quote
    return min(quote, price(tariff, span, zone, discounts=codes, free_used=used), key=lambda each: each.gross_cents)


async def _permit(session: ParkingSession) -> Permit | None:
    """The permit it parks on; None for another right, and for a permit that was deleted since: then all is covered."""
    if session.permit_id is None:
        return None
    try:
        return await permit_rows.get_permit(session.permit_id)
    except NotFoundError:
        return None


async def _free_used(session: ParkingSession, tariff: Tariff, span: Span, zone: ZoneInfo) -> Mapping[date, int]:
    """Minutes of a daily allowance that the vehicle's earlier stays of that day took, as this tariff counts them.

    None of one that a driver began by typing a plate: its price must not tell whether that car was here today.
    """
    used = Counter[date]()
    if tariff.allowance is None or tariff.allowance.per is not Per.DAY or not session.plate or session.begun_by:
        return used
    first = day_span(local_day(span.start, zone), zone).start
    for earlier in await session_rows.list_of_plate(session.lot_id, session.plate, first, span.end):
        if earlier.id != session.id and earlier.is_priced and not earlier.right:
            codes = await code_rows.list_given(earlier.id)
            stay = charged_span(tariff, earlier.span(span.end), earlier.leave_by, earlier.paid_until)
            used.update(price(tariff, stay, zone, discounts=codes, free_used=used).free_by_day)
    return used
