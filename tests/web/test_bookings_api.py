"""Bookings for programs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from booked import pay
from builders import NOW, save_camera, save_lot
from visitors import Desk, Visitor, token_of

from parkhub.db import tariffs as tariff_rows
from parkhub.domain.bookings import Paying
from parkhub.domain.lots import Lot
from parkhub.services import booking_checkouts, bookings
from parkhub.services.bookings import Wish

TARIFF = (
    'currency: EUR\nbands: [{name: Day, rate: {type: per_started, minutes: 60, price: "2.00"}}]\ntax: {percent: 25}\n'
)
RULES = {"any_places": 1, "spots": ["A1"], "cancel_free_hours": 24, "cancel_fee_percent": 50}


BEGIN = datetime.now(UTC)


def at(hours: float) -> str:
    return (BEGIN + timedelta(hours=hours)).isoformat()


async def book(desk: Desk, plate: str = "AB-123", start: float = 48, end: float = 50, **more: Any) -> httpx.Response:
    return await desk.ask("POST", "/lots/north/bookings", {"plate": plate, "from": at(start), "until": at(end), **more})


@pytest.fixture
async def lot(app: Any) -> Lot:
    lot = await save_lot(slug="north")
    await save_camera(lot, spots_seen=2)
    await tariff_rows.add_version(lot.id, None, TARIFF, NOW - timedelta(days=9999), None, NOW)
    return lot


@pytest.fixture
async def desk(staff: Visitor, lot: Lot) -> Desk:
    desk = Desk(staff, token_of(await staff.get("/console/lots/new")))
    answer = await desk.ask("PUT", "/lots/north/booking-rules", RULES)
    assert answer.status_code == 200, answer.text
    return desk


async def test_rules_and_places_are_set(desk):
    assert await desk.get("/lots/north/booking-rules") == {
        **RULES,
        "early_minutes": 30,
        "no_show_minutes": 60,
        "payment": "either",
    }
    for wrong, status in (
        ({"any_places": -1}, 422),
        ({"any_places": 10**12}, 422),
        ({"any_places": 1, "spots": ["Z9"]}, 422),
        ({"any_places": 1, "early_minutes": 10**12}, 422),
        ({}, 400),
    ):
        assert (await desk.ask("PUT", "/lots/north/booking-rules", wrong)).status_code == status


async def test_a_place_is_booked_shown_and_cancelled(desk):
    start, end = at(48), at(50)
    answer = await desk.ask(
        "POST", "/lots/north/bookings", {"plate": "ab 123", "from": start, "until": end, "spot": "A1", "holder": "Kim"}
    )
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert [datetime.fromisoformat(kept[name]) for name in ("from", "until")] == [
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
    ]
    assert {name: kept[name] for name in kept if name not in ("id", "from", "until")} == {
        "lot": "north",
        "plate": "AB123",
        "place": 2,
        "spot": "A1",
        "holder": "Kim",
        "state": "reserved",
        "session": None,
        "arrived_at": None,
        "ended_at": None,
        "price_cents": 400,
        "fee_cents": 0,
        "currency": "EUR",
        "payment": "",
        "hold_until": None,
        "held_cents": 0,
    }
    assert await desk.get(f"/bookings/{kept['id']}") == kept
    assert (await desk.get("/lots/north/bookings"))["items"] == [kept]
    cancelled = await desk.ask("POST", f"/bookings/{kept['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"], cancelled.json()["fee_cents"]) == (200, "cancelled", 0)


async def test_what_was_paid_for_a_booking_is_told_and_given_back(desk, app, web_settings, lot):
    clients, now = app.state.clients, datetime.now(UTC)
    start = now + timedelta(days=3)
    wish = Wish(lot.id, "AB123", start, start + timedelta(hours=2), paying=Paying.ADVANCE, email="kim@example.org")
    booking = await bookings.book(clients, wish, None, now)
    checkout = await booking_checkouts.start_checkout(clients, web_settings, booking.id, now)
    await pay(clients, web_settings, checkout.url.rpartition("/")[2])
    kept = await desk.get(f"/bookings/{booking.id}")
    assert (kept["payment"], kept["hold_until"], kept["held_cents"]) == ("advance", None, 400)
    (item,) = (await desk.get(f"/bookings/{booking.id}/quotes"))["items"]
    assert (item["session_id"], item["paid_cents"], item["refunded_cents"]) == (None, 400, 0)
    refund = {"amount_cents": 100, "reason": "the place was too small", "uid": "refund-of-the-booking"}
    answer = await desk.ask("POST", f"/payments/{item['id']}/refunds", refund)
    assert answer.json()["refunded_cents"] == 100, answer.text
    assert (await desk.get(f"/bookings/{booking.id}"))["held_cents"] == 300


async def test_cancelling_late_costs(desk):
    kept = (await book(desk, start=2, end=4)).json()
    assert (await desk.ask("POST", f"/bookings/{kept['id']}/cancel")).json()["fee_cents"] == 200


async def test_bookings_are_listed_by_time_in_pages(desk):
    kept = [(await book(desk, f"AB{number}", 48 + number, 49 + number)).json()["id"] for number in range(3)]
    page = await desk.get("/lots/north/bookings", limit=2)
    assert ([item["id"] for item in page["items"]], page["next"]) == (kept[:2], kept[1])
    page = await desk.get("/lots/north/bookings", after=kept[1])
    assert [item["id"] for item in page["items"]] == kept[2:]
    page = await desk.get("/lots/north/bookings", since=at(50.5))
    assert [item["id"] for item in page["items"]] == kept[2:]


async def test_a_booked_time_has_a_price_line_by_line(desk):
    price = await desk.get("/lots/north/booking-price", **{"from": at(48), "until": at(50)})
    assert (price["net_cents"], price["tax_cents"], price["gross_cents"]) == (320, 80, 400)
    assert price["lines"] == [{"text": "Day: 2 h at 2.00", "amount_cents": 400}]
    await save_lot(slug="free")
    answer = await desk.ask("GET", "/lots/free/booking-price", **{"from": at(48), "until": at(50)})
    assert (answer.status_code, answer.json()) == (200, None)


@pytest.mark.parametrize(("start", "end"), [(48, 47), (0, 9999)], ids=["backwards", "for too long"])
async def test_a_time_that_cannot_be_has_none(desk, start, end):
    answer = await desk.ask("GET", "/lots/north/booking-price", **{"from": at(start), "until": at(end)})
    assert answer.status_code == 422


async def test_what_cannot_be_booked_is_refused(desk):
    assert (await book(desk)).status_code == 201
    again, other, full = await book(desk), await book(desk, "AB2"), await book(desk, "AB3")
    assert (again.status_code, other.status_code, full.status_code) == (409, 201, 409)
    assert full.json()["detail"] == "No place is free for the whole of this time."
    assert (await book(desk, "AB4", -1, 2)).status_code == 422
    assert (await book(desk, "AB4", spot="A2")).status_code == 422
    assert (await desk.ask("POST", "/lots/south/bookings", {})).status_code == 400
    assert (await desk.ask("POST", "/bookings/999/cancel")).status_code == 404


async def test_strangers_and_other_sites_are_turned_away(desk, program, staff):
    kept = (await book(desk)).json()["id"]
    for path in (f"/bookings/{kept}", "/lots/north/bookings", "/lots/north/booking-rules"):
        assert (await program.get(f"/api/v1{path}")).status_code == 401
    assert (await staff.post(f"/api/v1/bookings/{kept}/cancel")).status_code == 403
    assert (await desk.get(f"/bookings/{kept}"))["state"] == "reserved"


async def test_it_stands_in_the_description_of_the_interface(staff):
    found = (await staff.get("/schema/openapi.json")).json()
    assert {"/api/v1/lots/{slug}/bookings", "/api/v1/bookings/{booking_id}/cancel"} <= set(found["paths"])
    assert {"from", "until"} <= set(found["components"]["schemas"]["BookingForm"]["properties"])
