"""A picture's whole way in a real browser, against the whole of ParkHub: from a form to a spot on somebody's page."""

from pathlib import Path

import pytest
import videos
from houses import browser, parkhub, signed_in
from pictures import encode
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def picture(*cars: str) -> bytes:
    """The made-up lot with its two places and the cars that are named."""
    return encode(Image.fromarray(videos.frame(cars)))


def send(page: Page, *cars: str) -> None:
    """Send a picture by hand from the camera's page."""
    file = {"name": "now.jpg", "mimeType": "image/jpeg", "buffer": picture(*cars)}
    page.get_by_label("Picture", exact=True).set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Send the picture").click()


def test_a_picture_changes_a_spot_on_a_page_that_lies_open(tmp_path: Path) -> None:
    with parkhub(tmp_path) as house, browser() as chromium, signed_in(chromium, house) as staff:
        staff.goto("/console/lots/new")
        staff.get_by_label("Name").fill("Harbour Street")
        staff.get_by_role("button", name="Add the car park").click()
        staff.get_by_label("Name").fill("Roof")
        staff.get_by_label("Engine").select_option("difference")
        staff.get_by_role("button", name="Add the camera").click()
        staff.get_by_role("link", name="Go to the camera").click()
        staff.get_by_label("Agreeing looks").fill("1")
        staff.get_by_label("out of the last").fill("1")
        staff.get_by_role("button", name="Save the settings").click()
        expect(staff.get_by_text("The settings are saved.")).to_be_visible()
        mask = {"name": "mask.png", "mimeType": "image/png", "buffer": videos.mask_png()}
        staff.get_by_label("Spots file").set_input_files(mask)  # type: ignore[arg-type]
        staff.get_by_role("button", name="Mark the spots").click()
        expect(staff.get_by_text("2 spots").first).to_be_visible()
        send(staff, "left")

        driver = staff.context.new_page()
        driver.goto("/lots/harbour-street")
        left, right = (driver.locator(f'[data-spot="{name}"]') for name in "12")
        expect(left).to_have_attribute("data-state", "occupied")
        expect(right).to_have_attribute("data-state", "free")
        driver.evaluate("window.opened = true")
        send(staff, "left", "right")
        expect(right).to_have_attribute("data-state", "occupied")
        expect(left).to_have_attribute("data-state", "occupied")
        assert driver.evaluate("window.opened")
