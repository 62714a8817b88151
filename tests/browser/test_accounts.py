"""Signing in, and the console, in a real browser."""

import re
from datetime import UTC, datetime
from typing import Any

import builders
import pytest
from builders import save_camera, save_frame, save_lot
from pictures import jpeg
from playwright.async_api import Page, expect
from visitors import EMAIL, PASSWORD

from parkhub.clients import Clients
from parkhub.db import cameras, frames, spots
from parkhub.domain.frames import FrameStatus
from parkhub.services import accounts

pytestmark = pytest.mark.browser


async def test_somebody_signs_in_and_out(browse: Any, clients: Clients) -> None:
    await builders.save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    page = await (await browse()).new_page()
    await page.goto("/console/cameras")
    await expect(page).to_have_url(re.compile(r"/sign-in\?next=/console/cameras$"))
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("E-mail and password do not match. 4 tries left.")
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Cameras", exact=True)).to_be_visible()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Sign out").click()
    await page.go_back()
    await page.reload()
    await expect(page).to_have_url(re.compile("/sign-in"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_lot_and_a_camera_are_set_up(browse: Any, clients: Clients, scripts: bool) -> None:
    await builders.save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    page = await (await browse(java_script_enabled=scripts)).new_page()
    await page.goto("/console")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="Begin the guide")).to_be_visible()
    await page.goto("/console/lots/new")
    await page.get_by_label("Name").fill("Harbour Street")
    await page.get_by_role("button", name="Add the car park").click()
    await page.get_by_label("Name").fill("North gate")
    await page.get_by_role("button", name="Add the camera").click()
    await expect(page.get_by_role("heading", name="North gate is added")).to_be_visible()
    await expect(page.locator("#key")).to_have_text(re.compile(r"^[\w-]{43}$"))
    [camera] = await cameras.list_cameras()
    if scripts:  # a reload must not add it again
        await expect(page).to_have_url(re.compile(f"/console/cameras/{camera.public_id}$"))
    await page.get_by_role("link", name="Go to the camera").click()
    await page.get_by_label("Not seen after, seconds").fill("2")
    await page.get_by_role("button", name="Save the settings").click()
    await expect(page.get_by_text("Use 5 to 86400 seconds.")).to_be_visible()
    await page.get_by_label("Not seen after, seconds").fill("120")
    await page.get_by_role("button", name="Save the settings").click()
    await expect(page.get_by_text("The settings are saved.")).to_be_visible()
    assert (await cameras.get_camera(camera.id)).stale_after_s == 120


async def test_a_picture_is_sent_by_hand_and_its_result_comes_by_itself(staff: Page, clients: Clients) -> None:
    camera = await save_camera(None, 2, public_id="roof")
    await staff.goto("/console/cameras/roof")
    picture = {"name": "now.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    await staff.get_by_label("Picture", exact=True).set_input_files(picture)  # type: ignore[arg-type]
    await staff.get_by_role("button", name="Send the picture").click()
    await expect(staff.get_by_role("cell", name="waiting")).to_be_visible()
    [frame] = await frames.list_frames(camera.id, 1)
    await frames.finish_frame(frame.id, FrameStatus.READ, 10.0, [], "")
    await expect(staff.get_by_role("img", name="Last picture of")).to_be_visible()
    await expect(staff.get_by_role("cell", name="✓ read")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 900])
async def test_the_console_fits_a_phone(staff: Page, width: int) -> None:
    camera = await save_camera(await save_lot(name="Harbour Street Car Park"), 5, public_id="roof")
    await save_frame(camera)
    await staff.set_viewport_size({"width": width, "height": 700})
    for path in (
        "/console",
        "/console/cameras",
        "/console/cameras/roof",
        "/console/lots/new",
        "/console/cameras/new",
        "/console/recordings",
    ):
        await staff.goto(path)
        wide = await staff.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, path


async def test_the_console_says_when_it_can_no_longer_renew_itself(staff: Page, web: Any) -> None:
    camera = await save_camera(await save_lot(), 1, stale_after_s=86_400)
    at = datetime.now(UTC)
    await spots.save_tracks(camera.id, [builders.a_track("A1", seen_at=at, since=at)])
    await cameras.set_last_look(camera.id, (await save_frame(camera)).id, at)
    await staff.goto("/console")
    live, lost = staff.locator(".now .live"), staff.locator("[data-lost]")
    await expect(live).to_have_attribute("data-state", "live")
    await expect(lost).to_be_empty()
    web.stop()
    await expect(lost).to_have_text(re.compile(r"^Connection lost, this is \d+ (s|min) old$"))
    await expect(live).to_have_attribute("data-state", "stale")
    await cameras.set_last_look(camera.id, (await save_frame(camera)).id, datetime.now(UTC))
    web.start()
    await expect(lost).to_be_empty()
    await expect(live).to_have_attribute("data-state", "live")
