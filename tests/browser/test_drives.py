"""Lanes drawn in a real browser: by mouse and by keyboard, joined, taken back, saved, and shown by a monitor."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import a_new_spot, a_track, save_camera, save_lot
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.db import cameras, drives, spots
from parkhub.domain.drives import Drives, Lane, Monitor
from parkhub.domain.lots import Lot
from parkhub.domain.spots import BayPlan, BayShape, SpotState

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
async def lot(staff: Page) -> Lot:
    found = await save_lot(slug="harbour", plan_width=400, plan_height=200)
    bays = [a_new_spot(f"A{at}", plan=BayPlan(BayShape.MOUTH_DOWN, 40 + 22 * at, 20, 22, 46)) for at in range(12)]
    await save_camera(found, bays, stale_after_s=86_400)
    await staff.goto("/console/lots/harbour/drives")
    await expect(staff.locator("#drives-editor[data-ready]")).to_be_attached()
    return found


async def press(page: Page, x: float, y: float) -> None:
    """On the plan, in plan units."""
    box = await page.locator("svg.drawing").bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] * x / 400, box["y"] + box["height"] * y / 200)


async def saved(page: Page, lot: Lot) -> Drives:
    await page.get_by_role("button", name="Save the lanes").click()
    await expect(page.get_by_text("The lanes are saved")).to_be_visible()
    return await drives.find_drives(lot.id)


async def test_lanes_are_drawn_joined_taken_back_and_shown_by_a_monitor(staff: Page, lot: Lot) -> None:
    await staff.keyboard.press("l")
    for at in ((20, 100), (380, 100), (380, 100)):
        await press(staff, *at)
    for at in ((200, 190), (201, 101), (201, 101)):
        await press(staff, *at)
    await expect(staff.locator(".ways .lane")).to_have_count(2)
    await staff.get_by_role("button", name="One way").click()
    await staff.keyboard.press("e")
    await press(staff, 200, 190)
    await staff.keyboard.press("m")
    await press(staff, 200, 170)
    await staff.get_by_label("Name").fill("Gate")
    await staff.get_by_label("Name").press("Tab")
    drawn = await saved(staff, lot)
    across, up = drawn.lanes
    assert (len(across.points), len(up.points), across.one_way, up.one_way) == (3, 2, False, True)
    assert up.points[-1] in across.points  # the lane across has got a node where the other one meets it
    assert drawn.entrances == (up.points[0],)
    assert [(monitor.name, monitor.heading) for monitor in drawn.monitors] == [("Gate", 0)]
    await expect(staff.get_by_text("The lanes lead from an entrance to every place.")).to_be_visible()
    await staff.locator("svg.drawing").focus()
    await press(staff, 100, 100)
    await staff.keyboard.press("Delete")
    await expect(staff.locator(".ways .lane")).to_have_count(1)
    await staff.keyboard.press("Control+z")
    await expect(staff.locator(".ways .lane")).to_have_count(2)


async def test_a_monitor_points_by_the_lanes_and_keeps_what_it_knew(
    staff: Page, lot: Lot, clients: Clients, web: Any
) -> None:
    up, across = Lane(((180, 190), (180, 100))), Lane(((20, 100), (180, 100), (380, 100)))
    await drives.save_drives(lot.id, Drives((up, across), (), (Monitor("Gate", (180, 170), 0),)))
    now, (camera,) = datetime.now(UTC), await cameras.list_cameras(lot.id)
    names = [spot.name for spot in await spots.list_spots(lot.id)]

    async def free(name: str) -> None:
        states = {each: SpotState.FREE if each == name else SpotState.OCCUPIED for each in names}
        tracks = [a_track(each, state, seen_at=now, since=now) for each, state in states.items()]
        await spots.save_tracks(camera.id, tracks)
        await clients.live.announce(f"lot:{lot.id}")

    await free("A11")
    await staff.goto("/display/harbour?monitor=Gate")
    await expect(staff.locator("[data-say]")).to_have_text("place free, right")
    await free("A0")
    await expect(staff.locator("[data-say]")).to_have_text("place free, left")
    web.stop()
    await expect(staff.locator("[data-freshness]")).to_have_text(re.compile(r"^Connection lost"))
    await expect(staff.locator("[data-here]")).to_have_text("1")
    await expect(staff.locator("[data-say]")).to_have_text("place free, left")


async def test_a_lane_is_drawn_without_a_pointer(staff: Page, lot: Lot) -> None:
    await staff.locator("svg.drawing").focus()
    keys = ["l", "ArrowLeft", "Enter", *["ArrowRight"] * 4, "Enter", "Enter", "Escape", "Tab", "Tab", "ArrowDown"]
    for key in keys:
        await staff.keyboard.press(key)
    (lane,) = (await saved(staff, lot)).lanes
    assert lane.points == ((190, 110), (230, 100))
