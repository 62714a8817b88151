"""A booking's own page: paid, changed, cancelled, taken to the calendar."""

import re
from datetime import UTC, datetime, timedelta

from booked import PLATE, a_bookable_lot, book, list_booked, pay, send, times
from icalendar import Calendar
from litestar import Litestar
from visitors import Visitor

from parkhub.db import bookings as booking_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db.engine import transaction
from parkhub.db.sessions import lock_lot
from parkhub.domain.bookings import BookingRules, BookingState
from parkhub.domain.lots import Lot
from parkhub.services import booking_checkouts, booking_refunds, bookings
from parkhub.settings import Settings


async def reserved(visitor: Visitor, **given: str) -> str:
    """A reservation to be paid on site; the path of its page."""
    answer = await book(visitor, **given)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def held(visitor: Visitor, lot: Lot) -> tuple[str, str]:
    """A place held for who pays; the path of its page, and the checkout's name."""
    answer = await book(visitor, "advance")
    booking = (await list_booked(lot))[-1]
    return f"/bookings/{booking.public_id}", answer.headers["location"].rpartition("/")[2]


async def paid(visitor: Visitor, lot: Lot, app: Litestar, settings: Settings) -> str:
    """A booking that is paid; the path of its page."""
    where, name = await held(visitor, lot)
    await pay(app.state.clients, settings, name)
    return where


async def test_an_address_that_is_none_is_told_so(visitor: Visitor) -> None:
    answer = await visitor.get("/bookings/none")
    assert (answer.status_code, "none of ours" in answer.text) == (404, True)


async def test_a_held_place_is_shown_with_the_way_to_pay_and_then_as_paid_with_its_receipt(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    lot = await a_bookable_lot()
    where, name = await held(visitor, lot)
    page = await visitor.get(where)
    assert page.headers["cache-control"] == "no-store"
    assert "Pay to keep your place" in page.text
    assert (await send(visitor, f"{where}/pay")).headers["location"].endswith(name)
    assert "Waiting for the payment" in (await visitor.get(f"{where}?back=1")).text
    await pay(app.state.clients, web_settings, name)
    page = await visitor.get(f"{where}?back=1")
    assert "Booked and paid" in page.text
    receipt = await visitor.get(re.search(r'href="(/receipts/[\w-]+)"', page.text)[1])  # type: ignore[index]
    assert "Booked from" in receipt.text
    assert "4 hours started at €2.00" in receipt.text
    assert PLATE not in receipt.text


async def test_the_checkout_of_a_booking_leads_to_its_page(visitor: Visitor) -> None:
    lot = await a_bookable_lot()
    where, _ = await held(visitor, lot)
    (payment,) = await payment_rows.list_of_booking((await list_booked(lot))[-1].id)
    quote = await quote_rows.get_quote(payment.quote_id)
    assert (await visitor.get(f"/pay/checkouts/{quote.public_id}")).headers["location"] == where


async def test_a_reservation_can_be_paid_later(visitor: Visitor) -> None:
    await a_bookable_lot()
    where = await reserved(visitor)
    page = await visitor.get(where)
    assert "You pay €8.00 before you leave." in page.text
    assert "Pay €8.00 now" in page.text
    assert (await send(visitor, f"{where}/pay")).status_code == 303


async def test_cancelling_tells_first_what_it_costs_and_then_what_it_gave_back(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    lot = await a_bookable_lot(rules=BookingRules(cancel_fee_percent=50, cancel_free_hours=24 * 9))
    where = await paid(visitor, lot, app, web_settings)
    page = await visitor.get(f"{where}/cancel")
    assert "Cancel for €4.00" in page.text
    assert (await send(visitor, f"{where}/cancel")).headers["location"] == where
    page = await visitor.get(where)
    for words in ("Cancelled", "Cancelling this late has cost €4.00.", "Given back"):
        assert words in page.text
    assert "It cannot be cancelled any more" in (await visitor.get(f"{where}/cancel")).text


async def test_the_plate_is_changed_at_once(visitor: Visitor) -> None:
    await a_bookable_lot()
    where = await reserved(visitor)
    answer = await send(visitor, f"{where}/change", **times(), plate="cd 456")
    assert answer.headers["location"] == where
    assert "CD456" in (await visitor.get(where)).text


async def test_a_dearer_time_tells_its_price_and_is_had_when_the_difference_is_paid(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    lot = await a_bookable_lot()
    where = await paid(visitor, lot, app, web_settings)
    longer = {**times(end="14:00"), "plate": PLATE}
    shown = await send(visitor, f"{where}/change", **longer, do="look")
    assert "Pay €4.00 and change" in shown.text
    answer = await send(visitor, f"{where}/change", **longer)
    await pay(app.state.clients, web_settings, answer.headers["location"].rpartition("/")[2])
    page = await visitor.get(where)
    assert ("14:00" in page.text, "€12.00" in page.text) == (True, True)


async def test_a_cheaper_time_says_what_is_given_back(visitor: Visitor, app: Litestar, web_settings: Settings) -> None:
    lot = await a_bookable_lot()
    where = await paid(visitor, lot, app, web_settings)
    shorter = {**times(end="11:00"), "plate": PLATE}
    assert "€2.00 is given back." in (await send(visitor, f"{where}/change", **shorter, do="look")).text
    await send(visitor, f"{where}/change", **shorter)
    booking = (await list_booked(lot))[-1]
    assert (booking.price_cents, booking.changes) == (600, 1)


async def test_a_change_that_cannot_be_says_why(visitor: Visitor) -> None:
    await a_bookable_lot(rules=BookingRules(cancel_free_hours=24 * 9))
    where = await reserved(visitor)
    for fields, status, words in (
        ({**times(), "plate": "?"}, 422, "A plate has"),
        ({**times(end="07:00"), "plate": PLATE}, 422, "It ends before it begins."),
        ({**times(days=5), "plate": PLATE}, 422, "It is too late to move the beginning."),
    ):
        answer = await send(visitor, f"{where}/change", **fields)
        assert (answer.status_code, words in answer.text) == (status, True)


async def test_the_calendar_file_is_one_event_by_the_lots_clock_that_goes_with_every_change(visitor: Visitor) -> None:
    await a_bookable_lot()
    where = await reserved(visitor)

    async def event() -> tuple[str, dict[str, object]]:
        answer = await visitor.get(f"{where}/calendar.ics")
        assert answer.headers["content-type"].startswith("text/calendar")
        calendar = Calendar.from_ical(answer.content)
        (found,) = calendar.walk("VEVENT")
        assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
        return str(calendar["METHOD"]), found

    method, first = await event()
    start = first["DTSTART"].dt  # type: ignore[attr-defined]
    assert (method, start.hour, str(start.tzinfo), first["SEQUENCE"]) == ("PUBLISH", 8, "Europe/Berlin", 0)
    assert PLATE not in str(first)
    await send(visitor, f"{where}/change", **times(end="13:00"), plate=PLATE)
    _, second = await event()
    assert (second["UID"], second["SEQUENCE"], second["DTEND"].dt.hour) == (first["UID"], 1, 13)  # type: ignore[attr-defined]
    await send(visitor, f"{where}/cancel")
    method, third = await event()
    assert (method, third["UID"], third["STATUS"], third["SEQUENCE"]) == ("CANCEL", first["UID"], "CANCELLED", 2)


async def test_every_state_has_words_of_its_own(visitor: Visitor, app: Litestar, web_settings: Settings) -> None:
    lot, now = await a_bookable_lot(), datetime.now(UTC)
    where, _ = await held(visitor, lot)
    assert await booking_checkouts.expire_unpaid(app.state.clients, now + timedelta(hours=1)) == 1
    assert "The time to pay is over" in (await visitor.get(where)).text
    where = await reserved(visitor)
    booking = (await list_booked(lot))[-1]
    for state, words in (
        (BookingState.NO_SHOW, "Your place was given up"),
        (BookingState.DONE, "This booking is over"),
    ):
        async with transaction():
            await lock_lot(lot.id)
            found = await booking_rows.get_booking(booking.id)
            await bookings.end(found, state, 0, None, now)
        assert words in (await visitor.get(where)).text
    await booking_refunds.give_back_overpaid(app.state.clients, web_settings, now)
