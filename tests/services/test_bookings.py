"""Booking places, and what becomes of bookings, in both databases."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, after, save_account, save_camera, save_lot, save_session, stand_ins

from parkhub.clients.live import MemoryLive
from parkhub.db import bookings as booking_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.bookings import Booking, BookingRules, BookingState
from parkhub.domain.local_time import Span
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError, FieldsError, InvalidInputError, NotFoundError
from parkhub.services import audit, booking_rules, booking_stays, bookings, session_corrections
from parkhub.services.bookings import Wish
from parkhub.settings import Settings, load_settings

TESTS = Path(__file__).parent.parent
SETTINGS = load_settings(data_dir=TESTS)  # bookings by staff send no letters
RULES = BookingRules(early_minutes=30, no_show_minutes=60, cancel_free_hours=24, cancel_fee_percent=50)
RESERVED, ARRIVED, DONE, CANCELLED, NO_SHOW, EXPIRED = BookingState
TARIFF = """
currency: EUR
bands: [{name: Day, rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""

pytestmark = pytest.mark.usefixtures("database")


def hours(number: float) -> datetime:
    """So many hours after `NOW`."""
    return after(number * 3600)


@pytest.fixture
async def lot() -> int:
    """A lot with two places for anybody, A1, and a tariff of two euros an hour."""
    lot = await save_lot()
    await save_camera(lot, spots_seen=3)
    await booking_rules.set_rules(lot.id, RULES, 2, ["A1"], None, NOW)
    await tariff_rows.add_version(lot.id, None, TARIFF, hours(-100), None, NOW)
    return lot.id


async def make(lot_id: int, plate: str, start: float = 48, end: float = 52, **given) -> Booking:
    return await bookings.book(stand_ins(), Wish(lot_id, plate, hours(start), hours(end), **given), None, NOW)


async def test_a_booking_holds_a_place_at_the_tariff_s_price(lot):
    booking = await make(lot, "ab-123", holder=" Kim ")
    assert booking == await booking_rows.get_booking(booking.id)
    assert (booking.plate, booking.holder, booking.place, booking.spot) == ("AB123", "Kim", 1, "")
    assert (booking.price_cents, booking.currency, booking.fee_cents) == (800, "EUR", 0)
    assert booking.state is RESERVED


async def test_bookings_and_cancellations_are_announced(lot):
    clients = stand_ins()
    booking = await bookings.book(clients, Wish(lot, "AB123", hours(48), hours(52)), None, NOW)
    await bookings.cancel(clients, SETTINGS, booking.id, None, NOW)
    assert isinstance(clients.live, MemoryLive)
    assert clients.live.announced == [f"bookings:{lot}"] * 2


async def test_a_lot_without_a_tariff_takes_bookings_for_nothing():
    lot = (await save_lot()).id
    await booking_rules.set_rules(lot, RULES, 1, [], None, NOW)
    booking = await make(lot, "AB123")
    assert (booking.price_cents, booking.currency) == (0, "")


async def test_places_are_given_until_none_is_left_and_named_ones_last(lot):
    places = [(await make(lot, f"AB{number}")).place for number in range(3)]
    assert places == [1, 2, 3]
    with pytest.raises(ConflictError, match="No place is free"):
        await make(lot, "AB9")
    assert (await make(lot, "AB9", 52, 53)).place == 1


async def test_a_certain_place_is_held_by_name(lot):
    assert (await make(lot, "AB1", spot="A1")).place == 3
    with pytest.raises(ConflictError):
        await make(lot, "AB2", spot="A1")
    with pytest.raises(FieldsError):
        await make(lot, "AB2", spot="A2")


async def test_a_plate_has_one_booking_at_a_time(lot):
    first = await make(lot, "AB123")
    with pytest.raises(ConflictError, match="has a booking"):
        await make(lot, "AB123", 50, 60)
    await bookings.cancel(stand_ins(), SETTINGS, first.id, None, NOW)
    await make(lot, "AB123", 50, 60)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (Wish(0, "AB123", hours(1), hours(2)), NotFoundError),
        (Wish(0, "?", hours(1), hours(2)), FieldsError),
        (Wish(0, "AB123", hours(-1), hours(2)), FieldsError),
    ],
    ids=["no such lot", "no plate", "past"],
)
async def test_what_cannot_be_booked_leaves_nothing_behind(wish, error):
    with pytest.raises(error):
        await bookings.book(stand_ins(), wish, None, NOW)
    assert await audit.list_entries() == []


@pytest.mark.parametrize(("hours_before", "fee"), [(24, 0), (23.9, 400)], ids=["in time", "too late"])
async def test_cancelling_frees_the_place_and_may_cost(lot, hours_before, fee):
    booking = await make(lot, "AB123")
    ended = await bookings.cancel(stand_ins(), SETTINGS, booking.id, None, hours(48 - hours_before))
    assert (ended.state, ended.fee_cents) == (CANCELLED, fee)
    assert await booking_rows.get_booking(booking.id) == ended
    assert await bookings.cancel(stand_ins(), SETTINGS, booking.id, None, hours(60)) == ended
    assert (await make(lot, "AB123")).place == booking.place


async def test_who_is_there_cannot_cancel(lot):
    booking = await make(lot, "AB123")
    await booking_stays.arrived(booking.id, 1, hours(48))
    with pytest.raises(InvalidInputError, match="there already"):
        await bookings.cancel(stand_ins(), SETTINGS, booking.id, None, hours(48))


@pytest.mark.parametrize(
    ("at", "found"), [(47.4, False), (47.5, True), (48, True), (48.99, True), (49, False), (51, False)]
)
async def test_a_booking_is_found_from_a_little_early_until_it_is_given_up(lot, at, found):
    booking = await make(lot, "AB123")
    assert await booking_stays.find_booking(lot, "AB123", hours(at)) == (booking if found else None)


async def test_a_booking_is_found_by_a_plate_that_looks_alike_but_not_by_none(lot):
    booking = await make(lot, "AB123")
    assert await booking_stays.find_booking(lot, "A8123", hours(48)) == booking
    assert await booking_stays.find_booking(lot, "", hours(48)) is None
    assert await booking_stays.find_booking((await save_lot()).id, "AB123", hours(48)) is None


async def test_who_comes_early_keeps_the_place_from_then_on(lot):
    booking = await make(lot, "AB123")
    await booking_stays.arrived(booking.id, 5, hours(47.5))
    found = await booking_rows.get_booking(booking.id)
    assert (found.state, found.session_id, found.arrived_at) == (ARRIVED, 5, hours(47.5))
    assert (found.span, found.held) == (booking.span, Span(hours(47.5), hours(52)))


async def test_who_comes_early_gets_another_place_if_the_own_one_is_taken_until_then(lot):
    await make(lot, "AB1", 40, 48)
    booking = await make(lot, "AB2")
    assert booking.place == 1
    await booking_stays.arrived(booking.id, 5, hours(47.5))
    assert (await booking_rows.get_booking(booking.id)).place == 2


async def test_who_comes_early_to_a_certain_place_that_is_taken_parks_as_any_other(lot):
    await make(lot, "AB1", 40, 48, spot="A1")
    await make(lot, "AB2", spot="A1")
    assert await booking_stays.find_booking(lot, "AB2", hours(47.5)) is None
    assert await booking_stays.find_booking(lot, "AB2", hours(48)) is not None


async def test_who_comes_on_time_gets_another_place_if_somebody_stays_too_long(lot):
    over = await make(lot, "AB1", 40, 48)
    await booking_stays.arrived(over.id, 1, hours(40))
    booking = await make(lot, "AB2")
    await booking_stays.arrived(booking.id, 2, hours(48))
    assert (over.place, booking.place, (await booking_rows.get_booking(booking.id)).place) == (1, 1, 2)


async def test_who_comes_on_time_has_a_booking_even_if_somebody_stays_on_its_certain_place(lot):
    over = await make(lot, "AB1", 40, 48, spot="A1")
    await booking_stays.arrived(over.id, 1, hours(40))
    booking = await make(lot, "AB2", spot="A1")
    await booking_stays.arrived(booking.id, 2, hours(48))
    assert (await booking_rows.get_booking(booking.id)).state is ARRIVED


async def test_arriving_twice_changes_nothing_and_another_session_has_no_part_in_it(lot):
    booking = await make(lot, "AB123")
    await booking_stays.arrived(booking.id, 5, hours(48))
    await booking_stays.arrived(booking.id, 5, hours(49))
    assert (await booking_rows.get_booking(booking.id)).arrived_at == hours(48)
    with pytest.raises(ConflictError):
        await booking_stays.arrived(booking.id, 6, hours(49))


async def test_who_leaves_frees_the_place_and_comes_back_with_the_session_only(lot):
    booking = await make(lot, "AB123")
    await booking_stays.left(booking.id, hours(47))
    await booking_stays.arrived(booking.id, 5, hours(48))
    await booking_stays.left(booking.id, hours(49))
    await booking_stays.left(booking.id, hours(50))
    found = await booking_rows.get_booking(booking.id)
    assert (found.state, found.ended_at) == (DONE, hours(49))
    assert await booking_stays.find_booking(lot, "AB123", hours(49)) is None
    assert (await make(lot, "AB9", 49.5, 50)).place == booking.place
    await booking_stays.arrived(booking.id, 5, hours(50))
    assert (await booking_rows.get_booking(booking.id)).state is ARRIVED


async def inside(booking: Booking, **given) -> ParkingSession:
    """A session on a booking, as the gate makes it."""
    session = await save_session(booking.lot_id, booking.plate, entered_at=hours(48), booking_id=booking.id, **given)
    await booking_stays.arrived(booking.id, session.id, hours(48))
    return session


async def test_who_is_said_to_have_left_frees_the_place_and_who_is_said_to_be_inside_holds_one(lot):
    booking = await make(lot, "AB123")
    session = await inside(booking)
    closed = replace(session, state=SessionState.CLOSED, exited_at=hours(49))
    await booking_stays.follow(closed, hours(50))
    found = await booking_rows.get_booking(booking.id)
    assert (found.state, found.ended_at) == (DONE, hours(49))
    await make(lot, "AB1", 50, 51)
    await booking_stays.follow(session, hours(50))
    again = await booking_rows.get_booking(booking.id)
    assert (again.state, again.place, again.held, again.arrived_at) == (
        ARRIVED,
        2,
        Span(hours(50), hours(52)),
        hours(48),
    )


async def test_who_is_said_to_be_inside_when_all_places_went_to_others_holds_none(lot):
    booking = await make(lot, "AB123")
    session = await inside(booking)
    await booking_stays.left(booking.id, hours(49))
    for number in range(3):
        await make(lot, f"XY{number}", 49.5, 51)
    await booking_stays.follow(session, hours(50))
    assert (await booking_rows.get_booking(booking.id)).state is DONE


async def test_a_visit_that_never_was_gives_the_booking_back(lot):
    booking = await make(lot, "AB123")
    session = await inside(booking)
    await booking_stays.follow(replace(session, state=SessionState.CANCELLED), hours(48.5))
    assert await booking_rows.get_booking(booking.id) == booking
    assert await booking_stays.find_booking(lot, "AB123", hours(48.5)) == booking


async def test_a_correction_of_another_session_is_no_matter(lot):
    booking = await make(lot, "AB123")
    session = await inside(booking)
    other = replace(session, id=session.id + 1, state=SessionState.CLOSED, exited_at=hours(49))
    await booking_stays.follow(other, hours(49))
    await booking_stays.follow(replace(other, booking_id=None), hours(49))
    assert (await booking_rows.get_booking(booking.id)).state is ARRIVED


async def test_a_session_closed_and_opened_again_by_hand_takes_its_booking_along(lot):
    clients, booking = stand_ins(), await make(lot, "AB123")
    session = await inside(booking)
    await session_corrections.close_by_hand(clients, session.id, hours(49), "it left", None, hours(50))
    assert (await booking_rows.get_booking(booking.id)).ended_at == hours(49)
    await session_corrections.reopen(clients, session.id, "it did not", None, hours(50))
    assert (await booking_rows.get_booking(booking.id)).state is ARRIVED


async def test_who_does_not_come_loses_the_place_and_owes_the_fee(lot):
    clients = stand_ins()
    booking, there = await make(lot, "AB1"), await make(lot, "AB2")
    await make(lot, "AB3", 48.5)
    await booking_stays.arrived(there.id, 1, hours(48))
    assert await booking_stays.release_no_shows(clients, SETTINGS, hours(48.99)) == 0
    assert await booking_stays.release_no_shows(clients, SETTINGS, hours(49)) == 1
    assert await booking_stays.release_no_shows(clients, SETTINGS, hours(49)) == 0
    found = await booking_rows.get_booking(booking.id)
    assert (found.state, found.fee_cents) == (NO_SHOW, 400)
    assert (await make(lot, "AB4", 49.5, 51)).place == booking.place
    assert isinstance(clients.live, MemoryLive)
    assert clients.live.announced == [f"bookings:{lot}"]


async def test_a_car_whose_picture_came_late_gets_its_booking_back_while_there_is_room(lot):
    booking = await make(lot, "AB1")
    await booking_stays.release_no_shows(stand_ins(), SETTINGS, hours(49))
    await make(lot, "AB2", 49.5, 51)
    found = await booking_stays.find_booking(lot, "AB1", hours(48.5))
    assert found is not None
    await booking_stays.arrived(found.id, 5, hours(48.5))
    again = await booking_rows.get_booking(booking.id)
    assert (again.state, again.place, again.fee_cents) == (ARRIVED, 2, 0)


async def test_a_given_up_booking_stays_so_when_every_place_went_to_others(lot):
    await make(lot, "AB1")
    await booking_stays.release_no_shows(stand_ins(), SETTINGS, hours(49))
    for number in range(3):
        await make(lot, f"XY{number}", 49.5, 51)
    assert await booking_stays.find_booking(lot, "AB1", hours(48.5)) is None


async def test_what_is_done_is_in_the_audit_log_with_plates_apart(lot):
    account = (await save_account()).id
    booking = await bookings.book(stand_ins(), Wish(lot, "AB123", hours(48), hours(52), holder="Kim"), account, NOW)
    await bookings.cancel(stand_ins(), SETTINGS, booking.id, account, hours(40))
    cancelled, made, *_ = await audit.list_entries()
    assert [(each.action, each.account_id, each.plates) for each in (made, cancelled)] == [
        ("booking.made", account, ("", "AB123")),
        ("booking.cancelled", account, ("AB123", "AB123")),
    ]
    assert "Kim" not in f"{made.after} {cancelled.after}"


async def test_many_at_once_in_one_process_get_a_place_each_and_no_more(lot):
    async def try_it(number: int) -> bool:
        try:
            await make(lot, f"AB{number}")
        except ConflictError:
            return False
        return True

    assert sum(await asyncio.gather(*(try_it(number) for number in range(8)))) == 3


async def test_of_two_processes_that_book_the_last_place_at_once_exactly_one_wins(database: Settings):
    """Each tries forty plates for times that all overlap, and there are thirteen places."""
    lot = (await save_lot()).id
    await booking_rules.set_rules(lot, RULES, 13, [], None, NOW)
    program = [sys.executable, "-W", "error", TESTS / "services" / "book_at_once.py"]
    rivals = [
        subprocess.Popen(
            [*program, database.data_dir, database.database_url, str(lot), name, "40"],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("AA", "BB")
    ]
    for rival in rivals:
        assert rival.stdout is not None
        assert await asyncio.to_thread(rival.stdout.readline) == "ready\n"
    told = await asyncio.gather(*(asyncio.to_thread(rival.communicate, "go\n") for rival in rivals))
    assert [(rival.returncode, error) for rival, (_, error) in zip(rivals, told, strict=True)] == [(0, "")] * 2
    assert sum(int(out) for out, _ in told) == 13
    now = datetime.now(NOW.tzinfo)
    assert len(await booking_rows.list_taken(lot, Span(now, now + timedelta(days=9)))) == 13
