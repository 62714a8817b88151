"""The tariff's editor in a browser: form and text are one document."""

import re

import pytest
from builders import save_lot
from playwright.async_api import Page, expect

from parkhub.db import tariffs as tariff_rows

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def test_form_and_text_follow_each_other_and_say_what_is_wrong_until_it_is_published(staff: Page):
    lot = await save_lot(slug="north")
    await staff.goto("/console/lots/north/tariff?example=street")
    amount, text = staff.locator('[name="bands[0].rate.price"]'), staff.locator("#f-text")
    await amount.fill("2.75")
    await expect(text).to_have_value(re.compile(r"price: '2\.75'"))
    await text.fill((await text.input_value()).replace("2.75", "two"))
    await expect(staff.locator(".lines [data-state=wrong]")).to_be_visible()
    await expect(amount).to_have_value("two")
    await expect(amount).to_have_attribute("aria-invalid", "true")
    await amount.fill("3.10")
    await expect(staff.locator("#fault")).to_have_count(0)
    await staff.get_by_role("button", name="Add a price").click()
    await expect(staff.locator('[name="bands[1].name"]')).to_be_visible()
    await staff.get_by_role("button", name="Publish").click()
    await expect(staff.get_by_text("The tariff is published.")).to_be_visible()
    (version,) = await tariff_rows.list_versions(lot.id)
    assert [band.name for band in version.tariff.bands] == ["Day", "New"]
    assert version.text.startswith("# A street")


async def test_what_is_typed_stays_when_the_sign_in_ends_and_goes_on_after_the_next(staff: Page):
    await save_lot(slug="north")
    await staff.goto("/console/lots/north/tariff?example=street")
    (cookie,) = [each for each in await staff.context.cookies() if each["name"] == "parkhub"]
    await staff.context.clear_cookies(name="parkhub")
    amount, text = staff.locator('[name="bands[0].rate.price"]'), staff.locator("#f-text")
    await amount.fill("2.75")
    await expect(staff.get_by_role("alert")).to_contain_text("You are signed out.")
    await staff.context.add_cookies([{name: cookie[name] for name in ("name", "value", "domain", "path")}])
    await amount.fill("2.80")
    await expect(text).to_have_value(re.compile(r"price: '2\.80'"))
    await expect(staff.get_by_role("alert")).to_be_hidden()
