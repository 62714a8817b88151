"""A card is kept when the provider says so, another takes its place, and what goes is forgotten there, too."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import stand_ins
from kept_cards import BEFORE, a_driver, a_payer, save_a_card
from paying import a_paid_lot, handle_all, later, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox
from parkhub.clients.payments import Raw
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.shelf import MemoryShelf
from parkhub.db import drivers as driver_rows
from parkhub.db import saved_cards as rows
from parkhub.db.engine import transaction
from parkhub.domain.drivers import Driver
from parkhub.domain.saved_cards import SavedCard
from parkhub.errors import BusyError, InvalidInputError, NotFoundError
from parkhub.services import payment_sandbox, saved_cards
from parkhub.settings import Settings


class Hesitant(PaymentSandbox):
    """Is away as often as it is told to be, when it is to forget."""

    away = 0

    async def detach_card(self, method: str) -> None:
        await self._maybe()
        await super().detach_card(method)

    async def delete_customer(self, customer: str) -> None:
        await self._maybe()
        await super().delete_customer(customer)

    async def _maybe(self) -> None:
        if self.away:
            self.away -= 1
            raise BusyError("away", retry_after_s=1)


@pytest.fixture
def clients() -> Clients:
    return replace(stand_ins(), payments=Hesitant(MemoryShelf()))


def sandbox(clients: Clients) -> Hesitant:
    assert isinstance(clients.payments, Hesitant)
    return clients.payments


async def card_of(driver: Driver) -> SavedCard:
    found = await saved_cards.find_card(driver.id)
    assert found is not None
    return found


async def kept(clients: Clients, settings: Settings, driver: Driver, card: SandboxCard, minute: float) -> list[Raw]:
    """What is told of a card that is saved, not yet told."""
    url = await saved_cards.start_setup(clients, settings, driver, "I agree.", later(minute))
    return list(await sandbox(clients).keep_card(url.rpartition("/")[2], card, later(minute)))


async def owner(clients: Clients, card: SavedCard) -> str:
    """Whose a card is at the provider."""
    found = await sandbox(clients).get_card(card.method)
    assert found is not None
    return found.customer


async def test_a_card_is_kept_once_the_provider_says_so_with_what_was_agreed_to(database: Settings, clients: Clients):
    driver = await a_driver()
    told = await kept(clients, database, driver, SandboxCard.PAYS, 0)
    assert await saved_cards.find_card(driver.id) is None
    await send(clients, database, told * 2, later(1))
    assert set(await handle_all(clients, later(1))) == {"ignored", "handled"}
    card = await card_of(driver)
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("visa", "4242", 12, 2034)
    assert (card.consent, card.consented_at, card.automatic) == ("I agree.", later(0), False)


async def test_another_card_takes_its_place_and_the_first_is_forgotten(database: Settings, clients: Clients):
    driver = await a_driver()
    await save_a_card(clients, database, driver)
    first = await card_of(driver)
    await save_a_card(clients, database, driver, SandboxCard.CONFIRMS, BEFORE + timedelta(minutes=5))
    assert (await card_of(driver)).last4 == "3184"
    await saved_cards.say_farewells(clients, later(0))
    assert await owner(clients, first) == ""
    assert await owner(clients, await card_of(driver)) == first.customer


async def test_of_two_cards_told_in_the_wrong_order_the_later_one_stays(database: Settings, clients: Clients):
    driver = await a_driver()
    first = await kept(clients, database, driver, SandboxCard.DECLINES, 0)
    second = await kept(clients, database, driver, SandboxCard.PAYS, 5)
    for told in (second, first):
        await send(clients, database, told, later(6))
        await handle_all(clients, later(6))
    assert (await card_of(driver)).last4 == "4242"
    assert await saved_cards.say_farewells(clients, later(7)) == 1


async def test_a_card_that_was_removed_does_not_come_back_when_it_is_told_of_late(database: Settings, clients: Clients):
    driver = await a_driver()
    told = await kept(clients, database, driver, SandboxCard.PAYS, 0)
    await send(clients, database, told, later(1))
    await handle_all(clients, later(1))
    card = await card_of(driver)
    sandbox(clients).away = 1
    await saved_cards.remove(clients, driver.id, later(2))
    assert await saved_cards.find_card(driver.id) is None
    late = {**told[1], "id": "evt_told_again"}
    await send(clients, database, [late], later(3))
    await handle_all(clients, later(3))
    assert await saved_cards.find_card(driver.id) is None
    assert await owner(clients, card) == card.customer
    assert await saved_cards.say_farewells(clients, later(9)) == 1
    assert await owner(clients, card) == ""
    await saved_cards.remove(clients, driver.id, later(10))


async def test_what_the_bank_renews_is_shown_and_what_the_provider_lets_go_is_gone(
    database: Settings, clients: Clients
):
    await a_paid_lot()
    driver = await a_payer(clients, database)
    card = await card_of(driver)
    await send(clients, database, await sandbox(clients).card_renewed(card.method, "1881", 2039, later(0)), later(0))
    await handle_all(clients, later(0))
    renewed = await card_of(driver)
    assert (renewed.last4, renewed.exp_year, renewed.automatic) == ("1881", 2039, True)
    await send(clients, database, await sandbox(clients).card_detached(card.method, later(1)), later(1))
    await handle_all(clients, later(1))
    assert await saved_cards.find_card(driver.id) is None
    assert (await rows.find_card(driver.id)).automatic is False  # type: ignore[union-attr]


async def test_who_asks_many_times_at_once_is_one_customer(database: Settings, clients: Clients):
    driver = await a_driver()
    asked = (saved_cards.ensure_customer(clients, driver, "I agree.", later(0)) for _ in range(5))
    assert len(set(await asyncio.gather(*asked))) == 1
    assert len(await sandbox(clients)._shelf.list("customer:")) == 1


async def test_automatic_payment_needs_a_card_an_amount_and_money_that_is_paid_in_here(
    database: Settings, clients: Clients
):
    await a_paid_lot()
    driver = await a_driver()
    with pytest.raises(InvalidInputError, match="Save a card first"):
        await saved_cards.switch_on(driver.id, 5000, "EUR", "Pay.", later(0))
    await save_a_card(clients, database, driver)
    for cents, currency in ((0, "EUR"), (1_000_001, "EUR"), (5000, "CHF")):
        with pytest.raises(InvalidInputError):
            await saved_cards.switch_on(driver.id, cents, currency, "Pay.", later(0))
    await saved_cards.switch_on(driver.id, 5000, "EUR", "Pay up to 50.", later(0))
    await saved_cards.switch_on(driver.id, 3000, "EUR", "Pay up to 30.", later(5))
    card = await card_of(driver)
    assert (card.automatic, card.automatic_at, card.cap_cents) == (True, later(0), 3000)
    assert card.automatic_consent == "Pay up to 30."
    await saved_cards.switch_off(driver.id)
    assert not (await card_of(driver)).automatic


async def test_with_the_account_the_customer_goes_at_the_provider_though_that_is_away_at_first(
    database: Settings, clients: Clients
):
    await a_paid_lot()
    driver = await a_payer(clients, database)
    card = await card_of(driver)
    exported = await saved_cards.export(driver.id)
    assert exported["card"] == {"brand": "visa", "last4": "4242", "expires": "2034-12"}
    assert (exported["agreed_to"], exported["pays_automatically"], exported["charges"]) == ("I agree.", True, [])
    assert card.method not in str(exported)
    async with transaction():
        await saved_cards.forget(driver.id, later(0))
        await driver_rows.delete_driver(driver.id)
    sandbox(clients).away = 1
    assert await saved_cards.say_farewells(clients, later(0)) == 0
    assert await saved_cards.say_farewells(clients, later(60)) == 1
    assert await owner(clients, card) == ""
    gone = await sandbox(clients)._shelf.get(f"customer:{card.customer}")
    assert gone == {"id": card.customer, "object": "customer", "deleted": True}
    assert await saved_cards.export(driver.id) == {}


async def test_another_provider_begins_without_a_card(database: Settings, clients: Clients):
    driver = await a_driver()
    await save_a_card(clients, database, driver)
    before = await card_of(driver)

    class Other(PaymentSandbox):
        name = "other"

    other = replace(clients, payments=Other(MemoryShelf()))
    customer = await saved_cards.ensure_customer(other, driver, "Again.", later(0))
    assert await saved_cards.find_card(driver.id) is None
    assert (await rows.find_card(driver.id)).customer == customer  # type: ignore[union-attr]
    assert await saved_cards.say_farewells(clients, later(1)) == 1
    assert await owner(clients, before) == ""
    assert payment_sandbox.sandbox_of(other) is other.payments


async def test_an_account_that_goes_while_the_provider_answers_leaves_no_customer_there(database: Settings):
    class Slow(PaymentSandbox):
        async def create_customer(self, key: str, email: str, now: datetime) -> str:
            made = await super().create_customer(key, email, now)
            await driver_rows.delete_driver(driver.id)
            return made

    clients, driver = replace(stand_ins(), payments=Slow(MemoryShelf())), await a_driver()
    with pytest.raises(NotFoundError):
        await saved_cards.ensure_customer(clients, driver, "I agree.", later(0))
    assert await saved_cards.say_farewells(clients, later(1)) == 1
