"""Letters about bookings: inside the transaction that does what they tell of."""

from datetime import datetime
from typing import Final

from parkhub.clients import Clients
from parkhub.db import lots as lot_rows
from parkhub.domain.bookings import Booking
from parkhub.services import mail
from parkhub.settings import Settings

BOOKED: Final = "booked"
CHANGED: Final = "changed"
CANCELLED: Final = "cancelled"
NOT_COME: Final = "not_come"
TOO_LATE: Final = "too_late"
NOT_CHANGED: Final = "not_changed"


async def ask(clients: Clients, booking: Booking) -> None:
    """After the commit: have what was written sent soon."""
    if booking.email:
        await mail.ask(clients)


async def write(settings: Settings, booking: Booking, what: str, now: datetime) -> None:
    """Tell the driver of a booking what has happened to it, once; nobody where there is no address."""
    if not booking.email or not booking.public_id:
        return
    lot = await lot_rows.get_lot(booking.lot_id)
    ended = what in (CANCELLED, NOT_COME, TOO_LATE)
    values = {
        "what": what,
        "lot": lot.name,
        "address": lot.address,
        "zone": lot.time_zone,
        "start": booking.span.start.isoformat(),
        "end": booking.span.end.isoformat(),
        "spot": booking.spot,
        "plate": booking.plate,
        "price_cents": booking.price_cents,
        "fee_cents": booking.fee_cents,
        "currency": booking.currency,
        "paid": booking.paying.value == "advance",
        "link": f"{settings.address}/bookings/{booking.public_id}",
    }
    uid = f"booking:{booking.id}:{what}:{booking.changes}"
    letter = "booking_ended" if ended else "booking"
    await mail.write(uid, booking.email, booking.language, letter, values, now)
