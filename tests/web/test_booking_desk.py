"""Bookings as staff work with them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from booked import a_bookable_lot, book, handle_events, list_booked, pay
from builders import new_spots, save_camera
from drivers import save_paid_lot

from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.domain.bookings import BookingRules, BookingState, PaymentRule
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.services import booking_rules, bookings, payment_events, payment_sandbox

HERE = "/console/lots/north/bookings"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def lot(app: Any) -> Lot:
    lot = await save_paid_lot(slug="north", name="North")
    await booking_rules.set_rules(lot.id, BookingRules(cancel_free_hours=240), 2, [], None, datetime.now(UTC))
    return lot


def day(days: int) -> str:
    return (datetime.now(BERLIN) + timedelta(days=days)).date().isoformat()


def wish(days: int = 2, **given: str) -> dict[str, str]:
    usual = {"plate": "ab-123", "day": day(days), "at": "09:00", "until_day": day(days), "until": "12:00"}
    return {**usual, "holder": "Kim", "do": "book", **given}


async def only(lot: Lot) -> Any:
    ever = Span(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    (booking,) = await booking_rows.list_bookings(lot.id, ever, 0, 9)
    return booking


async def test_a_place_is_booked_listed_by_its_day_changed_and_cancelled_for_its_fee(staff, lot):
    looked = await staff.send_form(f"{HERE}/new", **wish(do="look"))
    assert (looked.status_code, "€6.00" in looked.text) == (200, True)
    answer = await staff.send_form(f"{HERE}/new", **wish())
    booking = await only(lot)
    here = f"/console/bookings/{booking.id}"
    assert answer.headers["location"] == f"{here}?done=booked"
    listed = await staff.get(f"{HERE}?day={day(2)}")
    for words in ("AB123", "09:00 – 12:00", "Any 1", "awaited", "€6.00"):
        assert words in listed.text, words
    assert "Nothing booked" in (await staff.get(f"{HERE}?day={day(3)}")).text
    answer = await staff.send_form(here, **wish(until="13:00", plate="CD456"))
    assert answer.headers["location"] == f"{here}?done=changed"
    booking = await only(lot)
    assert (booking.plate, booking.span.length, booking.price_cents) == ("CD456", timedelta(hours=4), 800)
    page = await staff.get(here)
    assert "Cancelling now costs €8.00" in page.text
    answer = await staff.send_form(here, f"{here}/cancel")
    assert answer.headers["location"] == f"{here}?done=cancelled"
    assert ((await only(lot)).state, (await only(lot)).fee_cents) == (BookingState.CANCELLED, 800)
    again = await staff.get(here)
    assert ("The fee was €8.00." in again.text, ">Change<" in again.text) == (True, False)


async def test_what_cannot_be_booked_says_why_and_keeps_what_was_typed(staff, lot):
    answer = await staff.send_form(f"{HERE}/new", **wish(-2))
    assert (answer.status_code, "It begins in the past." in answer.text) == (422, True)
    answer = await staff.send_form(f"{HERE}/new", **wish(plate="!"))
    assert "A plate has 2 to 12 letters and digits." in answer.text
    assert 'value="Kim"' in answer.text
    await staff.send_form(f"{HERE}/new", **wish())
    answer = await staff.send_form(f"{HERE}/new", **wish())
    assert (answer.status_code, "has a booking at that time already" in answer.text) == (409, True)
    await staff.send_form(f"{HERE}/new", **wish(plate="EF1"))
    answer = await staff.send_form(f"{HERE}/new", **wish(plate="EF2"))
    assert "No place is free" in answer.text


async def test_rules_and_places_are_set(staff, lot):
    here = "/console/lots/north/booking-rules"
    assert 'name="cancel_free_hours" type="number" value="240"' in (await staff.get(here)).text
    rules = {"any_places": "5", "early_minutes": "10", "no_show_minutes": "0", "cancel_free_hours": "2"}
    answer = await staff.send_form(here, **rules, cancel_fee_percent="50", payment="advance", spots="")
    assert answer.headers["location"] == f"{here}?done=set"
    assert await rule_rows.get_rules(lot.id) == BookingRules(10, 0, 2, 50, PaymentRule.ADVANCE)
    assert await rule_rows.count_places(lot.id) == 5
    answer = await staff.send_form(here, **{**rules, "any_places": "some"}, cancel_fee_percent="101", spots="Z9")
    assert (answer.status_code, "Give a whole number." in answer.text) == (422, True)
    answer = await staff.send_form(here, **rules, cancel_fee_percent="50", spots="Z9")
    assert "There is no place &#39;Z9&#39; on the map." in answer.text


async def test_more_places_than_are_drawn_are_warned_of(staff, lot):
    here = "/console/lots/north/booking-rules"
    warning = "More places can be booked (2) than are drawn (1)."
    assert warning not in (await staff.get(here)).text  # none is drawn yet
    await save_camera(lot, 1)
    assert warning in (await staff.get(here)).text
    await save_camera(lot, new_spots(1, "B"))
    assert warning not in (await staff.get(here)).text


async def test_who_sees_no_plates_changes_the_time_only(staff, without_plates, lot):
    await staff.send_form(f"{HERE}/new", **wish())
    here = f"/console/bookings/{(await only(lot)).id}"
    assert "AB123" not in (await without_plates.get(here)).text
    assert "AB123" not in (await without_plates.get(f"{HERE}?day={day(2)}")).text
    answer = await without_plates.send_form(here, **wish(until="13:00", plate=""))
    assert answer.status_code == 303
    assert ((await only(lot)).plate, (await only(lot)).span.length) == ("AB123", timedelta(hours=4))


async def test_a_refund_that_came_back_is_told_on_the_desk_and_asked_for_again(app, web_settings, staff, visitor):
    lot, clients, now = await a_bookable_lot(), app.state.clients, datetime.now(UTC)
    answer = await book(visitor, "advance")
    await pay(clients, web_settings, answer.headers["location"].rpartition("/")[2])
    (booking,) = await list_booked(lot)
    await bookings.cancel(clients, web_settings, booking.id, None, now)
    here, day_page = f"/console/bookings/{booking.id}", "/console/lots/harbour/bookings"
    assert ("Ask again" in (await staff.get(here)).text, here in (await staff.get(day_page)).text) == (False, False)
    sandbox = payment_sandbox.sandbox_of(clients)
    (made,) = [each async for each in sandbox.balance_transactions() if each.kind == "refund"]
    for event in await sandbox.fail_refund(made.source, now):
        await payment_events.receive(clients, web_settings, *payment_sandbox.signed(web_settings, event, now), now)
    await handle_events(clients, web_settings)
    assert here in (await staff.get(day_page)).text, "whatever day is shown"
    page = await staff.get(here)
    assert "€8.00 that were given back came back" in page.text
    refund = re.search(r'name="refund" value="([^"]+)"', page.text)
    assert refund is not None
    answer = await staff.send_form(here, f"{here}/refunds", refund=refund[1])
    assert answer.headers["location"] == f"{here}?done=asked"
    page = await staff.get(f"{here}?done=asked")
    assert ("was asked to give it back" in page.text, "Ask again" in page.text) == (True, False)
    again = await staff.send_form(here, f"{here}/refunds", refund=refund[1])
    assert (again.status_code, "no such refund that was refused" in again.text) == (404, True)
