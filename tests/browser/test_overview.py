"""The live view in a real browser, while parts of it are on their way."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from builders import a_track, save_camera, save_lot
from playwright.async_api import Page, Route, expect

from parkhub.clients import Clients
from parkhub.db import lots, spots
from parkhub.domain.spots import SpotState
from parkhub.services.review_holds import TOPIC

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def test_what_is_told_while_parts_are_loaded_anew_stays_and_what_failed_is_loaded_again(
    routed: Page, clients: Clients
) -> None:
    lot = await save_lot(name="Harbour")
    camera = await save_camera(lot, 2, stale_after_s=86_400)

    async def now(first: SpotState) -> None:
        at = datetime.now(UTC)
        await spots.save_tracks(camera.id, [a_track("A1", first, seen_at=at), a_track("A2", seen_at=at)])
        await clients.live.announce(TOPIC)

    async def call_it(name: str) -> None:
        await lots.save_details(replace(lot, name=name))
        await clients.live.announce(TOPIC)

    await now(SpotState.OCCUPIED)
    await routed.goto("/console")
    free = routed.locator("[data-lot] [data-figure=free]")
    await expect(free).to_have_text("1")
    failed = asyncio.Event()

    async def fail(route: Route) -> None:
        await route.abort()
        failed.set()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await now(SpotState.FREE)
        await expect(free).to_have_text("2")
        await route.fulfill(response=answer)

    await routed.route("**/console/now", late)
    await routed.route("**/console/now", fail, times=1)  # the last one set is asked first
    await call_it("Mill")
    await asyncio.wait_for(failed.wait(), 60)
    await now(SpotState.UNKNOWN)
    await expect(routed.get_by_role("heading", name="Mill")).to_be_visible()
    await expect(free).to_have_text("2")


async def test_a_car_park_that_is_added_meanwhile_appears(staff: Page) -> None:
    await save_camera(await save_lot(name="Harbour"), 2)
    await staff.goto("/console")
    await expect(staff.get_by_role("heading", name="Harbour")).to_be_visible()
    await save_lot(name="Meadow", slug="meadow")
    await expect(staff.get_by_role("heading", name="Meadow")).to_be_visible()
    await expect(staff.locator("[data-lost]")).to_be_empty()
