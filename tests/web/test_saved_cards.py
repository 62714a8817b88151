"""The saved card in a driver's account: saved, removed, allowed to pay, and where its letters lead."""

from datetime import UTC, datetime, timedelta

import pytest
from accounts_of_drivers import DRIVER
from drivers import save_paid_lot, save_stay
from litestar import Litestar
from paying import SETTINGS
from visitors import Visitor, token_of

from parkhub.clients import Clients
from parkhub.db import card_charges as charge_rows
from parkhub.db import drivers as driver_rows
from parkhub.db import saved_cards as rows
from parkhub.db import stripe_events
from parkhub.domain.lots import Lot
from parkhub.domain.saved_cards import ChargeEnd
from parkhub.services import payment_events, payment_sandbox


@pytest.fixture
async def lot(app: Litestar) -> Lot:
    return await save_paid_lot(slug="harbour", name="Harbour Street")


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


async def work(clients: Clients) -> None:
    """Handle what the provider told, as a worker would."""
    for event_id in await stripe_events.list_due(datetime.now(UTC) + timedelta(hours=1), 100):
        await payment_events.handle(clients, SETTINGS, event_id, datetime.now(UTC))


async def save_card(driver: Visitor, clients: Clients, card: str = "pays") -> None:
    begun = await driver.send_form("/account/card")
    assert begun.status_code == 303, begun.text
    saved = await driver.send_form(begun.headers["location"], card=card)
    assert saved.headers["location"] == "/account/card?saving=1"
    await work(clients)


async def switch_on(driver: Visitor, **form: str):
    return await driver.send_form("/account/card", "/account/card/automatic", **form)


async def driver_id() -> int:
    found = await driver_rows.find_by_email(DRIVER)
    assert found is not None
    return found.id


async def test_who_is_not_signed_in_saves_no_card(visitor: Visitor):
    assert (await visitor.get("/account/card")).headers["location"] == "/account/sign-in?next=/account/card"


async def test_a_card_is_saved_at_the_provider_and_shown_once_that_says_so(driver: Visitor, clients: Clients, lot: Lot):
    empty = await driver.get("/account/card")
    assert "No card saved" in empty.text
    assert "Test payments. No money moves." in empty.text
    begun = await driver.send_form("/account/card")
    page = await driver.get(begun.headers["location"])
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    refused = await driver.send_form(begun.headers["location"], card="refused")
    assert (refused.status_code, "not saved" in refused.text) == (422, True)
    saved = await driver.send_form(begun.headers["location"], card="pays")
    waiting = await driver.get(saved.headers["location"])
    assert "Your card is being saved" in waiting.text
    assert waiting.headers["refresh"] == "3"
    await work(clients)
    shown = await driver.get(saved.headers["location"])
    assert "Visa ending in 4242" in shown.text
    assert "Good until 12/34" in shown.text
    assert "refresh" not in shown.headers
    assert "Visa ending in 4242" in (await driver.get("/account")).text
    assert (await driver.get(begun.headers["location"])).headers["location"] == "/account/card?saving=1"


async def test_it_may_pay_by_itself_only_when_that_is_agreed_to_up_to_an_amount(
    driver: Visitor, clients: Clients, lot: Lot
):
    await save_card(driver, clients)
    for form, words in (
        ({"cap": "much", "currency": "EUR", "agreed": "1"}, "Write an amount as 50.00."),
        ({"cap": "20", "currency": "??", "agreed": "1"}, "Write an amount as 50.00."),
        ({"cap": "20", "currency": "EUR"}, "Tick this if you agree."),
        ({"cap": "0", "currency": "EUR", "agreed": "1"}, "Say the most that may be charged at once, as 50.00."),
    ):
        answer = await switch_on(driver, **form)
        assert (answer.status_code, words in answer.text) == (422, True)
    answer = await switch_on(driver, cap="30,50", currency="EUR", agreed="1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/card")
    assert "up to €30.50" in (await driver.get("/account/card")).text
    assert "Pays when you leave" in (await driver.get("/account")).text
    card = await rows.find_card(await driver_id())
    assert card is not None
    assert (card.automatic, card.cap_cents) == (True, 3050)
    assert card.automatic_consent.startswith("When one of my vehicles leaves")
    assert "€30.50" in card.automatic_consent
    await driver.send_form("/account/card", "/account/card/automatic/off")
    assert "Switch on" in (await driver.get("/account/card")).text


async def test_a_card_is_removed_here_and_at_the_provider(driver: Visitor, clients: Clients, lot: Lot):
    await save_card(driver, clients)
    card = await rows.find_card(await driver_id())
    assert card is not None
    answer = await driver.send_form("/account/card", "/account/card/remove")
    assert answer.headers["location"] == "/account/card"
    assert "No card saved" in (await driver.get("/account/card")).text
    assert (await clients.payments.get_card(card.method)).customer == ""  # type: ignore[union-attr]


async def test_the_account_takes_its_card_along_and_away(driver: Visitor, clients: Clients, lot: Lot):
    await save_card(driver, clients)
    card = await rows.find_card(await driver_id())
    assert card is not None
    exported = (await driver.get("/account/data.json")).json()
    assert exported["saved_card"]["card"] == {"brand": "visa", "last4": "4242", "expires": "2034-12"}
    gone = await driver.send_form("/account/settings", "/account/delete", sure="1")
    assert gone.status_code in (200, 303), gone.text
    assert (await clients.payments.get_card(card.method)).customer == ""  # type: ignore[union-attr]


async def test_many_pages_to_save_cards_are_not_given_at_once(driver: Visitor, lot: Lot):
    for _ in range(10):
        assert (await driver.send_form("/account/card")).status_code == 303
    refused = await driver.send_form("/account/card")
    assert (refused.status_code, "tried too often" in refused.text) == (429, True)
    assert int(refused.headers["retry-after"]) > 0


async def test_who_goes_back_has_saved_nothing(driver: Visitor, clients: Clients, lot: Lot):
    begun = await driver.send_form("/account/card")
    back = await driver.send_form(begun.headers["location"], card="cancel")
    assert back.headers["location"] == "/account/card"
    assert (await driver.send_form(begun.headers["location"], card="none")).status_code == 422
    assert (await driver.get("/sandbox/setups/cs_test_other")).status_code == 404


async def test_a_letter_leads_to_the_stays_page(driver: Visitor, visitor: Visitor, clients: Clients, lot: Lot):
    await save_card(driver, clients)
    stay = await save_stay(lot)
    now = datetime.now(UTC)
    await charge_rows.add_charge(
        "a-charge-nobody-guesses", stay.id, await driver_id(), None, "cus", "pm", 600, "EUR", ChargeEnd.OVER_CAP, now,
        None,
    )  # fmt: skip
    answer = await visitor.get("/pay/charges/a-charge-nobody-guesses")
    assert answer.status_code == 303
    assert "Pay €6.00" in (await visitor.get(answer.headers["location"])).text
    assert (await visitor.get("/pay/charges/another")).status_code == 404


async def test_whoever_pays_signed_in_may_have_the_card_saved_and_nobody_else(
    driver: Visitor, visitor: Visitor, clients: Clients, lot: Lot
):
    stay = await save_stay(lot)
    await charge_rows.add_charge(
        "a-charge", stay.id, await driver_id(), None, "cus", "pm", 600, "EUR", ChargeEnd.OVER_CAP,
        datetime.now(UTC), None,
    )  # fmt: skip
    page = (await visitor.get("/pay/charges/a-charge")).headers["location"]
    assert 'name="keep"' not in (await visitor.get(page)).text
    unasked = await visitor.send_form(page, do="pay", shown="600", keep="1")
    asked = await driver.get(page)
    assert 'name="keep"' in asked.text
    form = {"_csrf_token": token_of(asked), "do": "pay", "shown": "600", "keep": "1"}
    paying = await driver.post(page, data=form)
    assert paying.headers["location"] != unasked.headers["location"]
    await driver.send_form(paying.headers["location"], way="succeeds")
    await work(clients)
    assert "Visa ending in 4242" in (await driver.get("/account/card")).text
    sandbox = payment_sandbox.sandbox_of(clients)
    kept = [each["customer"] for each in await sandbox._shelf.list("checkout:")]
    assert sorted(each is None for each in kept) == [False, True]
