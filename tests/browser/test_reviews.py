"""The queue of questions in a real browser, by keyboard."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_account
from desked import a_gate, drives
from drivers import save_paid_lot, save_stay
from playwright.async_api import Page, Route, expect

from parkhub.clients import Clients
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.cameras import CameraRole
from parkhub.domain.passages import Direction
from parkhub.domain.sessions import SessionState
from parkhub.services import review_holds

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PRESS_E_AT_ONCE = """document.addEventListener("htmx:afterSwap", () => setTimeout(() => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "e", bubbles: true }));
}), { once: true })"""
PLATES = ("PKH4827", "HUB3107", "TST7742", "CAM1194", "ZEN5563")


async def test_an_attendant_clears_the_queue_by_keyboard_and_takes_one_answer_back(
    staff: Page, clients: Clients
) -> None:
    now = datetime.now(UTC)
    lot = await save_paid_lot(name="Harbour Street")
    exit_ = await a_gate(lot, CameraRole.EXIT)
    inside = []
    for number, plate in enumerate(PLATES):
        inside.append(await save_stay(lot, plate, 90 + number))
        misread = plate[:3] + "AX" + plate[5:]  # two letters off, so nobody is charged by it
        await drives(clients, exit_, Direction.EXIT, misread, now - timedelta(minutes=20 - number))
    assert len(await review_rows.list_open(lot.id)) == len(PLATES)

    await staff.goto("/console/review")
    desk = staff.locator("#desk")
    pictures = desk.locator(".pair img")
    await expect(desk.locator("[data-waiting]")).to_have_text("5")
    await expect(pictures.first).to_be_visible()
    assert await pictures.first.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
    for left in ("4", "3", "2", "1"):
        asked = await desk.get_attribute("data-review")
        await staff.keyboard.press("1")
        # The number may come by the stream before the next question does, and until then no key counts.
        await expect(desk).not_to_have_attribute("data-review", asked or "")
        await expect(desk.locator("[data-waiting]")).to_have_text(left)
        await expect(desk.get_by_role("status")).to_contain_text("The exit is given to its session")
    await staff.keyboard.press("n")
    await expect(desk.get_by_role("heading", name="Nothing waits")).to_be_visible()
    assert [(await session_rows.get_session(each.id)).state for each in inside[:4]] == [SessionState.CLOSED] * 4

    # A key pressed the moment the question is there counts, and nothing takes the focus away from where it led.
    await staff.evaluate(PRESS_E_AT_ONCE)
    await staff.keyboard.press("u")
    await expect(desk.locator("[data-waiting]")).to_have_text("1")
    await expect(desk.get_by_label("Or type the plate")).to_be_focused()
    await staff.keyboard.type(PLATES[4].lower())
    await desk.get_by_role("button", name="Take this plate").click()
    await expect(desk.get_by_role("heading", name="Nothing waits")).to_be_visible()
    assert await review_rows.list_open(lot.id) == []

    # An empty desk hears of a new question, and leaves alone what another is on.
    other = await save_account("sam@example.org")
    await drives(clients, exit_, Direction.EXIT, "NEW1234", now)
    await clients.live.announce(review_holds.TOPIC)
    await expect(desk.locator("[data-waiting]")).to_have_text("1")
    assert await review_holds.take(clients, other.id, None, datetime.now(UTC)) is None


async def test_an_answer_that_is_on_its_way_is_not_lost_when_the_queue_is_renewed(
    routed: Page, clients: Clients
) -> None:
    now = datetime.now(UTC)
    lot = await save_paid_lot(name="Harbour Street")
    exit_ = await a_gate(lot, CameraRole.EXIT)
    for number, plate in enumerate(PLATES[:2]):
        await save_stay(lot, plate, 90 + number)
        await drives(clients, exit_, Direction.EXIT, plate[:3] + "AX" + plate[5:], now - timedelta(minutes=9 - number))
    await routed.goto("/console/review")
    desk = routed.locator("#desk")
    await expect(desk.locator("[data-waiting]")).to_have_text("2")
    asked, renewed = asyncio.Event(), asyncio.Event()

    async def renew(route: Route) -> None:
        answer = await route.fetch()
        await routed.keyboard.press("1")
        await asyncio.wait_for(asked.wait(), 60)
        await route.fulfill(response=answer)
        await routed.evaluate("new Promise((done) => setTimeout(done, 100))")
        renewed.set()

    async def take(route: Route) -> None:
        asked.set()
        await asyncio.wait_for(renewed.wait(), 60)
        await route.continue_()

    await routed.route("**/console/review", renew, times=1)
    await routed.route("**/answer", take)
    await routed.evaluate("document.getElementById('desk').dataset.review = 'somebody answered it elsewhere'")
    await drives(clients, exit_, Direction.EXIT, "NEW1234", now)
    await clients.live.announce(review_holds.TOPIC)
    await asyncio.wait_for(renewed.wait(), 60)
    await expect(desk.get_by_role("status")).to_contain_text("The exit is given to its session")
    await expect(desk.locator("[data-waiting]")).to_have_text("2")


async def test_an_answer_that_did_not_arrive_is_told(web: Any, staff: Page, clients: Clients) -> None:
    now = datetime.now(UTC)
    lot = await save_paid_lot(name="Harbour Street")
    await drives(clients, await a_gate(lot, CameraRole.EXIT), Direction.EXIT, "NEW1234", now)
    await staff.goto("/console/review")
    web.stop()
    await staff.keyboard.press("n")
    await expect(staff.get_by_role("alert")).to_contain_text("did not answer")
    web.start()
    await staff.keyboard.press("n")
    await expect(staff.get_by_role("heading", name="Nothing waits")).to_be_visible()
    await expect(staff.get_by_role("alert")).to_be_hidden()
