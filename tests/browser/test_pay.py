"""Drivers' pages in a real browser, on a phone: what ticks, what fits, what has a name."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from builders import new_spots, save_camera
from drivers import save_paid_lot, save_stay
from playwright.async_api import Page, Route, expect

from parkhub.clients import Clients
from parkhub.db import discount_codes
from parkhub.db import sessions as session_rows
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.stay_tokens import make_token
from parkhub.secret_key import secret_key
from parkhub.services import payments
from parkhub.settings import Settings

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


async def a_lot() -> Lot:
    lot = await save_paid_lot(slug="harbour", name="Harbour Street", time_zone="Europe/Berlin")
    await save_camera(lot, new_spots(3))
    return lot


def address(settings: Settings, session: ParkingSession) -> str:
    return f"/pay/stays/{make_token(secret_key(settings), session.id, datetime.now(UTC))}"


async def too_wide(page: Page) -> int:
    wide: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


async def test_the_price_and_the_time_tick_without_a_reload(
    browse: Any, clients: Clients, web_settings: Settings
) -> None:
    lot = await a_lot()
    stay = await save_stay(lot, minutes=59.94)  # full in four seconds
    page = await (await browse(viewport=PHONE)).new_page()
    await page.goto(address(web_settings, stay))
    await page.evaluate("window.opened = 'once'")
    await page.get_by_label("E-mail for the receipt").fill("kim@")
    live = page.locator("[data-live]")
    await expect(live).to_have_attribute("data-state", "live")
    await expect(page.get_by_role("button", name="Pay €4.00")).to_be_visible()
    await expect(page.locator("[data-now]")).to_contain_text("2 hours started at €2.00")
    assert await page.locator("[data-shown]").input_value() == "400"
    assert await page.get_by_label("E-mail for the receipt").input_value() == "kim@"
    assert await page.evaluate("window.opened") == "once"


async def test_a_line_that_is_gone_without_a_word_is_told_and_asked_for_again(
    browse: Any, clients: Clients, web_settings: Settings
) -> None:
    page, asked = await (await browse(viewport=PHONE)).new_page(), asyncio.Event()

    async def say_nothing(_: Route) -> None:
        asked.set()

    await page.clock.install()
    await page.route("**/events", say_nothing, times=1)
    await page.goto(address(web_settings, await save_stay(await a_lot())))
    await asyncio.wait_for(asked.wait(), 60)
    await page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=2))  # longer than the server is ever silent
    live = page.locator("[data-live]")
    await expect(live).to_have_text(re.compile("^Connection lost"))
    # A hidden page has a turn once a minute, and all that is due has it then: it is asked again.
    await page.clock.fast_forward(240_000)
    await expect(live).to_have_attribute("data-state", "live")


async def test_paid_elsewhere_the_open_page_says_when_to_leave(
    browse: Any, clients: Clients, web_settings: Settings
) -> None:
    lot = await a_lot()
    stay = await save_stay(lot)
    page = await (await browse(viewport=PHONE)).new_page()
    await page.goto(address(web_settings, stay))
    await expect(page.locator("[data-live]")).to_have_attribute("data-state", "live")
    await payments.pay(stay.id, 600, Account.CASH, "desk", datetime.now(UTC))
    await clients.live.announce(f"sessions:{lot.id}")
    await expect(page.get_by_role("heading", name=re.compile("^Leave before"))).to_be_visible()
    ring = page.get_by_role("timer")
    before = await ring.locator("b").text_content()
    await expect(ring.locator("b")).not_to_have_text(str(before))


async def test_when_the_time_to_leave_ends_the_page_asks_for_the_rest(
    browse: Any, clients: Clients, web_settings: Settings
) -> None:
    stay = await save_stay(await a_lot(), minutes=200)
    await payments.pay(stay.id, 800, Account.CASH, "desk", datetime.now(UTC))
    await session_rows.set_leave_by(stay.id, datetime.now(UTC) + timedelta(seconds=110))
    page = await (await browse(viewport=PHONE)).new_page()
    await page.goto(address(web_settings, stay))
    await expect(page.get_by_role("timer")).to_have_attribute("data-state", "soon")
    await session_rows.set_leave_by(stay.id, datetime.now(UTC) + timedelta(seconds=2))
    await clients.live.announce(f"sessions:{stay.lot_id}")
    await expect(page.get_by_role("timer")).to_have_count(0)


async def test_a_code_is_taken_off_by_the_keyboard_alone(browse: Any, clients: Clients, web_settings: Settings) -> None:
    lot = await a_lot()
    await discount_codes.add_code(lot.id, Discount("HOTEL", percent=Fraction(50)), CodeLimits())
    page = await (await browse(viewport=PHONE)).new_page()
    await page.goto(address(web_settings, await save_stay(lot)))
    await page.get_by_label("Discount code").focus()
    await page.keyboard.type("hotel")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("The code HOTEL is taken off.")
    await expect(page.get_by_role("button", name="Pay €3.00")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("width", [320, 390, 900])
async def test_the_pages_fit_every_phone_in_every_language(
    browse: Any, clients: Clients, web_settings: Settings, width: int, language: str
) -> None:
    lot = await a_lot()
    paid = await save_stay(lot, "PAID123")
    await payments.pay(paid.id, 600, Account.CASH, "desk", datetime.now(UTC))
    stay = await save_stay(lot)
    page = await (await browse(viewport={"width": width, "height": 700}, locale=language)).new_page()
    for path in ("/lots/harbour", "/pay/harbour", address(web_settings, stay), address(web_settings, paid)):
        await page.goto(path)
        assert await page.locator("html").get_attribute("lang") == language
        assert await too_wide(page) == 0, path


async def test_every_control_has_a_name_and_every_page_its_landmarks(
    browse: Any, clients: Clients, web_settings: Settings
) -> None:
    stay = await save_stay(await a_lot())
    page = await (await browse(viewport=PHONE)).new_page()
    for path in ("/lots/harbour", "/pay/harbour", address(web_settings, stay)):
        await page.goto(path)
        for landmark in ("banner", "main", "contentinfo"):
            await expect(page.get_by_role(landmark)).to_have_count(1)  # type: ignore[arg-type]
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        unnamed = await page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), button, a, select')].filter(it =>
            !(it.labels && it.labels.length) && !it.textContent.trim() && !it.ariaLabel).map(it => it.outerHTML)"""
        )
        assert unnamed == []
        twice = await page.evaluate(
            """() => { const ids = [...document.querySelectorAll('[id]')].map(it => it.id);
            return ids.filter((id, at) => ids.indexOf(id) !== at) }"""
        )
        assert twice == []
        lost = await page.evaluate(
            """() => [...document.querySelectorAll('[aria-describedby], [aria-labelledby]')].flatMap(it =>
            `${it.getAttribute('aria-describedby') || ''} ${it.getAttribute('aria-labelledby') || ''}`.split(' '))
            .filter(id => id && !document.getElementById(id))"""
        )
        assert lost == []
