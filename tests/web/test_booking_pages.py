"""Choosing a time and booking it, as a browser without scripts does."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

from booked import BOOK, EMAIL, PLATE, ZONE, a_bookable_lot, book, list_booked, times
from builders import save_lot
from litestar import Litestar
from visitors import Visitor

from parkhub.db.engine import fetch
from parkhub.domain.bookings import BookingRules, BookingState, Paying, PaymentRule
from parkhub.services import bookings
from parkhub.services.bookings import Wish


async def fill(app: Litestar, lot_id: int, count: int, hours: tuple[int, int] = (8, 12)) -> None:
    """Take places on the day that `times` means."""
    day = (datetime.now(ZONE) + timedelta(days=3)).replace(hour=hours[0], minute=0, second=0, microsecond=0)
    end = day + timedelta(hours=hours[1] - hours[0])
    for number in range(count):
        wish = Wish(lot_id, f"XY{number}", day.astimezone(UTC), end.astimezone(UTC))
        await bookings.book(app.state.clients, wish, None, datetime.now(UTC))


async def test_the_lots_page_leads_to_bookings_only_where_there_are_any(visitor: Visitor) -> None:
    await a_bookable_lot()
    await save_lot(slug="meadow")
    assert f'href="{BOOK}"' in (await visitor.get("/lots/harbour")).text
    assert "/book" not in (await visitor.get("/lots/meadow")).text
    answer = await visitor.get("/lots/meadow/book")
    assert (answer.status_code, "takes no bookings" in answer.text) == (200, True)
    assert (await visitor.get("/lots/nowhere/book")).status_code == 404


async def test_a_time_is_told_with_its_price_line_by_line_and_the_places_left(visitor: Visitor, app: Litestar) -> None:
    lot = await a_bookable_lot()
    await fill(app, lot.id, 1)
    answer = await visitor.get(BOOK, params=times())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    for words in (
        "4 hours started at €2.00",
        "€8.00",
        "of which 19% tax",
        "3 places left",
        "Cancel free of charge until",
    ):
        assert words in answer.text
    assert re.search(r'name="how" value="advance">Book and pay €8.00', answer.text)


async def test_a_time_that_cannot_be_says_why(visitor: Visitor) -> None:
    await a_bookable_lot()
    for fields, words in (
        ({"day": "soon"}, "Say when you come"),
        ({"until": ""}, "Say when you leave"),
        ({"until": "07:00"}, "It ends before it begins."),
        (times(-2), "It begins in the past."),
        (times(400), "Book at most 366 days ahead."),
    ):
        answer = await visitor.get(BOOK, params={**times(), **fields})
        assert (answer.status_code, words in answer.text) == (200, True)


async def test_a_full_time_offers_the_nearest_others(visitor: Visitor, app: Litestar) -> None:
    lot = await a_bookable_lot(1)
    await fill(app, lot.id, 1)
    answer = await visitor.get(BOOK, params=times())
    assert "No place is left for this time." in answer.text
    offered = re.findall(r"at=([\d%A]+)&amp;until_day=[\d-]+&amp;until=([\d%A]+)", answer.text.split('id="offer"')[1])
    assert offered == [("04%3A00", "08%3A00"), ("12%3A00", "16%3A00"), ("12%3A30", "16%3A30")]
    refused = await book(visitor)
    assert (refused.status_code, "just taken the last place" in refused.text) == (409, True)


async def test_a_reservation_is_kept_under_an_address_nobody_can_guess_and_told_by_letter(visitor: Visitor) -> None:
    lot = await a_bookable_lot()
    answer = await book(visitor, plate="pkh 4827", email=" Kim@Example.org ")
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert re.fullmatch(r"/bookings/[\w-]{24}", where)
    (booking,) = await list_booked(lot)
    assert (booking.plate, booking.email, booking.paying, booking.state) == (
        PLATE,
        EMAIL,
        Paying.ON_SITE,
        BookingState.RESERVED,
    )
    (letter,) = await fetch("SELECT name, address FROM letter")
    assert (letter["name"], letter["address"]) == ("booking", EMAIL)
    page = await visitor.get(where)
    assert PLATE in page.text
    assert PLATE not in where + re.search("<title>(.*)</title>", page.text)[1]  # type: ignore[index]


async def test_who_pays_in_advance_goes_to_the_payment_with_the_place_held(visitor: Visitor) -> None:
    lot = await a_bookable_lot()
    answer = await book(visitor, "advance")
    assert (answer.status_code, answer.headers["location"].startswith("/sandbox/checkouts/")) == (303, True)
    (booking,) = await list_booked(lot)
    assert booking.hold_until is not None
    assert await fetch("SELECT id FROM letter") == []


async def test_sent_twice_it_is_booked_once(visitor: Visitor) -> None:
    lot = await a_bookable_lot()
    first = await book(visitor, key="k" * 24)
    again = await book(visitor, key="k" * 24)
    assert first.headers["location"] == again.headers["location"]
    assert len(await list_booked(lot)) == 1


async def test_who_sends_the_form_for_the_last_place_several_times_at_once_has_it_once(visitor: Visitor) -> None:
    lot = await a_bookable_lot(places=1)
    answers = await asyncio.gather(*(book(visitor, key="k" * 24) for _ in range(4)))
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, "/bookings/" + "k" * 24)}
    assert len(await list_booked(lot)) == 1


async def test_what_is_typed_wrong_is_said_beside_the_field_and_nothing_is_lost(visitor: Visitor) -> None:
    await a_bookable_lot()
    answer = await book(visitor, plate="?", email="kim")
    assert answer.status_code == 422
    for words in ("A plate has 2 to 12 letters and digits.", "Type the e-mail address", 'value="kim"', "Book and pay"):
        assert words in answer.text


async def test_nobody_books_dearer_than_the_button_said(visitor: Visitor) -> None:
    await a_bookable_lot()
    answer = await book(visitor, shown="100")
    assert (answer.status_code, "The price has risen" in answer.text) == (409, True)


async def test_a_stranger_is_answered_alike_whether_a_plate_has_a_booking_or_not(visitor: Visitor) -> None:
    lot = await a_bookable_lot()
    assert (await book(visitor)).status_code == 303
    assert (await book(visitor, email="stranger@example.org")).status_code == 303
    assert len(await list_booked(lot)) == 2


async def test_a_lot_that_wants_it_paid_in_advance_offers_nothing_else(visitor: Visitor) -> None:
    await a_bookable_lot(rules=BookingRules(payment=PaymentRule.ADVANCE))
    page = await visitor.get(BOOK, params=times())
    assert ('value="advance"' in page.text, 'value="on_site"' in page.text) == (True, False)
    answer = await book(visitor, "on_site")
    assert (answer.status_code, "not paid that way" in answer.text) == (422, True)


async def test_who_reserves_again_and_again_has_to_wait(visitor: Visitor) -> None:
    await a_bookable_lot(40)
    for number in range(5):
        assert (await book(visitor, plate=f"AB{number}", email=f"kim{number}@example.org")).status_code == 303
    answer = await book(visitor, plate="AB9", email="kim9@example.org")
    assert (answer.status_code, "tried too often" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) > 0
