"""The spot editor in a real browser: what is drawn is saved, shown on the map, and can be taken back by keyboard."""

from datetime import UTC, datetime

import pytest
from builders import save_camera, save_frame, save_lot
from pictures import jpeg
from playwright.async_api import Page, Route, expect

from parkhub.clients import Clients
from parkhub.db import spot_versions, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.spot_marks import mark_of
from parkhub.services.looks import Seen, save_look
from parkhub.services.spot_versions import save_marks

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
    await expect(shown.first).not_to_have_attribute("points", first or "")
    moved = await shown.first.get_attribute("points")
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


async def test_what_is_drawn_while_an_answer_is_on_its_way_stays(routed: Page, clients: Clients) -> None:
    camera = await save_camera(await save_lot(), 2, public_id="roof")
    await a_picture(clients, camera)
    drawing, button = routed.locator("svg.drawing"), routed.locator("#save")
    await routed.route("**/spots/events", lambda route: route.fulfill(status=503), times=1)  # it is asked for again
    await routed.goto("/console/cameras/roof/spots")
    await expect(routed.locator("#spot-editor[data-ready]")).to_be_attached()
    before = [spot.polygon for spot in await spots.list_camera_spots(camera.id)]

    async def draw_meanwhile(route: Route) -> None:
        answer = await route.fetch()
        await drawing.press("Shift+ArrowRight")
        await route.fulfill(response=answer)

    async def from_the_left(version: int) -> list[float]:
        await expect(routed.get_by_text(f"Saved as version {version}: ")).to_be_visible()
        saved = await spots.list_camera_spots(camera.id)
        return [round((now.polygon[0][0] - was[0][0]) * 640) for now, was in zip(saved, before, strict=True)]

    await routed.route("**/spots/save", draw_meanwhile, times=1)
    await drawing.press("Tab")
    await drawing.press("Shift+ArrowRight")
    await button.click()
    assert await from_the_left(2) == [10, 0]
    await expect(button).to_have_text("Save the spots")
    await button.click()
    assert await from_the_left(3) == [20, 0]
    await expect(button).to_have_text("Saved")

    await routed.route("**/spots/document", draw_meanwhile, times=1)
    first = mark_of((await spots.list_camera_spots(camera.id))[0])
    await save_marks(clients, None, camera.id, 3, (640, 480), [first], datetime.now(UTC))
    await expect(routed.get_by_text("Somebody saved version 4 meanwhile.")).to_be_visible()
    await expect(routed.locator(".poly")).to_have_count(2)
    await expect(button).to_have_text("Save the spots")


async def test_a_double_press_ends_a_polygon_and_draws_nothing_where_none_is_begun(
    staff: Page, clients: Clients
) -> None:
    await a_picture(clients, await save_camera(await save_lot(), public_id="roof"))
    await staff.goto("/console/cameras/roof/spots")
    await expect(staff.locator("#spot-editor[data-ready]")).to_be_attached()
    await staff.keyboard.press("p")
    await expect(staff.get_by_text("Press one corner after the other, then the first one again.")).to_be_visible()
    drawing, shown, corners = (staff.locator(name) for name in ("svg.drawing", ".poly polygon", ".overlay .corner"))
    await drawing.dblclick(position={"x": 300, "y": 100})
    await expect(corners).to_have_count(1)
    await staff.keyboard.press("Backspace")
    for at, (x, y) in enumerate(((100, 100), (200, 100), (200, 200)), 1):
        await drawing.click(position={"x": x, "y": y})
        await expect(corners).to_have_count(at)
    await drawing.dblclick(position={"x": 100, "y": 200})
    await expect(shown).to_have_count(1)
    assert len((await shown.get_attribute("points") or "").split()) == 4
    await staff.keyboard.press("Control+z")
    for at, (x, y) in enumerate(((100, 100), (200, 100), (200, 200)), 1):
        await drawing.click(position={"x": x, "y": y})
        await expect(corners).to_have_count(at)
    await drawing.dblclick(position={"x": 100, "y": 100})  # on its first corner
    await expect(shown).to_have_count(1)
    await expect(staff.locator(".overlay polyline")).to_have_count(0)  # and no other one is begun
    await staff.locator("summary", has_text="All spots").click()
    listed = staff.locator("#spot-list button")
    await expect(listed).to_have_attribute("aria-pressed", "true")
    await drawing.press("Escape")
    await expect(listed).to_have_attribute("aria-pressed", "false")
    await listed.press("Enter")
    await expect(listed).to_have_attribute("aria-pressed", "true")
    await expect(listed).to_be_focused()  # although it is another button by now
