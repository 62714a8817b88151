"""What a patrol is told, in both databases."""

from datetime import UTC, date, datetime

import pytest
from builders import NOW, after, save_lot, save_permit, save_session, stand_ins
from structlog.testing import capture_logs

from parkhub.db import tariffs as tariff_rows
from parkhub.domain.bookings import BookingRules
from parkhub.domain.enforcement import Verdict
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.weekly_times import parse_times
from parkhub.errors import FieldsError, TooOftenError
from parkhub.services import booking_rules, booking_stays, bookings, payments, permits
from parkhub.services.bookings import Wish
from parkhub.services.enforcement import LOOK_UPS_MAX, look_up

TARIFF = """
currency: EUR
bands: [{name: Day, rate: {type: per_started, minutes: 60, price: "2.00"}}]
exit_grace_minutes: 10
"""

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> Lot:
    """In Berlin, two euros an hour, ten minutes to leave."""
    lot = await save_lot()
    await tariff_rows.add_version(lot.id, None, TARIFF, after(-9999), None, NOW)
    return lot


async def ask(lot: Lot, at: datetime = NOW, plate: str = "AB-123") -> Verdict:
    return await look_up(stand_ins(), 1, lot, plate, at, at)


async def test_an_unknown_plate_may_not_stand_there(lot):
    assert await ask(lot) == Verdict(False)


async def test_a_paid_stay_may_until_its_grace_is_over_and_stays_visible_for_a_while(lot):
    version = await tariff_rows.find_in_force(lot.id, None, NOW)
    assert version is not None
    session = await save_session(lot.id, tariff_id=version.id)
    assert await ask(lot, after(1800)) == Verdict(False)
    await payments.pay(session.id, 200, Account.CASH, "till-1", after(1800))
    assert await ask(lot, after(1900)) == Verdict(True, after(2400))
    later = await ask(lot, after(7200 + 1))
    assert not later.allowed


async def test_a_permit_allows_until_it_ends_and_stays_visible_for_a_while(lot):
    await save_permit(lot.id, times=parse_times("sat 09:00-12:00"))
    assert await ask(lot, NOW) == Verdict(True, after(3600))
    assert await ask(lot, after(3600 + 14 * 60)) == Verdict(False, after(3600))
    assert await ask(lot, after(3600 + 15 * 60)) == Verdict(False)
    assert await ask(lot, after(-3 * 3600)) == Verdict(False)


@pytest.mark.parametrize(("until", "end"), [(None, None), (date(2026, 11, 30), datetime(2026, 11, 30, 23, tzinfo=UTC))])
async def test_a_permit_at_all_times_allows_for_as_long_as_it_is_valid(lot, until, end):
    await save_permit(lot.id, valid_until=until)
    assert await ask(lot) == Verdict(True, end)


async def test_a_paused_or_a_full_permit_allows_nothing(lot):
    await save_permit(lot.id, paused=True)
    full = await save_permit(lot.id, "AB123", "XY99")
    await save_session(lot.id, "XY99", permit_id=full.id, right="permit")
    assert await ask(lot) == Verdict(False)
    assert (await ask(lot, plate="XY99")).allowed


async def test_the_allow_list_allows_until_its_end(lot):
    await permits.list_plate(ListedPlate(PlateList.ALLOW, "AB123", None, "Fire brigade"), None, NOW)
    await permits.list_plate(ListedPlate(PlateList.ALLOW, "XY99", lot.id, "Guest", after(60)), None, NOW)
    assert await ask(lot) == Verdict(True)
    assert await ask(lot, plate="XY99") == Verdict(True, after(60))
    assert await ask(lot, after(61), plate="XY99") == Verdict(False, after(60))


async def test_a_booking_allows_from_a_little_early_to_its_end(lot):
    await booking_rules.set_rules(lot.id, BookingRules(early_minutes=30, no_show_minutes=60), 1, [], None, NOW)
    booking = await bookings.book(stand_ins(), Wish(lot.id, "AB123", after(3600), after(3 * 3600)), None, NOW)
    assert await ask(lot, after(1799)) == Verdict(False)
    assert await ask(lot, after(1800)) == Verdict(True, after(3 * 3600))
    assert await ask(lot, after(2 * 3600)) == Verdict(False)
    await booking_stays.arrived(booking.id, 1, after(3600))
    assert await ask(lot, after(2 * 3600)) == Verdict(True, after(3 * 3600))
    assert await ask(lot, after(3 * 3600 + 60)) == Verdict(False, after(3 * 3600))
    assert await ask(lot, after(4 * 3600)) == Verdict(False)


async def test_another_lot_s_rights_are_no_matter(lot):
    await save_permit((await save_lot()).id)
    assert await ask(lot) == Verdict(False)


async def test_a_plate_that_looks_alike_is_a_hint_and_no_allowance(lot):
    await save_permit(lot.id, "A8123")
    assert await ask(lot) == Verdict(False, None, "A8123")
    await save_permit(lot.id, "AO9", paused=True)
    assert await ask(lot, plate="A09") == Verdict(False)


@pytest.mark.parametrize("kind", ["session", "booking", "list"])
async def test_hints_come_from_all_that_allows(lot, kind):
    if kind == "session":
        await save_session(lot.id, "A8123")
    elif kind == "booking":
        await booking_rules.set_rules(lot.id, BookingRules(), 1, [], None, NOW)
        await bookings.book(stand_ins(), Wish(lot.id, "A8123", NOW, after(3600)), None, NOW)
    else:
        await permits.list_plate(ListedPlate(PlateList.ALLOW, "A8123", None, "Guest"), None, NOW)
    assert (await ask(lot)).look_alike == "A8123"


@pytest.mark.parametrize(
    ("plate", "seconds", "field"),
    [("?", 0, "registration_number"), ("AB123", -86401, "time"), ("AB123", 301, "time")],
    ids=["no plate", "long ago", "ahead"],
)
async def test_what_cannot_be_asked_is_told_by_field(lot, plate, seconds, field):
    with pytest.raises(FieldsError) as refused:
        await look_up(stand_ins(), 1, lot, plate, after(seconds), NOW)
    assert list(refused.value.fields) == [field]


async def test_nobody_can_try_all_plates_and_none_is_logged(lot):
    clients = stand_ins()
    with capture_logs() as logged:
        for _ in range(LOOK_UPS_MAX):
            await look_up(clients, 1, lot, "AB123", NOW, NOW)
    with pytest.raises(TooOftenError):
        await look_up(clients, 1, lot, "AB123", NOW, NOW)
    await look_up(clients, 2, lot, "AB123", NOW, NOW)
    assert [line["event"] for line in logged] == ["enforcement.looked_up"] * LOOK_UPS_MAX
    assert "AB123" not in str(logged)
