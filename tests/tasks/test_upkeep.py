"""Jobs by the clock."""

from datetime import UTC, datetime, timedelta

from builders import save_lot, stand_ins

from parkhub.db import bookings, plate_lists, sessions
from parkhub.db.engine import fetch
from parkhub.domain.bookings import Booking, BookingState
from parkhub.domain.local_time import Span
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.retention import hash_plate, plate_key
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.secret_key import secret_key
from parkhub.settings import Settings
from tasks.upkeep import delete_old, keep_retention, release_no_shows


async def test_every_night_plates_past_their_time_turn_into_hashes_by_the_installation_s_key(database: Settings):
    lot, ended = await save_lot(), datetime.now(UTC) - timedelta(days=31)
    begun = ended - timedelta(hours=1)
    gone = ParkingSession(
        0, new_ticket(), lot.id, "BAB120", None, SessionState.CLOSED, Ending.EXIT, begun, exited_at=ended
    )
    await sessions.add_session(gone)
    await keep_retention({"clients": stand_ins(), "settings": database})
    (row,) = await fetch("SELECT plate, plate_hash FROM parking_session")
    assert row == {"plate": "", "plate_hash": hash_plate(plate_key(secret_key(database), lot.id), "8A8120")}


async def test_bookings_whose_car_does_not_come_are_given_up_and_lists_forget_what_has_run_out(database: Settings):
    lot, ago = await save_lot(), datetime.now(UTC) - timedelta(hours=2)
    span = Span(ago, ago + timedelta(hours=9))
    booking = await bookings.add_booking(Booking(lot.id, "AB123", span, 1, span), ago)
    await plate_lists.add_listed(ListedPlate(PlateList.DENY, "AB123", None, "owes", ago), ago)
    ctx = {"clients": stand_ins(), "settings": database}
    await release_no_shows(ctx)
    await delete_old(ctx)
    assert (await bookings.get_booking(booking)).state is BookingState.NO_SHOW
    assert await plate_lists.list_listed(lot.id, 0, 9) == []
