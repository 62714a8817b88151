"""What was paid for a booking beyond what it costs goes back through the provider, after the commit, by itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_holds as hold_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import refunds as refund_rows
from parkhub.db.payments import Payment
from parkhub.domain.bookings import BookingState
from parkhub.domain.payments import PaymentState
from parkhub.errors import ConflictError, ParkHubError
from parkhub.services import booking_money, refunds
from parkhub.settings import Settings

REASONS: Final = {
    BookingState.RESERVED: "Booking changed",
    BookingState.CANCELLED: "Booking cancelled",
    BookingState.NO_SHOW: "Booking not used",
    BookingState.EXPIRED: "Booking paid too late",
}
LOOKED_BACK: Final = timedelta(days=30)
_BATCH: Final = 50

log = structlog.get_logger(__name__)


async def give_back(clients: Clients, settings: Settings, booking_id: int, now: datetime) -> int:
    """Give back what a booking holds beyond its price, or beyond its fee; answers how much was asked for.

    Asked again, or by two at once, it is given back once. What was refused or came back is left to `retry`.
    Raises what the provider raises; then upkeep asks again.
    """
    booking = await booking_rows.get_booking(booking_id)
    if booking.state not in REASONS:
        return 0
    costs = booking.price_cents if booking.state is BookingState.RESERVED else 0
    known = await payment_rows.list_of_booking(booking_id)
    asked = {payment.id: await refund_rows.sum_unfinished(payment.id) for payment in known}
    books = await booking_money.get_books(booking)
    wanted = min(books.credit_cents, books.refundable_cents) - costs - sum(asked.values())
    given = 0
    for payment in known:
        part = min(payment.paid_cents - payment.refunded_cents - asked[payment.id], wanted - given)
        if payment.state is not PaymentState.PAID or part <= 0:
            continue
        quote = await quote_rows.get_quote(payment.quote_id)
        uid = f"booking:{booking_id}:{payment.id}:{payment.ever_refunded_cents}:{part}"
        reason = REASONS[booking.state]
        await refunds.refund_payment(clients, settings, quote.public_id, part, reason, None, now, uid)
        given += part
    return given


async def retry(
    clients: Clients, settings: Settings, booking_id: int, public_id: str, account_id: int | None, now: datetime
) -> Payment:
    """Ask once more for a refund of a booking that was refused or failed, see `refunds.ask_anew`.

    Raises ConflictError, too, when the booking was changed since and costs what would go back.
    """
    known = await refund_rows.list_refused_of_booking(booking_id)
    booking = await booking_rows.get_booking(booking_id)
    amount = next((each.amount_cents for each in known if each.public_id == public_id), 0)
    beyond = await booking_money.held_cents(booking) - booking.price_cents
    if amount > max(0, beyond) and booking.state is BookingState.RESERVED:
        raise ConflictError("The booking was changed since and costs what would go back.")
    return await refunds.ask_anew(clients, settings, known, public_id, account_id, now)


async def give_back_soon(clients: Clients, settings: Settings, booking_ids: Iterable[int], now: datetime) -> None:
    """The same for several, after the commit that made it due; what fails now is asked again by upkeep."""
    for booking_id in booking_ids:
        try:
            await give_back(clients, settings, booking_id, now)
        except ParkHubError as error:
            log.warning("booking.not_given_back", booking=booking_id, reason=str(error))


async def give_back_overpaid(clients: Clients, settings: Settings, now: datetime) -> None:
    """Give back what was left: a provider was away, a process was killed, a payment came too late."""
    await give_back_soon(clients, settings, await hold_rows.list_overpaid(now - LOOKED_BACK, _BATCH), now)
