"""Somebody is invited, chooses a password, sets up a second factor and signs in with it, in a real browser."""

import re
from typing import Any

import builders
import pyotp
import pytest
from playwright.async_api import Page, expect
from visitors import EMAIL, PASSWORD

from parkhub.clients import Clients
from parkhub.services import accounts

pytestmark = pytest.mark.browser
NEW = "a long new password"


async def sign_in(page: Page, email: str, password: str) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")


async def test_from_an_invitation_to_a_second_factor(browse: Any, clients: Clients) -> None:
    await builders.save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    owner, guest = [await (await browse()).new_page() for _ in range(2)]
    await sign_in(owner, EMAIL, PASSWORD)
    await owner.get_by_role("link", name="People").click()
    await owner.get_by_role("link", name="Invite somebody").click()
    await owner.get_by_label("E-mail").fill("sam@example.org")
    await owner.get_by_label("Name").fill("Sam")
    await owner.get_by_role("button", name="Invite").click()
    await guest.goto(await owner.locator("#link").inner_text())
    await guest.get_by_label("Password").fill(NEW)
    async with guest.expect_navigation():
        await guest.keyboard.press("Enter")
    await sign_in(guest, "sam@example.org", NEW)
    await guest.get_by_role("link", name="Account").click()
    await expect(guest.get_by_role("link", name="People")).to_have_count(0)
    await guest.locator("#f-begin").fill(NEW)
    await guest.keyboard.press("Enter")
    await expect(guest.locator(".qr svg")).to_be_visible()
    app = pyotp.TOTP(str(await guest.locator("code.code").text_content()).replace(" ", ""))
    await guest.locator("#f-code").fill(app.now())
    await guest.keyboard.press("Enter")
    codes = (await guest.locator("#codes").inner_text()).split()
    async with guest.expect_navigation():
        await guest.get_by_role("button", name="Sign out").click()
    await sign_in(guest, "sam@example.org", NEW)
    await guest.get_by_label("Code").fill(codes[0])
    await guest.keyboard.press("Enter")
    await expect(guest).to_have_url(re.compile("/console$"))
    await owner.get_by_role("link", name="All people").click()
    await owner.get_by_role("link", name="Sam").click()
    await owner.get_by_role("button", name="Shut out").click()
    await expect(owner.get_by_text("They cannot sign in")).to_be_visible()
    await guest.reload()
    await expect(guest).to_have_url(re.compile("/sign-in"))
