"""The first-run guide in a real browser: from an empty database to a lot with places, prices and a display."""

from datetime import UTC, datetime

import pytest
from builders import a_track, save_frame
from pictures import jpeg
from playwright.async_api import Page, expect

from parkhub.clients import Clients
from parkhub.db import cameras, lots, spot_imports, spots, tariffs
from parkhub.domain.spots import SpotState
from parkhub.domain.spots_file import parse_spots_json
from parkhub.services import spots as spot_services
from parkhub.services.looks import Seen, save_look

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PLACES = b"""{"size": [640, 480], "spots": [
  {"id": "A1", "polygon": [[0, 300], [90, 300], [90, 470], [0, 470]]},
  {"id": "A2", "polygon": [[100, 300], [190, 300], [190, 470], [100, 470]]}]}"""


async def test_an_empty_house_becomes_a_working_lot(staff: Page, clients: Clients) -> None:
    await staff.get_by_role("link", name="Begin the guide").click()
    await staff.get_by_label("Name").fill("Harbour Street")
    await staff.get_by_label("Opening times").fill("Mo-Fr 08:00-18:00")
    await expect(staff.locator("#week")).to_contain_text("08:00–18:00")
    await staff.get_by_role("button", name="Add the car park").click()

    await staff.get_by_label("Name of the camera").fill("Roof")
    await staff.get_by_role("button", name="Add the camera").click()
    await expect(staff.locator("#key")).to_be_visible()
    await expect(staff.locator("#arrival")).to_contain_text("Waiting for the first picture")
    [camera] = await cameras.list_cameras()
    await staff.evaluate("htmx.trigger('[data-waits]', 'came')")  # as it asks by itself every ten seconds
    await expect(staff.locator("#arrival.htmx-request, .htmx-settling")).to_have_count(0)
    await staff.evaluate("document.addEventListener('came', () => { document.body.dataset.told = ''; })")
    await staff.evaluate("document.querySelector('#key').dataset.still = 'here'")  # the page must not be left for this
    now = datetime.now(UTC)
    frame = await save_frame(camera, captured_at=now, received_at=now, width=640, height=480)
    await clients.pictures.put(frame.picture_key, jpeg(frame.id))
    await save_look(clients, frame.id, Seen([], 9.0))
    await expect(staff.get_by_text("The first picture of Roof has come.")).to_be_visible()
    await expect(staff.locator("body[data-told] #key[data-still=here]")).to_be_visible()
    await staff.get_by_role("link", name="Next: its places").click()

    await staff.get_by_label("Or take them from a file").set_input_files(
        {"name": "spots.json", "mimeType": "application/json", "buffer": PLACES}
    )
    await staff.get_by_role("button", name="Mark the places").click()
    await expect(staff.get_by_text("The file is being read.")).to_be_visible()
    waiting = await spot_imports.latest_spot_import(camera.id)
    assert waiting is not None
    await spot_services.finish_import(clients, waiting, parse_spots_json(PLACES))  # as the vision process does
    await expect(staff.get_by_text("2 places are marked.")).to_be_visible()
    await staff.get_by_role("link", name="Next: prices").click()

    await staff.get_by_role("button", name="Let these prices hold").click()
    await expect(staff.get_by_text("These prices hold.")).to_be_visible()
    await staff.get_by_role("link", name="Next: a test").click()
    await staff.get_by_role("button", name="Make a test stay").click()
    await expect(staff.get_by_text("It would have paid", exact=True)).to_be_visible()
    await staff.get_by_role("link", name="Next: payments").click()
    await staff.get_by_role("link", name="Next: done").click()
    await expect(staff.get_by_role("heading", name="Harbour Street works")).to_be_visible()

    lot = await lots.find_lot("harbour-street")
    assert lot is not None
    assert len(await tariffs.list_versions(lot.id)) == 1
    assert len(await spots.list_spots(lot.id)) == 2

    now = datetime.now(UTC)
    await spots.save_tracks(camera.id, [a_track("A1", SpotState.OCCUPIED, seen_at=now), a_track("A2", seen_at=now)])
    first, second = await spots.list_spots(lot.id)
    between = (first.plan.x + second.plan.x + second.plan.width) / 2, first.plan.y + first.plan.height / 2
    await staff.goto("/display/harbour-street?x={:.0f}&y={:.0f}&facing=0".format(*between))
    await expect(staff.locator("[data-here]")).to_have_text("1")
    await expect(staff.locator("[data-say]")).to_have_text("place free, right")
    now = datetime.now(UTC)
    await spots.save_tracks(camera.id, [a_track("A1", seen_at=now), a_track("A2", SpotState.OCCUPIED, seen_at=now)])
    await clients.live.announce(f"lot:{lot.id}")
    await expect(staff.locator("[data-say]")).to_have_text("place free, left")


async def test_what_is_wrong_in_a_folded_field_is_shown(staff: Page) -> None:
    await staff.goto("/console/guide")
    folded, field = staff.locator("summary"), staff.locator("[name=slug]")
    await staff.get_by_label("Name").fill("Harbour Street")
    await folded.click()
    await field.fill("Harbour Street")
    await folded.click()
    await staff.get_by_role("button", name="Add the car park").click()
    await expect(field).to_be_focused()
    assert await lots.list_lots() == []
