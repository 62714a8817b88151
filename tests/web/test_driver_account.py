"""A driver's account over HTTP: vehicles, stays, receipts, settings, what one takes along and what is deleted."""

from datetime import UTC, datetime, timedelta

import pytest
from accounts_of_drivers import DRIVER, enter, letters, the_link
from drivers import PLATE, save_paid_lot, save_stay
from litestar import Litestar
from paying import SETTINGS
from visitors import Desk, Visitor, token_of, visit

from parkhub.clients import Clients
from parkhub.db import drivers as rows
from parkhub.db import stripe_events
from parkhub.db.engine import fetch
from parkhub.domain.lots import Lot
from parkhub.domain.stay_tokens import make_token
from parkhub.secret_key import secret_key
from parkhub.services import checkouts, payment_events

SECRET = "correct horse battery"


@pytest.fixture
async def lot(app: Litestar) -> Lot:
    return await save_paid_lot(slug="harbour", name="Harbour Street")


async def a_receipt(visitor: Visitor, app: Litestar, lot: Lot, email: str = "") -> tuple[str, str]:
    """Somebody parks and pays: the receipt's id and the stay's ticket."""
    clients: Clients = app.state.clients
    stay, now = await save_stay(lot), datetime.now(UTC)
    checkout = await checkouts.start_checkout(clients, app.state.settings, stay.id, email, now)
    await visitor.send_form(checkout.url, way="succeeds")
    for event_id in await stripe_events.list_due(now + timedelta(hours=1), 100):
        await payment_events.handle(clients, SETTINGS, event_id, datetime.now(UTC))
    receipt_id = (await checkouts.find_checkout(checkout.id)).receipt_id
    assert receipt_id is not None
    return receipt_id, stay.ticket


async def test_who_is_not_signed_in_is_sent_to_the_drivers_sign_in_and_back(visitor: Visitor) -> None:
    answer = await visitor.get("/account/receipts/abc")
    assert answer.headers["location"] == "/account/sign-in?next=/account/receipts/abc"
    assert (await visitor.get("/account/data.json")).status_code == 303


async def test_a_receipt_comes_into_the_account_by_its_address(
    visitor: Visitor, driver: Visitor, app: Litestar, lot: Lot
) -> None:
    receipt_id, _ = await a_receipt(visitor, app, lot)
    shown = await driver.get(f"/account/receipts/{receipt_id}")
    assert "Harbour Street" in shown.text
    assert (await driver.send_form(f"/account/receipts/{receipt_id}")).headers["location"] == "/account"
    account = await driver.get("/account")
    assert f"/receipts/{receipt_id}" in account.text
    assert account.headers["cache-control"] == "no-store"
    assert (await driver.get("/account/receipts/nothing-of-the-kind-here")).status_code == 404


async def test_a_receipts_address_proves_the_plate_and_a_wrong_one_says_no_more_than_a_wrong_plate(
    visitor: Visitor, driver: Visitor, app: Litestar, lot: Lot
) -> None:
    receipt_id, _ = await a_receipt(visitor, app, lot)
    address = f"https://park.example.org/receipts/{receipt_id}/pdf"
    wrong_plate = await driver.send_form("/account", "/account/vehicles", plate="PKH4828", code=address)
    wrong_code = await driver.send_form("/account", "/account/vehicles", plate=PLATE, code="A" * 24)
    assert wrong_plate.status_code == wrong_code.status_code == 422
    for answer in (wrong_plate, wrong_code):
        assert "This code does not fit this plate" in answer.text
    right = await driver.send_form("/account", "/account/vehicles", plate=PLATE, code=address)
    assert right.headers["location"] == "/account"
    assert PLATE in (await driver.get("/account")).text


async def test_a_vehicle_is_removed_by_its_driver_only(driver: Visitor, app: Litestar, lot: Lot) -> None:
    await driver.send_form("/account", "/account/vehicles", plate=PLATE, code=(await save_stay(lot)).ticket)
    vehicle = (await fetch("SELECT id FROM driver_vehicle"))[0]["id"]
    async with visit(app) as other:
        await enter(other, "eva@example.org")
        answer = await other.send_form("/account", f"/account/vehicles/{vehicle}/remove")
        assert answer.status_code == 404
    answer = await driver.send_form("/account", f"/account/vehicles/{vehicle}/remove")
    assert answer.headers["location"] == "/account"
    assert await fetch("SELECT id FROM driver_vehicle") == []


async def test_a_password_is_long_enough_and_changed_by_who_knows_it(driver: Visitor, app: Litestar) -> None:
    async def change(**fields: str) -> int:
        return (await driver.send_form("/account/settings", "/account/password", **fields)).status_code

    assert await change(new="too short") == 422
    assert await change(new=DRIVER) == 422
    assert await change(new=SECRET) == 200
    assert await change(new="another good one") == 422
    assert await change(new="another good one", password="a wrong one") == 422
    async with visit(app) as elsewhere:
        await elsewhere.send_form("/account/sign-in", email=DRIVER, password=SECRET)
        assert (await elsewhere.get("/account")).status_code == 200
        assert await change(new="another good one", password=SECRET) == 200
        assert (await elsewhere.get("/account")).status_code == 303, "others are signed out"
    assert (await driver.get("/account")).status_code == 200
    assert [letter["to"] for letter in await letters("password_changed")] == [DRIVER, DRIVER]


async def test_without_a_password_an_old_sign_in_changes_nothing(driver: Visitor) -> None:
    await fetch("UPDATE driver_sign_in SET created_at = {}", datetime.now(UTC) - timedelta(minutes=31))
    for path, fields in (
        ("password", {"new": SECRET}),
        ("email", {"email": "x@example.org"}),
        ("delete", {"sure": "1"}),
    ):
        answer = await driver.send_form("/account/settings", f"/account/{path}", **fields)
        assert answer.headers["location"] == "/account/sign-in?again&next=/account/settings"
    assert "sign in again first" in (await driver.get("/account/sign-in?again&next=/account/settings")).text
    assert await rows.find_by_email(DRIVER) is not None


async def test_an_address_changes_when_its_link_is_used_and_the_old_one_is_told(driver: Visitor, app: Litestar) -> None:
    answer = await driver.send_form("/account/settings", "/account/email", email="New@example.org")
    assert answer.status_code == 200
    assert await rows.find_by_email("new@example.org") is None
    async with visit(app) as phone:
        assert (await phone.send_form(await the_link())).status_code == 303
        assert "new@example.org" in (await phone.get("/account")).text
    assert await rows.find_by_email(DRIVER) is None
    assert [letter["to"] for letter in await letters("email_changed")] == [DRIVER]
    assert (await driver.get("/account")).status_code == 303


async def test_an_address_that_has_an_account_is_told_to_its_owner_only(driver: Visitor, app: Litestar) -> None:
    async with visit(app) as eva:
        await enter(eva, "eva@example.org")
        free = await driver.send_form("/account/settings", "/account/email", email="free@example.org")
        taken = await driver.send_form("/account/settings", "/account/email", email="eva@example.org")
        assert free.text.replace("free@", "eva@") == taken.text
        answer = await eva.send_form(await the_link())
        assert answer.status_code == 409
    assert await rows.find_by_email(DRIVER) is not None


async def test_what_an_account_holds_is_taken_along_as_json(
    visitor: Visitor, driver: Visitor, app: Litestar, lot: Lot
) -> None:
    receipt_id, ticket = await a_receipt(visitor, app, lot)
    await driver.send_form("/account", "/account/vehicles", plate=PLATE, code=ticket)
    answer = await driver.get("/account/data.json")
    assert "attachment" in answer.headers["content-disposition"]
    found = answer.json()
    assert found["account"]["email"] == DRIVER
    assert [each["plate"] for each in found["vehicles"]] == [PLATE]
    assert [each["id"] for each in found["stays"][0]["receipts"]] == [receipt_id]
    assert "hash" not in answer.text


async def test_a_deleted_account_leaves_the_books_and_nothing_that_names_its_driver(
    visitor: Visitor, driver: Visitor, app: Litestar, lot: Lot
) -> None:
    await a_receipt(visitor, app, lot, email=DRIVER)
    await driver.send_form("/account", "/account/vehicles", plate=PLATE, code=(await save_stay(lot, "EVA99")).ticket)
    assert (await driver.send_form("/account/settings", "/account/delete")).status_code == 422
    before = await fetch("SELECT * FROM ledger_posting ORDER BY id")
    answer = await driver.send_form("/account/settings", "/account/delete", sure="1")
    assert "Your account is deleted" in answer.text
    assert (await driver.get("/account")).status_code == 303
    assert await fetch("SELECT * FROM ledger_posting ORDER BY id") == before != []
    for table in ("driver", "driver_sign_in", "driver_link", "driver_vehicle", "driver_stay", "driver_claim"):
        assert await fetch(f"SELECT * FROM {table}") == [], table
    assert await fetch("SELECT * FROM quote WHERE email <> ''") == []
    assert await fetch("SELECT * FROM letter WHERE address <> ''") == []


async def test_staff_decide_whose_a_plate_is(driver: Visitor, staff: Visitor, app: Litestar, lot: Lot) -> None:
    stay = await save_stay(lot)
    await driver.send_form("/account", "/account/vehicles", plate=PLATE, code=stay.ticket)
    async with visit(app) as eva:
        await enter(eva, "eva@example.org")
        asked = await eva.send_form("/account", "/account/vehicles", plate=PLATE, code=stay.ticket)
    assert "We have asked the staff" in asked.text
    desk = Desk(staff, token_of(await staff.get("/console/cameras")))
    [claim] = (await desk.get("/driver-claims"))["items"]
    assert (claim["email"], claim["holder"], claim["plate"]) == ("eva@example.org", DRIVER, PLATE)
    decision = {"grant": True, "reason": "registration papers seen"}
    answer = await desk.ask("POST", f"/driver-claims/{claim['id']}/decision", decision)
    assert (answer.status_code, answer.json()["holder"]) == (200, "eva@example.org")
    assert [letter["granted"] for letter in await letters("claim_decided")] == [True]
    given = {"lot": lot.slug, "email": DRIVER, "plate": "XY 12", "reason": "papers seen"}
    assert (await desk.ask("POST", "/driver-vehicles", given)).json()["plate"] == "XY12"
    taken = {"lot": lot.slug, "plate": "XY12", "reason": "sold"}
    assert (await desk.ask("POST", "/driver-vehicles/take", taken)).status_code == 204


async def test_a_driver_is_no_staff(driver: Visitor) -> None:
    answer = await driver.get("/api/v1/driver-claims", headers={"accept": "application/json"})
    assert answer.status_code == 401


async def test_who_parks_learns_that_somebody_elses_account_holds_the_plate(
    visitor: Visitor, driver: Visitor, app: Litestar, lot: Lot
) -> None:
    stay = await save_stay(lot)
    page = f"/pay/stays/{make_token(secret_key(app.state.settings), stay.id, datetime.now(UTC))}"
    told = "This plate is in an account"
    assert told not in (await visitor.get(page)).text
    await driver.send_form("/account", "/account/vehicles", plate=PLATE, code=stay.ticket)
    assert told in (await visitor.get(page)).text
    assert DRIVER not in (await visitor.get(page)).text
    own = (await driver.get(page)).text
    assert told not in own
    assert f'value="{DRIVER}"' in own
