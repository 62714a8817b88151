"""Labelled sets in a real browser."""

from datetime import UTC, datetime

import pytest
from builders import save_camera, save_frame, save_lot, seen
from pictures import jpeg
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.db import labelled_sets
from parkhub.domain.spots import SpotState
from parkhub.services.labels import finish_crop
from parkhub.services.looks import Seen, save_look

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = "/console/lots/harbour/labels"


async def test_a_set_is_downloaded_as_often_as_its_button_is_pressed(staff: Page, clients: Clients) -> None:
    camera, now = await save_camera(await save_lot(slug="harbour"), 1), datetime.now(UTC)
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await clients.pictures.put(frame.picture_key, jpeg(size=(320, 180)))
    await save_look(clients, frame.id, Seen(seen(SpotState.FREE, "A1"), 1))
    await staff.goto(PAGE)
    await staff.get_by_role("button", name="Save as crops").click()
    await expect(staff.get_by_text("1 place saved")).to_be_visible()
    (label,) = await labelled_sets.list_set(camera.lot_id, None, None, None, 9)
    await finish_crop(clients, label, b"a picture", ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7)))
    await staff.reload()
    await staff.locator(f'form[action="{PAGE}/confirm"] button').click()
    button = staff.get_by_role("button", name="Download 1 as a set")
    for _ in range(2):
        async with staff.expect_download() as coming:
            await button.click()
        assert (await coming.value).suggested_filename.endswith(".zip")
