"""Bookings in both databases: what is kept, and what the database itself refuses."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, after, save_lot

from parkhub.db import booking_rules, bookings
from parkhub.db.engine import fetch, transaction
from parkhub.domain.bookings import Booking, BookingRules, BookingState, Place
from parkhub.domain.local_time import Span
from parkhub.errors import BusyError, ConflictError, NotFoundError

pytestmark = pytest.mark.usefixtures("database")

RESERVED, ARRIVED, DONE, CANCELLED, NO_SHOW, EXPIRED = BookingState


def hours(start: float, end: float) -> Span:
    """So many hours after `NOW`."""
    return Span(after(start * 3600), after(end * 3600))


@pytest.fixture
async def lot() -> int:
    return (await save_lot()).id


async def keep(lot_id: int, span: Span, place: int = 1, **given) -> Booking:
    booking = Booking(lot_id, "AB123", span, place, span, **given)
    return replace(booking, id=await bookings.add_booking(booking, NOW))


async def test_a_booking_comes_back_as_it_was_kept(lot):
    kept = await keep(lot, hours(1, 3), 7, spot="A1", holder="Kim", price_cents=500, fee_cents=1, currency="EUR")
    assert await bookings.get_booking(kept.id) == kept
    with pytest.raises(NotFoundError):
        await bookings.get_booking(kept.id + 1)


OVERLAPS = {
    "the same": (hours(2, 4), True),
    "the end": (hours(3, 5), True),
    "the beginning": (hours(1, 3), True),
    "the middle": (hours(2.5, 3.5), True),
    "all of it": (hours(1, 5), True),
    "a microsecond": (Span(hours(3, 4).end - timedelta(microseconds=1), after(5 * 3600)), True),
    "up to it": (hours(1, 2), False),
    "from its end on": (hours(4, 5), False),
}


@pytest.mark.parametrize(("span", "refused"), OVERLAPS.values(), ids=OVERLAPS)
async def test_the_database_refuses_a_place_twice_at_once(lot, span, refused):
    await keep(lot, hours(2, 4))
    if not refused:
        await keep(lot, span)
        return
    with pytest.raises(ConflictError):
        await keep(lot, span)


@pytest.mark.parametrize("state", [RESERVED, ARRIVED])
async def test_it_refuses_also_when_an_over_one_comes_back_or_another_moves(lot, state):
    await keep(lot, hours(2, 4), state=state)
    over = await keep(lot, hours(3, 5), state=CANCELLED)
    elsewhere = await keep(lot, hours(2, 4), 2)
    later = await keep(lot, hours(4, 6))
    for statement, booking in (
        ("UPDATE booking SET state = 'reserved' WHERE id = {}", over),
        ("UPDATE booking SET place = 1 WHERE id = {}", elsewhere),
    ):
        with pytest.raises(ConflictError):
            await fetch(statement, booking.id)
    with pytest.raises(ConflictError):
        await fetch("UPDATE booking SET held_from = {} WHERE id = {}", after(3 * 3600), later.id)


@pytest.mark.parametrize("state", [DONE, CANCELLED, NO_SHOW])
async def test_what_is_over_holds_no_place(lot, state):
    await keep(lot, hours(2, 4), state=state)
    await keep(lot, hours(2, 4))


async def test_other_places_and_lots_are_no_matter(lot):
    await keep(lot, hours(2, 4))
    await keep(lot, hours(2, 4), 2)
    await keep((await save_lot()).id, hours(2, 4))


async def test_a_time_that_ends_before_it_begins_is_refused(lot):
    kept = await keep(lot, hours(2, 4))
    for column in ("starts_at", "held_from"):
        with pytest.raises(ConflictError):
            await fetch(f"UPDATE booking SET {column} = {{}} WHERE id = {{}}", after(4 * 3600), kept.id)


async def test_of_many_who_write_at_once_one_gets_the_place(lot):
    async def try_it(number: int) -> bool:
        try:
            async with transaction():
                await asyncio.sleep(0.01)
                await keep(lot, hours(number / 10, number / 10 + 2))
        except (ConflictError, BusyError):  # PostgreSQL may break a tie by ending one of them
            return False
        return True

    assert sum(await asyncio.gather(*(try_it(number) for number in range(8)))) == 1


async def test_bookings_of_a_time_are_listed_in_pages(lot):
    kept = [await keep(lot, hours(number, number + 1)) for number in range(4)]
    assert await bookings.list_bookings(lot, hours(1, 3), 0, 9) == kept[1:3]
    assert await bookings.list_bookings(lot, hours(0, 4), kept[0].id, 2) == kept[1:3]


async def test_a_plate_s_bookings_are_found_the_very_plate_first(lot):
    alike = await keep(lot, hours(0, 1))
    await fetch("UPDATE booking SET plate = 'A8123' WHERE id = {}", alike.id)
    own = await keep(lot, hours(1, 2))
    assert await bookings.list_of_plate(lot, "AB123", NOW, after(9 * 3600)) == [own, replace(alike, plate="A8123")]
    assert await bookings.list_of_plate(lot, "AB123", after(3600), after(9 * 3600)) == [own]
    assert await bookings.list_of_plate(lot, "AB123", NOW, after(3600)) == [replace(alike, plate="A8123")]


async def test_which_places_are_taken_and_where_cars_stand(lot):
    await keep(lot, hours(0, 1), 1, state=ARRIVED)
    own = await keep(lot, hours(1, 2), 2)
    await keep(lot, hours(1, 2), 3, state=CANCELLED)
    assert await bookings.list_taken(lot, hours(0.5, 1.5)) == {1, 2}
    assert await bookings.list_taken(lot, hours(1, 1.5)) == {2}
    assert await bookings.list_taken(lot, hours(0, 9), own.id) == {1}
    assert await bookings.list_standing(lot) == {1}


async def test_a_car_comes_once_and_its_booking_may_come_back_with_its_session(lot):
    kept = await keep(lot, hours(1, 3))
    early = hours(0.5, 3)
    assert await bookings.set_arrived(kept, 5, early.start, 4, early)
    found = await bookings.get_booking(kept.id)
    assert (found.state, found.session_id, found.arrived_at) == (ARRIVED, 5, early.start)
    assert (found.place, found.held, found.span) == (4, early, kept.span)
    assert not await bookings.set_arrived(kept, 6, early.start, 4, early)
    assert await bookings.end_booking(kept.id, ARRIVED, DONE, after(7200), 0)
    assert not await bookings.end_booking(kept.id, ARRIVED, DONE, after(7200), 0)
    assert await bookings.set_arrived(kept, 5, after(7200), 4, early)
    assert (await bookings.get_booking(kept.id)).ended_at is None


async def test_a_given_up_booking_loses_its_fee_when_its_car_comes_after_all(lot):
    kept = await keep(lot, hours(1, 3), price_cents=500)
    assert await bookings.end_booking(kept.id, RESERVED, NO_SHOW, after(7200), 500)
    assert (await bookings.get_booking(kept.id)).fee_cents == 500
    assert await bookings.set_arrived(kept, 5, after(7200), 1, hours(2, 3))
    assert (await bookings.get_booking(kept.id)).fee_cents == 0


async def test_bookings_that_have_begun_without_their_car_are_listed(lot):
    second, first = await keep(lot, hours(1, 2)), await keep(lot, hours(0, 1))
    await keep(lot, hours(0, 2), 2, state=ARRIVED)
    await keep(lot, hours(3, 4))
    assert await bookings.list_begun(after(3600), 9) == [first, second]


async def test_rules_are_the_defaults_until_they_are_set(lot):
    assert await booking_rules.get_rules(lot) == BookingRules()
    for rules in (BookingRules(1, 2, 3, 4), BookingRules(0, 0, 0, 0)):
        await booking_rules.save_rules(lot, rules)
        assert await booking_rules.get_rules(lot) == rules


async def test_places_are_replaced(lot):
    other = (await save_lot()).id
    before: list[Place] = []
    for wanted in ([Place(1), Place(2, "A1")], [Place(2, "A1"), Place(3)], []):
        async with transaction():
            await booking_rules.replace_places(lot, before, wanted)
        before = wanted
        assert await booking_rules.list_places(lot) == wanted
    async with transaction():
        await booking_rules.replace_places(other, [], [Place(1, "A1")])
    for number, spot in ((1, ""), (9, "A1")):
        with pytest.raises(ConflictError):
            await fetch("INSERT INTO bookable_place (lot, number, spot) VALUES ({}, {}, {})", other, number, spot)
