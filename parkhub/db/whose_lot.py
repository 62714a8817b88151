"""Of which lot a thing is that an address names."""

from typing import Final

from parkhub.db.engine import fetch

_LOTS: Final = {
    "lots": "SELECT id AS lot FROM lot WHERE slug = {}",
    "cameras": "SELECT lot FROM camera WHERE public_id = {}",
    "barriers": "SELECT lot FROM barrier WHERE public_id = {}",
    "barrier-calls": "SELECT lot FROM barrier WHERE id = (SELECT barrier FROM barrier_call WHERE id = {})",
    "bookings": "SELECT lot FROM booking WHERE id = {}",
    "corrections": "SELECT lot FROM audit_entry WHERE id = {}",
    "discount-codes": "SELECT lot FROM discount_code WHERE id = {}",
    "driver-claims": "SELECT lot FROM parking_session WHERE id = (SELECT session FROM driver_claim WHERE id = {})",
    "listed-plates": "SELECT lot FROM listed_plate WHERE id = {}",
    "passages": "SELECT lot FROM passage WHERE id = {}",
    "payments": "SELECT lot FROM quote WHERE public_id = {}",
    "permits": "SELECT lot FROM permit_lot WHERE permit = {}",
    "reviews": "SELECT lot FROM review WHERE id = {}",
    "sessions": "SELECT lot FROM parking_session WHERE id = {}",
}
NOUNS: Final = frozenset(_LOTS)


async def list_lots_of(noun: str, key: str | int) -> list[int | None]:
    """The lots of what stands behind a noun of `NOUNS` in an address; None among them: it is for all lots.

    Empty: there is no such thing.
    """
    return [row["lot"] for row in await fetch(_LOTS[noun], key)]
