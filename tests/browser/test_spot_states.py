"""Places corrected, and crops judged, by keys in a real browser."""

import asyncio
from datetime import UTC, datetime

import pytest
from builders import save_camera, save_frame, save_lot, seen
from pictures import jpeg
from playwright.async_api import Page, Route, expect

from parkhub.clients import Clients
from parkhub.db import cameras, labelled_sets, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import Word
from parkhub.domain.spots import SpotState
from parkhub.services.labelled_sets import save_picture
from parkhub.services.labels import finish_crop
from parkhub.services.looks import Seen, save_look

pytestmark = pytest.mark.browser

CROP = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


async def a_lot(clients: Clients) -> Camera:
    camera = await save_camera(await save_lot(slug="harbour"), 3, stale_after_s=600)
    now = datetime.now(UTC)
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await clients.pictures.put(frame.picture_key, jpeg(size=(320, 200)))
    await save_look(clients, frame.id, Seen(seen(SpotState.FREE, "A1", "A2", "A3"), 1))
    return camera


async def test_a_place_is_corrected_and_that_taken_back_without_touching_the_mouse(
    staff: Page, clients: Clients
) -> None:
    camera, page = await a_lot(clients), staff

    async def taken() -> list[str]:
        return [name for name, track in (await spots.load_tracks(camera.id)).items() if track.state == "occupied"]

    await page.goto("/console/lots/harbour/states")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("group", name="A2, free")).to_be_focused()
    await page.keyboard.press("o")
    await expect(page.get_by_role("group", name="A2, taken")).to_be_focused()
    await expect(page.get_by_text("A2 is taken now, because you say so.")).to_be_visible()
    assert await taken() == ["A2"]
    await page.keyboard.press("u")
    await expect(page.get_by_role("group", name="A2, free")).to_be_focused()
    await expect(page.get_by_text("Taken back.")).to_be_visible()
    assert await taken() == []


async def test_a_word_that_is_said_while_the_page_asks_what_is_new_counts(staff: Page, clients: Clients) -> None:
    camera, page = await a_lot(clients), staff
    asked = asyncio.Event()

    async def never(_: Route) -> None:
        asked.set()

    await page.clock.install()
    await page.route("**/states/grid?*", never)
    await page.goto("/console/lots/harbour/states")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("group", name="A1, free")).to_be_focused()
    await page.clock.fast_forward(4_000)
    await asyncio.wait_for(asked.wait(), 60)
    await page.keyboard.press("o")
    await expect(page.get_by_role("group", name="A1, taken")).to_be_focused()
    await expect(page.locator("[data-lost]")).to_be_empty()
    assert (await spots.load_tracks(camera.id))["A1"].state is SpotState.OCCUPIED


async def test_crops_are_judged_one_after_another_by_keys(staff: Page, clients: Clients) -> None:
    camera, page = await a_lot(clients), staff
    await save_picture(clients, None, await cameras.get_camera(camera.id), datetime.now(UTC))
    for label in await labelled_sets.list_set(camera.lot_id, None, None, None, 9):
        await finish_crop(clients, label, jpeg(size=(60, 60)), CROP)
    await page.goto("/console/lots/harbour/labels")
    await page.keyboard.press("ArrowDown")
    for letter, name in (("f", "A3, free"), ("o", "A2, taken"), ("x", "A1, not usable")):
        await page.keyboard.press(letter)
        await expect(page.get_by_role("group", name=name)).to_be_visible()
        await page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling')")
    await expect(page.get_by_role("group", name="A1, not usable")).to_be_focused()
    await page.keyboard.press("u")
    await expect(page.get_by_role("group", name="A1, nobody judged")).to_be_visible()
    found = await labelled_sets.list_set(camera.lot_id, None, None, None, 9)
    said = [(label.name, label.word, label.occupied) for label in found]
    assert said == [("A3", Word.SAID, False), ("A2", Word.SAID, True), ("A1", Word.PROPOSED, False)]
