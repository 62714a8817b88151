"""A camera's page in a real browser while the camera is turned by somebody."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import save_camera, save_frame, save_lot, seen
from pictures import jpeg
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.db import cameras
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

    await staff.get_by_role("button", name="These are the right places now").click()
    await expect(staff.get_by_text("The places lie right.")).to_be_visible()
    await expect(told).to_have_count(0)
    assert (await cameras.get_camera(camera.id)).trust.trouble is None
