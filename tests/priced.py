"""A lot's prices, permits, lists, codes and bookings, for pages that are looked at."""

from datetime import datetime, timedelta
from fractions import Fraction

from builders import save_permit

from parkhub.clients import Clients
from parkhub.db import permits as permit_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.lots import Lot
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.services import bookings, discount_codes, permits, tariffs


async def shown(clients: Clients, lot: Lot, now: datetime) -> dict[str, str]:
    """Pages of staff by name, on made-up data; the lot has a tariff and places to book."""
    here = f"/console/lots/{lot.slug}"
    running = await tariff_rows.find_in_force(lot.id, None, now)
    assert running is not None
    dearer = running.text.replace("1.80", "2.20")
    await tariffs.publish(lot.id, None, dearer, now + timedelta(days=9), None, now, "the city asked for it")
    for number, holder in enumerate(("Kim Berger", "City works", "Dr. Anna-Katharina Schwarzenberger")):
        await save_permit(lot.id, *(f"PRM{number}{each}7" for each in range(1 + 2 * number)), holder=holder)
    listed = ListedPlate(PlateList.DENY, "BAD666", lot.id, "left without paying", now + timedelta(days=30))
    await permits.list_plate(listed, None, now)
    many = Discount("SHOP", percent=Fraction(20))
    made = await discount_codes.add_codes(lot.id, 5, many, CodeLimits(uses_max=1), None, now)
    first = (await permit_rows.list_permits(lot.id, 0, 1))[0]
    wish = bookings.Wish(lot.id, "DSK123", now + timedelta(hours=1), now + timedelta(hours=4), "", "Kim")
    booking = await bookings.book(clients, wish, None, now)
    return {
        "prices": "/console/prices",
        "tariff": f"{here}/tariff",
        "tariff-example": f"{here}/tariff?example=airport",
        "permits": f"{here}/permits",
        "permits-filtered": f"{here}/permits?holds=over",
        "permit": f"/console/permits/{first.id}",
        "permit-new": f"{here}/permits/new",
        "permits-import": f"{here}/permits/import",
        "plate-lists": f"{here}/plates",
        "codes": f"{here}/codes",
        "codes-to-print": f"{here}/codes/print?first={made[0].id}&last={made[-1].id}",
        "bookings-of-a-day": f"{here}/bookings",
        "booking-of-staff": f"/console/bookings/{booking.id}",
        "booking-new": f"{here}/bookings/new",
        "booking-rules": f"{here}/booking-rules",
        "patrol": "/console/patrol",
    }
