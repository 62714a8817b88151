"""Pictures dropped by staff in a real browser and a folder they have watched, against the whole of ParkHub."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders import save_camera, save_lot
from houses import browser, parkhub, signed_in
from pictures import jpeg
from playwright.sync_api import Browser, expect
from processes import wait_for

from parkhub.db.engine import close_database, open_database
from parkhub.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = "/console/recordings/pictures"
DROP = """([zone, files]) => {
  const carried = new DataTransfer();
  for (const [name, bytes] of files) carried.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
  for (const kind of ["dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: carried}));
  }
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("cameras") / "roof"
    found.mkdir()
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, place: Path) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("house")
    with parkhub(folder, PARKHUB_WATCH_ROOTS=str(place.parent)) as found:

        async def furnish() -> None:
            await open_database(load_settings(data_dir=folder / "data"))
            await save_camera(await save_lot(name="Harbour"), name="Roof")
            await close_database()

        with ThreadPoolExecutor(1) as aside:  # this thread's loop is the browser's
            aside.submit(lambda: asyncio.run(furnish())).result()
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def test_pictures_are_dropped_sent_and_looked_at(chromium: Browser, house: tuple[str, str]) -> None:
    with signed_in(chromium, house, viewport={"width": 1440, "height": 900}) as page:
        page.goto(PAGE)
        page.get_by_label("What to do").select_option("vehicles")
        files = [[f"{seed}.jpg", list(jpeg(seed, (640, 400)))] for seed in range(3)]
        page.evaluate(DROP, [page.locator("[data-drop]").element_handle(), files])
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("All looked at")).to_be_visible()
        expect(page.get_by_text("no vehicle")).to_have_count(3)
        page.get_by_role("link", name="1.jpg").click()
        expect(page.get_by_role("img", name="1.jpg: no vehicle")).to_be_visible()
        page.get_by_role("link", name="Later").click()
        expect(page.get_by_role("heading", name="2.jpg")).to_be_visible()


def test_a_folder_is_watched_and_its_picture_taken_while_one_looks(
    chromium: Browser, house: tuple[str, str], place: Path
) -> None:
    with signed_in(chromium, house, viewport={"width": 390, "height": 844}) as page:
        page.goto("/console/recordings/folders")
        page.get_by_label("Folder on the server").fill(str(place))
        page.get_by_label("When a picture was taken").select_option("now")
        page.get_by_label(re.compile("Delete files")).check()
        page.get_by_role("button", name="Watch", exact=True).click()
        expect(page.get_by_text("Its pictures are taken within seconds.")).to_be_visible()
        (place / "a.jpg").write_bytes(jpeg(7, (640, 400)))
        expect(page.locator("#folders [data-label=Taken]")).to_have_text(re.compile("^1"))
        wait_for(lambda: not list(place.iterdir()), "the file to be deleted, after it was counted")
