"""A driver on a phone gets an account by a letter, and puts a vehicle into it, without any script."""

from typing import Any

import pytest
from accounts_of_drivers import DRIVER, the_link
from drivers import PLATE, save_paid_lot, save_stay
from playwright.async_api import expect

from parkhub.clients import Clients

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}


async def test_from_a_letter_to_a_vehicle_in_the_account(browse: Any, clients: Clients) -> None:
    lot = await save_paid_lot(slug="harbour", name="Harbour Street")
    stay = await save_stay(lot)
    page = await (await browse(**PHONE)).new_page()
    await page.goto("/")
    await page.get_by_role("link", name="My account").click()
    await page.get_by_label("E-mail").fill(DRIVER)
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()
    await page.goto(await the_link())
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/account")
    await expect(page.get_by_role("heading", name="No stays yet")).to_be_visible()
    await page.get_by_label("Number plate").fill("pkh 4827")
    await page.get_by_label("Ticket code or receipt link").fill(stay.ticket)
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("button", name=f"Remove {PLATE}")).to_be_visible()
    await expect(page.get_by_text("Parked", exact=True)).to_be_visible()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Sign out").click()
    await page.goto("/account")
    await page.wait_for_url("**/account/sign-in")
