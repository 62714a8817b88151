"""The whole of ParkHub as people start it, and somebody in a real browser who has signed in to it."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from processes import free_port, running, wait_for

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
"""What is expected comes, but not at once on a machine that is busy with other tests."""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def parkhub(folder: Path, **given: str) -> Iterator[tuple[str, str]]:
    """ParkHub as people start it, with those variables of its environment: its address and the owner's password."""
    command = [str(Path(sys.executable).with_name("parkhub")), "up"]
    address = f"http://127.0.0.1:{(port := free_port())}"
    options = ["--data-dir", str(folder / "data"), "--port", str(port)]
    with running([*command, *options], folder, {"PARKHUB_LOG_FORMAT": "json", **given}, cwd=folder) as program:
        wait_for(lambda: "ParkHub is running" in program.stdout or program.process.poll() is not None, "the start")
        password = re.search(r"password +(\S+)", program.stdout)
        assert password, program.stderr
        yield address, password[1]


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed.")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@contextmanager
def signed_in(chromium: Browser, house: tuple[str, str], **given: Any) -> Iterator[Page]:
    """A page on Recordings; ends wrong when the browser had something to complain about."""
    address, password = house
    complaints: list[str] = []
    with chromium.new_context(base_url=address, **given) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/console/recordings")
        page.get_by_label("E-mail").fill("owner@parkhub.local")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Recordings", exact=True)).to_be_visible()
        yield page
    assert complaints == []
