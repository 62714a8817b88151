"""Cars inside a lot, for tests of what their drivers see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import save_lot

from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket

TWO_AN_HOUR = """
currency: EUR
exit_grace_minutes: 15
tax: {percent: "19"}
bands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""
PLATE = "PKH4827"


async def save_paid_lot(tariff: str = TWO_AN_HOUR, **given: Any) -> Lot:
    """A lot with prices."""
    lot = await save_lot(**given)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    await tariff_rows.add_version(lot.id, None, tariff, begun, None, begun)
    return lot


async def save_stay(lot: Lot, plate: str = PLATE, minutes: float = 148, **given: Any) -> ParkingSession:
    """A car that came in so many minutes ago and is there."""
    entered_at = datetime.now(UTC) - timedelta(minutes=minutes)
    version = await tariff_rows.find_in_force(lot.id, None, entered_at)
    session = ParkingSession(
        id=0,
        ticket=new_ticket(),
        lot_id=lot.id,
        plate=plate,
        kind=None,
        state=SessionState.OPEN,
        ending=Ending.NONE,
        entered_at=entered_at,
        tariff_id=version.id if version else None,
    )
    return await session_rows.add_session(replace(session, **given))
