"""Pages of cameras and their nodes in a real browser while they lie open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_camera, save_frame, save_lot, seen
from pictures import jpeg
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.db import cameras
from parkhub.db.engine import fetch
from parkhub.domain.cameras import Camera
from parkhub.domain.spots import SpotState
from parkhub.domain.trust import Trouble
from parkhub.services.looks import Seen, save_look
from parkhub.services.troubles import Sight

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def look(clients: Clients, camera: Camera, ago_s: float, doubt: Trouble | None) -> None:
    """A picture taken so long ago, read."""
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    frame = await save_frame(camera, captured_at=at, received_at=at, width=160, height=120)
    await clients.pictures.put(frame.picture_key, jpeg(frame.id))
    observations = seen(SpotState.FREE, "A1", "A2")
    await save_look(clients, frame.id, Seen(observations, 9.0, (), Sight(camera.reference, doubt)))


async def test_a_moved_camera_is_told_on_a_page_that_lies_open_until_a_button_says_it_is_right(
    staff: Page, clients: Clients
) -> None:
    camera = await save_camera(await save_lot(), 2, public_id="roof")
    await look(clients, camera, 3, None)
    await staff.set_viewport_size({"width": 390, "height": 844})
    await staff.goto("/console/cameras/roof")
    await expect(staff.get_by_text("The last picture by itself: no vehicles; 0 of 2 places taken.")).to_be_visible()

    for ago_s in (2, 1):
        await look(clients, camera, ago_s, Trouble.MOVED)
    told = staff.get_by_role("alert").filter(has_text=Trouble.MOVED.sentence)
    await expect(told).to_be_visible()
    await expect(staff.locator("#how")).to_have_text("moved")
    await expect(staff.locator('.poly[data-state="unknown"]')).to_have_count(2)
    assert await staff.evaluate("document.documentElement.scrollWidth") == 390

    button = staff.get_by_role("button", name="These are the right places now")
    await button.focus()
    await look(clients, camera, 0, Trouble.MOVED)
    await expect(staff.locator("[aria-labelledby=looks] tbody tr")).to_have_count(4)
    await expect(button).to_be_focused()  # although the part it stands in is another by now
    await button.press("Enter")
    await expect(staff.get_by_text("The places lie right.")).to_be_visible()
    await expect(told).to_have_count(0)
    assert (await cameras.get_camera(camera.id)).trust.trouble is None


async def test_a_node_s_two_areas_are_drawn_each_on_its_picture_or_typed(staff: Page, clients: Clients) -> None:
    camera = await save_camera(await save_lot(), public_id="roof")
    await look(clients, camera, 1, None)
    await staff.goto("/console/cameras/roof/node/settings")
    for name in ("change-area", "gate-area"):
        picture, field = staff.locator(f'[data-areas="#f-{name}"]'), staff.locator(f"#f-{name}")
        await field.fill("0.5,0.5,0.25,0.25")
        await expect(picture.locator("rect")).to_have_count(1)
        await picture.locator("svg").scroll_into_view_if_needed()
        box = await picture.locator("image").bounding_box()
        assert box is not None
        await staff.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"])
        await staff.mouse.down()
        await staff.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
        await staff.mouse.up()
        left, top, width, height = (float(share) for share in (await field.input_value()).split(","))
        assert (left, top, width, height) == pytest.approx((0.1, 0.2, 0.5, 0.4), abs=0.02)
        await staff.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
        await expect(field).to_have_value("")


async def test_a_page_that_renews_itself_keeps_what_is_typed_when_the_sign_in_ends(staff: Page) -> None:
    await save_camera(await save_lot(), 1, public_id="roof")
    await staff.goto("/console/cameras/roof")
    (cookie,) = [each for each in await staff.context.cookies() if each["name"] == "parkhub"]
    name = staff.locator("#f-name")
    await name.fill("Half a na")
    await staff.context.clear_cookies(name="parkhub")
    told = staff.get_by_role("alert").filter(has_text="You are signed out.")
    await expect(told).to_be_visible()
    await staff.context.add_cookies([{part: cookie[part] for part in ("name", "value", "domain", "path")}])
    await expect(told).to_be_hidden()
    await expect(name).to_have_value("Half a na")


async def test_the_list_of_nodes_renews_itself_and_says_when_it_cannot(staff: Page, web: Any) -> None:
    camera = await save_camera(await save_lot(), name="Roof")
    await staff.clock.install()
    await staff.goto("/console/nodes")
    await expect(staff.get_by_role("link", name="Roof")).to_be_visible()
    await fetch("UPDATE camera SET name = 'Gate' WHERE id = {}", camera.id)
    await staff.clock.fast_forward(10_000)
    await expect(staff.get_by_role("link", name="Gate")).to_be_visible()
    await expect(staff.get_by_role("heading", name="Nodes")).to_have_count(1)
    web.stop()
    await staff.clock.fast_forward(10_000)
    await expect(staff.locator("[data-lost]")).to_contain_text("Connection lost")
    web.start()
