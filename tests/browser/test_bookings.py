"""Booking in a real browser, on a phone: the price follows what is chosen, and the page says when it is paid."""

import re
from typing import Any

import pytest
from booked import PLATE, a_bookable_lot, handle_events
from builders import new_spots, save_camera
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.settings import Settings

pytestmark = pytest.mark.browser


async def too_wide(page: Page) -> int:
    wide: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


async def test_a_place_is_booked_and_paid_from_the_car_parks_page(
    browse: Any, clients: Clients, web_settings: Settings
) -> None:
    await save_camera(await a_bookable_lot(), new_spots(3))
    page = await (await browse(viewport={"width": 320, "height": 640})).new_page()
    await page.goto("/lots/harbour")
    await page.get_by_role("link", name="Book a place").click()
    await page.get_by_role("link", name="Tomorrow, 8 to 18").click()
    await page.wait_for_url("**/book?*")
    await page.evaluate("window.opened = 'once'")
    await page.get_by_label("Number plate").fill("pkh 4827")
    await page.get_by_label("Until, time of day").fill("11:00")
    await expect(page.locator("#offer")).to_contain_text("3 hours started at €2.00")
    button = page.get_by_role("button", name="Book and pay €6.00")
    await expect(button).to_be_visible()
    assert await page.evaluate("window.opened") == "once"
    assert await page.get_by_label("Number plate").input_value() == "pkh 4827"
    await page.get_by_label("E-mail").fill("kim@example.org")
    assert await too_wide(page) <= 0
    await button.click()
    await page.wait_for_url(re.compile("/sandbox/checkouts/"))
    await page.get_by_role("button", name="Pay €6.00").click()
    await expect(page.get_by_role("heading", name="Waiting for the payment")).to_be_visible()
    await handle_events(clients, web_settings)
    await expect(page.get_by_role("heading", name="Booked and paid")).to_be_visible()
    await expect(page.locator(".plate")).to_have_text(PLATE)
    assert await too_wide(page) <= 0
