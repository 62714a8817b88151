"""A short video analysed by staff in a real browser, against the whole of ParkHub."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import videos
from houses import PATIENCE_MS, browser, parkhub, signed_in
from playwright.sync_api import Browser, Error, Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PHONE = {"width": 390, "height": 844}
SIZE = (640, 480)
FRAMES = 1500


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with parkhub(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A video in which a car comes after half the time, and its mask."""
    folder = tmp_path_factory.mktemp("material")
    video = videos.write(
        folder / "monday.mp4", FRAMES, 30, SIZE, lambda n: ("left",) if n < FRAMES // 2 else ("left", "right")
    )
    mask = folder / "mask.png"
    mask.write_bytes(videos.mask_png(SIZE))
    return video, mask


def upload(page: Page, video: Path, mask: Path) -> None:
    page.get_by_label("Engine").select_option("difference")
    page.get_by_label("Look").select_option("0.2")
    page.get_by_label("Video").set_input_files(video)
    page.get_by_label("Where the places are").set_input_files(mask)
    page.get_by_role("button", name="Upload and analyse").click()


def follow(page: Page) -> list[int]:
    """What the progress bar says, again and again, until the result is there."""
    told: list[int] = []
    for _ in range(3000):
        with suppress(Error):  # the page is just being left for the result
            if page.locator("video").count():
                return told
            value = page.evaluate("document.querySelector('#bar')?.value ?? null")
            told += [] if value is None else [int(value)]
        page.wait_for_timeout(100)
    raise AssertionError(f"no result after {told}")


def test_a_short_video_is_analysed_and_its_progress_reaches_the_end(
    chromium: Browser, house: tuple[str, str], material: tuple[Path, Path]
) -> None:
    with signed_in(chromium, house) as page:
        upload(page, *material)
        page.wait_for_url("**/console/recordings/*")
        told = follow(page)
        assert told == sorted(told)
        assert told[-1] > told[0]
        expect(page.get_by_text("done", exact=True)).to_be_visible()
        film = page.locator("video").element_handle()
        page.wait_for_function("film => film.readyState >= 1", arg=film)
        length, width, seekable = film.evaluate("f => [f.duration, f.videoWidth, f.seekable.end(0)]")
        assert (round(length), width, round(seekable)) == (50, SIZE[0], 50)
        # a place in the middle can be jumped to, and a picture is there
        film.evaluate("f => { f.currentTime = 20; return new Promise(done => { f.onseeked = done; }); }")
        assert film.evaluate("f => f.readyState") >= 2
        expect(page.get_by_role("img", name=re.compile("1 at the start, 0 at the end"))).to_be_visible()
        page.get_by_text("The same as a table").click()
        expect(page.get_by_role("cell", name="0:00", exact=True)).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        assert download.value.path().read_text().startswith("t_s,free,occupied,unknown,")
        page.goto("/console/recordings")
        expect(page.get_by_role("row", name=re.compile("monday.*done")).first).to_be_visible()  # others sent it too


def test_it_can_be_cancelled_and_deleted_on_a_phone(
    chromium: Browser, house: tuple[str, str], material: tuple[Path, Path]
) -> None:
    with signed_in(chromium, house, viewport=PHONE, has_touch=True) as page:
        upload(page, *material)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("was cancelled")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.on("dialog", lambda asked: asked.accept())
        page.get_by_role("button", name="Delete").click()
        page.wait_for_url("**/console/recordings")
        expect(page.get_by_text("cancelled", exact=True)).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_it_works_without_javascript(chromium: Browser, house: tuple[str, str], material: tuple[Path, Path]) -> None:
    with signed_in(chromium, house, java_script_enabled=False) as page:
        upload(page, *material)
        expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=5 * PATIENCE_MS)
        expect(page.locator("video")).to_be_visible()
