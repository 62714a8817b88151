"""A lot's page in a real browser, while states change behind it."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import a_new_spot, a_track, new_spots, save_camera, save_frame, save_lot
from playwright.async_api import Page, Route, expect

from parkhub.clients import Clients
from parkhub.db import cameras, frames, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import SpotKind, SpotState

pytestmark = pytest.mark.browser

FREE, TAKEN = SpotState.FREE, SpotState.OCCUPIED


async def look(clients: Clients, camera: Camera, **states: SpotState) -> None:
    """As if the camera had seen this just now, and the world had been told."""
    at = datetime.now(UTC)
    await spots.save_tracks(camera.id, [a_track(name, state, seen_at=at, since=at) for name, state in states.items()])
    frame = await save_frame(camera, captured_at=at, received_at=at)
    await frames.finish_frame(frame.id, FrameStatus.READ, 10.0, [], "")
    await cameras.set_last_look(camera.id, frame.id, at)
    await clients.live.announce(f"lot:{camera.lot_id}")


async def a_lot(**given: Any) -> Camera:
    lot = await save_lot(slug="harbour", name="Harbour Street")
    marked = [*new_spots(3), a_new_spot("A4", kind=SpotKind.EV)]
    return await save_camera(lot, marked, stale_after_s=600, **given)


async def test_a_spot_changes_without_a_reload(browse: Any, clients: Clients) -> None:
    camera = await a_lot()
    await look(clients, camera, A1=FREE, A2=TAKEN, A3=TAKEN, A4=TAKEN)
    page = await (await browse()).new_page()
    await page.goto("/lots/harbour")
    await page.evaluate("window.opened = 'once'")
    live = page.locator("[data-freshness]")
    await expect(live).to_have_text(re.compile(r"^Live, \d\d:\d\d:\d\d$"))
    await expect(page).to_have_title("Harbour Street: 1 place free")
    spot = page.locator('.map [data-spot="A2"]')
    await expect(spot).to_have_attribute("data-state", "occupied")

    await look(clients, camera, A1=FREE, A2=FREE, A3=SpotState.UNKNOWN, A4=FREE)

    await expect(spot).to_have_attribute("data-state", "free")
    await expect(page.locator('.map [data-spot="A3"]')).to_have_attribute("data-state", "unknown")
    await expect(page).to_have_title("Harbour Street: 3 places free")
    await expect(page.locator('[data-text="hero"]')).to_have_text("3")
    await expect(page.locator('[data-text="rest"]')).to_have_text("of 4, 1 not seen just now")
    await expect(page.locator('[data-kind-free="ev"]')).to_have_text("1")
    await page.get_by_text("Free places as a list").click()
    await expect(page.locator('[data-free-names="standard"]')).to_have_text("A1, A2")
    await expect(page.get_by_text("1 place cannot be seen just now.")).to_be_visible()
    await expect(page.get_by_role("img", name="Plan of Harbour Street: 3 of 4 places free")).to_be_visible()
    assert await page.evaluate("window.opened") == "once"


async def test_a_lost_connection_is_said_and_what_was_missed_comes_after(
    browse: Any, clients: Clients, web: Any
) -> None:
    camera = await a_lot()
    await look(clients, camera, A1=TAKEN, A2=TAKEN, A3=TAKEN, A4=TAKEN)
    page = await (await browse()).new_page()
    await page.goto("/lots/harbour")
    live = page.locator("[data-freshness]")
    await expect(live).to_have_attribute("data-state", "live")
    web.stop()  # ends although the stream is open
    await expect(live).to_have_text(re.compile(r"^Connection lost, this is \d+ (s|min) old$"))
    await expect(live).to_have_attribute("data-state", "stale")
    await expect(page.get_by_role("status")).to_contain_text("Connection lost")
    await expect(page.locator(".map")).to_have_css("filter", "grayscale(1)")
    await look(clients, camera, A1=FREE)
    web.start()
    await expect(page.locator('.map [data-spot="A1"]')).to_have_attribute("data-state", "free")
    await expect(live).to_have_attribute("data-state", "live")
    await expect(page.get_by_role("status")).to_have_text("The connection is back.")


@pytest.mark.parametrize("address", ["/lots/harbour", "/display/harbour"])
async def test_a_connection_that_comes_back_without_a_word_is_given_up_for_another(
    browse: Any, clients: Clients, address: str
) -> None:
    camera, asked = await a_lot(), asyncio.Semaphore(0)
    await look(clients, camera, A1=TAKEN, A2=TAKEN, A3=TAKEN, A4=TAKEN)

    async def end_at_once(route: Route) -> None:
        await route.fulfill(content_type="text/event-stream", body="retry: 1\n\nevent: ping\ndata: 1\n\n")

    async def say_nothing(_: Route) -> None:
        asked.release()

    page = await (await browse()).new_page()
    await page.clock.install()
    await page.route("**/events", say_nothing, times=1)
    await page.route("**/events", end_at_once, times=1)  # the last one set is asked first
    await page.goto(address)
    live = page.locator("[data-freshness]")
    await expect(live).to_have_text(re.compile("^Connection lost"))
    await asyncio.wait_for(asked.acquire(), 60)
    await page.clock.fast_forward(40_000)  # longer than the server is ever silent
    await page.clock.fast_forward(10_000)  # and until it is asked again
    await expect(live).to_have_text(re.compile("^Live"))


async def test_when_the_last_seen_place_is_lost_the_page_is_no_longer_live(browse: Any, clients: Clients) -> None:
    camera = await a_lot()
    await look(clients, camera, A1=FREE, A4=FREE)
    page = await (await browse()).new_page()
    await page.goto("/lots/harbour")
    live, hero = page.locator("[data-freshness]"), page.locator('[data-text="hero"]')
    await expect(live).to_have_attribute("data-state", "live")
    green = await hero.evaluate("it => getComputedStyle(it).color")
    await look(clients, camera, **dict.fromkeys(("A1", "A2", "A3", "A4"), SpotState.UNKNOWN))
    await expect(hero).to_have_text("?")
    await expect(live).to_have_attribute("data-state", "stale")
    await expect(live).to_have_text(re.compile(r"^Last look \d\d:\d\d:\d\d$"))
    await expect(page.locator('[data-kind-free="ev"]')).to_have_text("?")
    await expect(page.locator('[data-free-names="ev"]')).to_have_text("not seen just now")
    assert await hero.evaluate("it => getComputedStyle(it).color") != green
    await look(clients, camera, A1=FREE)
    await expect(live).to_have_attribute("data-state", "live")


async def test_new_spots_are_drawn_without_anybody_asking(browse: Any, clients: Clients) -> None:
    camera = await a_lot()
    await look(clients, camera, A1=FREE)
    page = await (await browse()).new_page()
    await page.goto("/lots/harbour")
    await expect(page.locator(".map .spot")).to_have_count(4)
    await spots.replace_camera_spots(camera.id, new_spots(6))
    await clients.live.announce(f"lot:{camera.lot_id}")
    await expect(page.locator(".map .spot")).to_have_count(6)


async def test_the_page_says_all_without_scripts(browse: Any, clients: Clients) -> None:
    await look(clients, await a_lot(), A1=FREE, A2=TAKEN)
    page = await (await browse(java_script_enabled=False)).new_page()
    await page.goto("/lots/harbour")
    await expect(page.locator('[data-text="hero"]')).to_have_text("1")
    await expect(page.locator("[data-freshness]")).to_contain_text("Last look")
    await page.get_by_text("Free places as a list").click()
    await expect(page.locator('[data-free-names="standard"]')).to_have_text("A1")
    await expect(page.get_by_role("link", name="Look again")).to_be_visible()


async def too_wide(page: Page) -> int:
    """By how many pixels the page can be scrolled sideways."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


@pytest.mark.parametrize("width", [320, 390, 900])
async def test_nothing_is_wider_than_a_phone(browse: Any, clients: Clients, width: int) -> None:
    camera = await a_lot()
    await look(clients, camera, A1=FREE, A2=TAKEN)
    page = await (await browse(viewport={"width": width, "height": 700})).new_page()
    for path in ("/", "/lots/harbour", "/sign-in", "/nowhere"):
        await page.goto(path)
        assert await too_wide(page) == 0, path
