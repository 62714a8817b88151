"""A lot's rules for bookings and its places that can be booked, in both databases."""

from dataclasses import replace

import pytest
from builders import NOW, after, save_account, save_camera, save_lot, stand_ins

from parkhub.db import booking_rules as rule_rows
from parkhub.domain.bookings import BookingRules, Place
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import audit, booking_rules, bookings
from parkhub.services.bookings import Wish

RULES = BookingRules(early_minutes=30, no_show_minutes=60, cancel_free_hours=24, cancel_fee_percent=50)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    """A lot with two places for anybody, and A1."""
    lot = await save_lot()
    await save_camera(lot, spots_seen=3)
    await booking_rules.set_rules(lot.id, RULES, 2, ["A1"], None, NOW)
    return lot.id


async def make(lot_id: int, plate: str) -> None:
    await bookings.book(stand_ins(), Wish(lot_id, plate, after(3600), after(7200)), None, NOW)


async def test_places_and_rules_are_set_and_noted(lot):
    account = (await save_account()).id
    places = await booking_rules.set_rules(lot, replace(RULES, early_minutes=0), 1, ["A1", "A3"], account, NOW)
    assert places == [Place(1), Place(3, "A1"), Place(4, "A3")]
    assert await rule_rows.list_places(lot) == places
    assert (await rule_rows.get_rules(lot)).early_minutes == 0
    (entry, *_) = await audit.list_entries()
    assert entry.before is not None
    assert (entry.action, entry.account_id) == ("booking.rules_set", account)
    assert (entry.before["early_minutes"], entry.before["any_places"], entry.before["spots"]) == (30, 2, ["A1"])


async def test_a_booked_place_does_not_go(lot):
    await make(lot, "AB1")
    await make(lot, "AB2")
    with pytest.raises(ConflictError, match="booked"):
        await booking_rules.set_rules(lot, RULES, 1, ["A1"], None, NOW)
    await booking_rules.set_rules(lot, RULES, 2, [], None, NOW)


async def test_wrong_rules_and_unknown_places_are_told_by_field(lot):
    with pytest.raises(FieldsError) as refused:
        await booking_rules.set_rules(lot, replace(RULES, cancel_fee_percent=101), -1, ["Z9"], None, NOW)
    assert set(refused.value.fields) == {"cancel_fee_percent", "any_places", "spots"}
