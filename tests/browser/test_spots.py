"""The spot editor in a real browser: what is drawn is saved, shown on the map, and can be taken back by keyboard."""

from datetime import UTC, datetime

import pytest
from builders import save_camera, save_frame, save_lot
from pictures import jpeg
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.db import spot_versions, spots
from parkhub.domain.cameras import Camera
from parkhub.services.looks import Seen, save_look

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def a_picture(clients: Clients, camera: Camera) -> None:
    now = datetime.now(UTC)
    frame = await save_frame(camera, captured_at=now, received_at=now, width=640, height=480)
    await clients.pictures.put(frame.picture_key, jpeg(frame.id))
    await save_look(clients, frame.id, Seen([], 9.0))


async def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Over the picture, in shares of it, once it has come to rest in the page."""
    box, before = await page.locator("svg.drawing").bounding_box(), None
    while box != before:
        await page.wait_for_timeout(100)
        before, box = box, await page.locator("svg.drawing").bounding_box()
    assert box is not None
    (x, y), (x2, y2) = (
        (box["x"] + box["width"] * point[0], box["y"] + box["height"] * point[1]) for point in (start, end)
    )
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move((x + x2) / 2, (y + y2) / 2)
    await page.mouse.move(x2, y2)
    await page.mouse.up()


async def test_a_row_is_drawn_by_its_two_ends_saved_and_shown_on_the_map(staff: Page, clients: Clients) -> None:
    lot = await save_lot(slug="harbour")
    camera = await save_camera(lot, public_id="roof")
    await a_picture(clients, camera)
    await staff.set_viewport_size({"width": 1440, "height": 1200})  # the mouse reaches only what is in the window
    await staff.goto("/console/cameras/roof/spots")
    await expect(staff.locator("#spot-editor[data-ready]")).to_be_attached()

    await staff.keyboard.press("w")
    await staff.get_by_label("places").fill("6")
    await drag(staff, (0.1, 0.8), (0.9, 0.8))
    await drag(staff, (0.5, 0.3), (0.5, 0.35))  # beside the corners: nothing is pulled
    await staff.get_by_role("button", name="Make the row").click()
    await expect(staff.locator(".poly")).to_have_count(6)
    await expect(staff.locator("#spot-count")).to_have_text("6 spots")

    await staff.get_by_role("button", name="Save the spots").click()
    await expect(staff.get_by_text("Saved as version 1: 6 added (A1, A2, A3, …).")).to_be_visible()
    saved = await spots.list_camera_spots(camera.id)
    assert [spot.name for spot in saved] == ["A1", "A2", "A3", "A4", "A5", "A6"]
    await staff.goto("/lots/harbour")
    await expect(staff.locator(".map .spot")).to_have_count(6)


async def test_the_keyboard_draws_moves_undoes_and_keeps_what_was_not_saved(staff: Page, clients: Clients) -> None:
    camera = await save_camera(await save_lot(), 2, public_id="roof")
    await a_picture(clients, camera)
    before = [spot.polygon for spot in await spots.list_camera_spots(camera.id)]
    await staff.goto("/console/cameras/roof/spots")
    await expect(staff.locator("#spot-editor[data-ready]")).to_be_attached()
    drawing, shown = staff.locator("svg.drawing"), staff.locator(".poly polygon")
    first = await shown.first.get_attribute("points")

    await drawing.focus()
    await drawing.press("Tab")
    await expect(staff.locator("#spot-title")).to_have_text("Spot A1")
    await drawing.press("Shift+ArrowRight")
    moved = await shown.first.get_attribute("points")
    assert moved != first
    await drawing.press("r")
    await drawing.press("Enter")
    await expect(shown).to_have_count(3)
    await drawing.press("Control+z")
    await drawing.press("Control+z")
    await expect(shown).to_have_count(2)
    await expect(shown.first).to_have_attribute("points", first or "")
    await drawing.press("Control+Shift+z")
    await expect(shown.first).to_have_attribute("points", moved or "")

    staff.on("dialog", lambda dialog: dialog.accept())
    await staff.reload()
    await expect(staff.get_by_text("What you had drawn here and not saved is shown again.")).to_be_visible()
    await expect(shown.first).to_have_attribute("points", moved or "")
    await staff.keyboard.press("Control+s")
    await expect(staff.get_by_text("Saved as version 2: 1 redrawn (A1).")).to_be_visible()
    after = [spot.polygon for spot in await spots.list_camera_spots(camera.id)]
    assert [x for x, _ in after[0]] == pytest.approx([x + 10 / 640 for x, _ in before[0]])
    assert [y for _, y in after[0]] == pytest.approx([y for _, y in before[0]])
    assert [version.number for version in await spot_versions.list_spot_versions(camera.id, 9)] == [2, 1]
