"""Money of bookings: paid in advance, owed for cancelling late or not coming, used by a stay, given back, disputed.

All inside the caller's transaction with the lot's books held (`lock`), each event once by its uid. A booking's books
are in `parkhub.domain.booking_entries`.
"""

from collections.abc import Mapping
from datetime import datetime

from parkhub.db import bookings as booking_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import sessions as session_rows
from parkhub.domain import booking_entries, entries
from parkhub.domain.bookings import Booking, BookingState
from parkhub.domain.entries import Books
from parkhub.domain.ledger import Account, Kind, Posting, Transaction
from parkhub.errors import ConflictError
from parkhub.services import audit, billing, payments
from parkhub.services.ledger import Event, post_event


async def lock(booking_id: int) -> Booking:
    """The booking, with its lot's books held. Raises NotFoundError."""
    await session_rows.lock_lot((await booking_rows.get_booking(booking_id)).lot_id)
    return await booking_rows.get_booking(booking_id)


async def due_cents(booking: Booking) -> int:
    """What may be paid for it now: its price while it waits for its car, a fee once it is over."""
    books = await ledger_rows.get_booking_books(booking.id)
    price = booking.price_cents if booking.state is BookingState.RESERVED else 0
    return max(0, price - books.credit_cents) + books.open_cents


async def held_cents(booking: Booking) -> int:
    """What was paid in advance and is neither used nor given back."""
    return (await ledger_rows.get_booking_books(booking.id)).credit_cents


async def pay(booking: Booking, amount_cents: int, uid: str, now: datetime, references: Mapping[str, str]) -> None:
    """Money arrived through the provider: for a fee that is owed, else in advance; a stay that is there uses it."""
    event = await _event(booking, uid, Kind.PAYMENT, now, references=references)
    if await post_event(event, lambda books: entries.payment(books, amount_cents, Account.CLEARING)):
        told = {"amount_cents": amount_cents}
        await _note("booking.paid", booking, None, told, "", now)
    await use(booking, now)


async def settle_fee(booking: Booking, fee_cents: int, now: datetime) -> None:
    """Charge a fee, or the change to what was charged before: what was paid in advance counts first."""
    known = await ledger_rows.list_of_booking(booking.id)
    if not fee_cents and not any(each.transaction.kind is Kind.CHARGE for each in known):
        return
    quote = booking_entries.fee_quote(fee_cents, booking.tax_percent, booking.currency, booking.span)
    uid, kind = f"booking:{booking.id}:fee:{len(known)}", Kind.CHARGE if fee_cents else Kind.CORRECTION
    before = await _event(booking, f"{uid}:resumed", Kind.REVERSAL, now)
    await post_event(before, lambda books: entries.resumed(books, quote))
    await post_event(await _event(booking, uid, kind, now), lambda books: entries.charge(books, quote))


async def use(booking: Booking, now: datetime) -> None:
    """The stay of a booking has what was paid for it in advance."""
    if booking.session_id is None or booking.state not in (BookingState.ARRIVED, BookingState.DONE):
        return
    stay = await ledger_rows.get_books(booking.session_id)
    postings = booking_entries.use(stay, await held_cents(booking))
    await _move(booking, booking.session_id, postings, now)


async def unuse(booking: Booking, session_id: int, now: datetime, most_cents: int | None = None) -> None:
    """A stay gives back what it used of a booking, as far as that is there."""
    moved = [each.transaction for each in await ledger_rows.list_of_booking(booking.id)]
    used = sum(
        posting.amount_cents
        for each in moved
        if each.session_id == session_id
        for posting in each.postings
        if posting.account is Account.PREPAID
    )
    wanted = used if most_cents is None else min(used, most_cents)
    postings = booking_entries.unuse(await ledger_rows.get_books(session_id), wanted)
    await _move(booking, session_id, postings, now)


async def refundable_cents(booking: Booking, now: datetime) -> int:
    """What could be given back of what was paid for it: by its own books, or by those of the stay that used it."""
    if booking.session_id is not None and booking.state in (BookingState.ARRIVED, BookingState.DONE):
        return (await billing.get_bill(booking.session_id, now)).books.refundable_cents
    return (await ledger_rows.get_booking_books(booking.id)).refundable_cents


async def refund(
    booking: Booking, amount_cents: int, reason: str, uid: str, account_id: int | None, now: datetime
) -> None:
    """Money went back through the provider: of what is held, then of a fee; or of the stay that used it."""
    books = await ledger_rows.get_booking_books(booking.id)
    if booking.session_id is not None and books.refundable_cents < amount_cents:
        stay = booking.session_id
        await payments.refund(stay, amount_cents, Account.CLEARING, reason, uid, account_id, now, told=True)
        return
    event = await _event(booking, uid, Kind.REFUND, now, reason)
    if await post_event(event, lambda found: entries.refund_told(found, amount_cents, Account.CLEARING)):
        await _note("booking.refunded", booking, account_id, {"amount_cents": amount_cents}, reason, now)


async def refund_failed(booking: Booking, amount_cents: int, reason: str, uid: str, now: datetime) -> None:
    """What was given back through the provider came back: it is held again, by the stay if there is one."""
    if booking.session_id is not None:
        await payments.refund_failed(booking.session_id, amount_cents, reason, uid, now)
        return
    event = await _event(booking, uid, Kind.REFUND, now, reason)
    if await post_event(event, lambda books: entries.refund_failed(books, amount_cents, Account.CLEARING)):
        await _note("booking.refund_failed", booking, None, {"amount_cents": amount_cents}, reason, now)


async def dispute(booking: Booking, amount_cents: int, uid: str, now: datetime) -> None:
    """A driver's bank took money back until it decides."""
    event = await _event(booking, uid, Kind.DISPUTE, now)
    await post_event(event, lambda books: entries.dispute(books, amount_cents))


async def end_dispute(booking: Booking, amount_cents: int, won: bool, uid: str, now: datetime) -> None:
    """The bank gave it again, or kept it: then the stay that used it goes without, and that is written off."""
    if won:
        event = await _event(booking, uid, Kind.DISPUTE_WON, now)
        await post_event(event, lambda books: entries.dispute_won(books, amount_cents))
        return
    if await ledger_rows.find_transaction(uid) is not None:
        return
    if booking.session_id is not None:
        stay = await ledger_rows.get_books(booking.session_id)
        await unuse(booking, booking.session_id, now, amount_cents)
        owed = (await ledger_rows.get_books(booking.session_id)).open_cents - stay.open_cents
        if owed > 0:
            waived = Event(f"{uid}:stay", booking.lot_id, booking.session_id, Kind.WAIVER, booking.currency, now)
            await post_event(waived, lambda books: entries.waiver(books, owed))
    event = await _event(booking, uid, Kind.DISPUTE_LOST, now)
    await post_event(event, lambda books: entries.dispute_lost(books, amount_cents))


async def get_books(booking: Booking) -> Books:
    """Its books, with what is held as credit."""
    return await ledger_rows.get_booking_books(booking.id)


async def _move(booking: Booking, session_id: int, postings: tuple[Posting, ...], now: datetime) -> None:
    if not postings:
        return
    number = len(await ledger_rows.list_of_booking(booking.id))
    uid = f"booking:{booking.id}:moved:{number}"
    currency = await _currency(booking)
    moved = Transaction(uid, booking.lot_id, session_id, Kind.TRANSFER, currency, now, postings, booking_id=booking.id)
    if not await ledger_rows.post(moved):
        raise ConflictError("The booking has changed meanwhile.")


async def _event(
    booking: Booking,
    uid: str,
    kind: Kind,
    now: datetime,
    reason: str = "",
    references: Mapping[str, str] | None = None,
) -> Event:
    currency = await _currency(booking)
    return Event(uid, booking.lot_id, None, kind, currency, now, reason, references, booking_id=booking.id)


async def _currency(booking: Booking) -> str:
    return booking.currency or await billing.get_currency(booking.lot_id)


async def _note(
    action: str, booking: Booking, account_id: int | None, after: Mapping[str, object], reason: str, now: datetime
) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=booking.lot_id,
        subject=f"booking:{booking.id}",
        before=None,
        after=after,
        reason=reason,
        at=now,
    )
