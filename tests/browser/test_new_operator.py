"""A new operator's first days in a real browser: from an empty database to a day that is closed.

Everything runs as it does elsewhere: web process, workers, Redis, the node that sends the first picture. Only the cars
are made up, and what their plates look like to a camera.
"""

import asyncio
import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from first_days import SPOTS, mask, past_midnight, spend_a_day
from pictures import jpeg
from playwright.async_api import Page, expect
from workers import ROOT, worker

from parkhub.clients import Clients
from parkhub.db import day_closes as close_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lots as lot_rows
from parkhub.db import reviews as review_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.local_time import day_span
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction
from parkhub.domain.report_periods import Length, around
from parkhub.languages import ENGLISH
from parkhub.services import accounts, ledger, reports, simulated_day
from parkhub.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PASSWORD = "a long new password"


@pytest.fixture
def vision(web_settings: Settings, tmp_path: Path) -> Iterator[None]:
    """The process that reads pictures and masks."""
    with worker("vision", web_settings, tmp_path):
        yield


async def sign_in(page: Page, email: str, password: str) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/console$"))


async def send_a_picture(page: Page, folder: Path) -> None:
    """As the guide says: keep the key in a file, and have the node send the pictures of a folder."""
    command = (await page.locator("#command").inner_text()).replace("\\\n", "").replace("--watch", "").split()
    (folder / "pictures").mkdir()
    (folder / "pictures" / "first.jpg").write_bytes(jpeg(size=(1920, 1080)))
    key = folder / "camera.key"
    key.touch(0o600)
    key.write_text(await page.locator("#key").inner_text())
    node = [sys.executable, "-m", "camera_node", *command[1:], "--retry-for", "30"]
    env = {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder)}
    done = await asyncio.to_thread(subprocess.run, node, cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


async def guide(page: Page, zone: str, folder: Path) -> None:
    await page.get_by_role("link", name="Begin the guide").click()
    await page.get_by_label("Name").fill("Stadium")
    await page.get_by_label("Time zone").select_option(zone)
    await page.get_by_label("Opening times").fill("24/7")
    await page.get_by_role("button", name="Add the car park").click()
    await page.get_by_label("Name of the camera").fill("Roof")
    await page.get_by_role("button", name="Add the camera").click()
    await expect(page.locator("#arrival")).to_contain_text("Waiting for the first picture")
    await send_a_picture(page, folder)
    await expect(page.get_by_text("The first picture of Roof has come.")).to_be_visible()
    await page.get_by_role("link", name="Next: its places").click()

    await page.get_by_label("Or take them from a file").set_input_files(
        {"name": "mask.png", "mimeType": "image/png", "buffer": mask()}
    )
    await page.get_by_role("button", name="Mark the places").click()
    await expect(page.get_by_text(f"{SPOTS} places are marked.")).to_be_visible()
    await page.get_by_role("link", name="Next: prices").click()

    await page.get_by_label("Example").select_option("mall")
    await page.get_by_label("Currency").fill("EUR")
    await page.get_by_role("button", name="Use this example").click()
    await page.get_by_role("button", name="Let these prices hold").click()
    await page.get_by_role("link", name="Next: a test").click()
    await page.get_by_role("button", name="Make a test stay").click()
    await expect(page.get_by_text("It would have paid", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Next: payments").click()
    await page.get_by_role("link", name="Next: done").click()
    await expect(page.get_by_role("heading", name="Stadium works")).to_be_visible()


async def add_gate(page: Page, name: str, role: str) -> None:
    await page.goto("/console/cameras/new?lot=stadium")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Who passes it").select_option(role)
    await page.get_by_role("button", name="Add the camera").click()
    await expect(page.get_by_role("heading", name=f"{name} is added")).to_be_visible()


async def invite(owner: Page, guest: Page) -> None:
    await owner.get_by_role("link", name="People").click()
    await owner.get_by_role("link", name="Invite somebody").click()
    await owner.get_by_label("E-mail").fill("sam@example.org")
    await owner.get_by_label("Name").fill("Sam")
    await owner.get_by_label("Attendant").check()
    await owner.get_by_label("Sees plates").check()
    await owner.get_by_label("Only these").check()
    await owner.get_by_label("Stadium").check()
    await owner.get_by_role("button", name="Invite").click()
    await guest.goto(await owner.locator("#link").inner_text())
    await guest.get_by_label("Password").fill(PASSWORD)
    async with guest.expect_navigation():
        await guest.keyboard.press("Enter")
    await sign_in(guest, "sam@example.org", PASSWORD)


async def clear_queue(page: Page, asked: int) -> None:
    """By keyboard alone: the likeliest answer where one is offered, else that there is nothing."""
    desk = page.locator("#desk")
    waiting, busy = desk.locator("[data-waiting]"), desk.locator(".htmx-request")
    for left in range(asked - 1, -1, -1):
        await expect(waiting).to_have_text(str(left + 1))
        await expect(busy).to_have_count(0)
        pictures = desk.locator(".pair img")
        await expect(pictures.first).to_be_visible()
        assert await pictures.first.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
        await page.keyboard.press("1" if await desk.locator("[data-key='1']").count() else "n")
    await expect(desk.get_by_role("heading", name="Nothing waits")).to_be_visible()


async def figure(page: Page, words: str) -> str:
    """What a report says of one figure."""
    return await page.locator(".stat", has=page.locator("dt", has_text=words)).locator("dd").first.inner_text()


async def test_a_new_operator_gets_from_an_empty_database_to_a_closed_day(
    browse: Any, clients: Clients, web_settings: Settings, vision: None, tmp_path: Path
) -> None:
    password = await accounts.ensure_owner(datetime.now(UTC))
    assert password is not None
    owner = await (await browse(viewport={"width": 1440, "height": 900})).new_page()
    await sign_in(owner, accounts.OWNER_EMAIL, password)
    zone = past_midnight()
    await guide(owner, zone, tmp_path)
    for gate, role in ((Direction.ENTRY, "entrance"), (Direction.EXIT, "exit")):
        await add_gate(owner, simulated_day.GATES[gate], role)
    attendant = await (await browse(viewport={"width": 390, "height": 844})).new_page()
    await invite(owner, attendant)
    await expect(attendant.get_by_role("link", name="Reports")).to_have_count(0)

    lot = await lot_rows.find_lot("stadium")
    assert lot is not None
    assert len(await spot_rows.list_spots(lot.id)) == SPOTS
    yesterday = datetime.now(ZoneInfo(zone)).date() - timedelta(days=1)
    await spend_a_day(clients, lot, day_span(yesterday, ZoneInfo(zone)).start)
    asked = await review_rows.list_open(lot.id)
    assert len({review.question for review in asked}) > 1
    with worker("work", web_settings, tmp_path):
        await attendant.goto("/console/review")
        await clear_queue(attendant, len(asked))
        assert await review_rows.list_open(lot.id) == []
        await attendant.keyboard.press("u")
        await clear_queue(attendant, 1)

        assert await ledger.verify(lot.id) == []
        await reports.keep(web_settings, datetime.now(UTC))  # as the worker does every five minutes
        await read_month(owner, lot, zone, yesterday.isoformat())
        await close(owner, lot, yesterday.isoformat())
    [closed] = await close_rows.list_closes(lot.id, yesterday, yesterday + timedelta(days=1))
    assert closed.who == accounts.OWNER_EMAIL


async def read_month(page: Page, lot: Lot, zone: str, day: str) -> None:
    """The page and the file say what the ledger says."""
    month = around(Length.MONTH, datetime.fromisoformat(day).date())
    first, after = (day_span(each, ZoneInfo(zone)).start for each in (month.since, month.until))
    posted = await ledger_rows.sum_postings(lot.id, first, after)
    earned = {Account.REVENUE, Account.TAX_PAYABLE}
    charged = -sum(each.amount_cents for each in posted if each.account in earned)
    received = sum(each.amount_cents for each in posted if (each.kind, each.account) == (Kind.PAYMENT, Account.CASH))
    assert min(charged, received) > 0

    await page.get_by_role("link", name="Reports").click()
    await page.get_by_label("Day in it").fill(day)
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_url(f"**at={day}*")
    assert await figure(page, "Charged") == ENGLISH.money(charged, "EUR")
    assert await figure(page, "Received") == ENGLISH.money(received, "EUR")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    rows = {row[0]: row for row in csv.reader(io.StringIO((await (await download.value).path()).read_text())) if row}
    assert rows["Charged"][1:3] == ["EUR", f"{charged / 100:.2f}"]
    assert rows["Received"][1:3] == ["EUR", f"{received / 100:.2f}"]


async def close(page: Page, lot: Lot, day: str) -> None:
    await page.get_by_label("Period", exact=True).select_option("day")
    await page.get_by_label("Day in it").fill(day)
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("button", name=re.compile("^Close ")).click()
    await expect(page.get_by_text("The day is closed.")).to_be_visible()
    await expect(page.get_by_text("The ledger still says the same.")).to_be_visible()
