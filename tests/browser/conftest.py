"""Chromium, and the web process it talks to, on the test's own database and Redis."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import builders
import pytest
from houses import ARGUMENTS, CHROMIUM, PATIENCE_MS
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect
from processes import Program, free_port, running, wait_for
from visitors import EMAIL, PASSWORD

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db.engine import close_database, open_database
from parkhub.services import accounts
from parkhub.settings import Settings

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class WebProcess:
    """The web process, which a test may stop and start again at the same address."""

    settings: Settings
    folder: Path
    port: int = field(default_factory=free_port)
    _running: AbstractContextManager[Program] | None = None
    _program: Program | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "uvicorn", "--factory", "parkhub.app:create_app", "--port", str(self.port)]
        env = {
            "PARKHUB_DATA_DIR": str(self.settings.data_dir),
            "PARKHUB_REDIS_URL": self.settings.redis_url,
            "PARKHUB_PORT": str(self.port),
            "PARKHUB_STRIPE_API_BASE": self.settings.stripe_api_base,
            "PARKHUB_STRIPE_SECRET_KEY": self.settings.stripe_secret_key.get_secret_value(),
            "PARKHUB_STRIPE_WEBHOOK_SECRET": self.settings.stripe_webhook_secret.get_secret_value(),
            "PARKHUB_LOG_FORMAT": "json",
        }
        self._running = running(command, self.folder, {**os.environ, **env})
        self._program = self._running.__enter__()
        wait_for(lambda: "Uvicorn running" in self._program.stderr or None, "the web process")  # type: ignore[union-attr]

    def stop(self) -> None:
        """Stop it as an operator does."""
        assert self._program is not None
        self._program.signal(signal.SIGTERM)
        assert self._program.end() in (0, -signal.SIGTERM)

    def close(self) -> None:
        """Make sure that it is gone."""
        if self._running is not None:
            self._running.__exit__(None, None, None)


@pytest.fixture
def web_settings(sqlite_settings: Settings, redis_url: str) -> Settings:
    """Settings that the test shares with the web process."""
    return sqlite_settings.model_copy(update={"redis_url": redis_url})


@pytest.fixture
def web(web_settings: Settings, tmp_path: Path) -> Iterator[WebProcess]:
    """A running web process."""
    process = WebProcess(web_settings, tmp_path)
    try:
        process.start()
        yield process
    finally:
        process.close()


@pytest.fixture
async def clients(web_settings: Settings) -> AsyncIterator[Clients]:
    """The test's own way to the database and to Redis, as another process has it."""
    await open_database(web_settings)
    found = await open_clients(web_settings)
    yield found
    await close_clients(found)
    await close_database()


@pytest.fixture(scope="session")
async def chromium_async() -> AsyncIterator[Browser]:
    """One browser for the session."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail("Chromium is needed in CI.")
        pytest.skip("Chromium is not installed.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


OpenBrowser = Callable[..., Awaitable[BrowserContext]]


@pytest.fixture
async def browse(chromium_async: Browser, web: WebProcess) -> AsyncIterator[OpenBrowser]:
    """Open a fresh window on the web process; the test fails when a page complains about a script or a policy."""
    complaints: list[str] = []
    opened: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        # Tests stop the web process, requests give way to newer ones, slow machines keep them waiting: errors to htmx.
        allowed = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError", "htmx:sendAbort", "htmx:timeout")
        if message.type == "error" and not message.text.startswith(allowed):
            complaints.append(message.text)

    async def open_context(**given: Any) -> BrowserContext:
        context = await chromium_async.new_context(base_url=web.address, **given)
        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        await context.close()
    assert complaints == []


@pytest.fixture
async def staff(browse: OpenBrowser, clients: Clients) -> Page:
    """A page of somebody who has signed in as people do."""
    await builders.save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    page = await (await browse()).new_page()
    await sign_in(page)
    return page


@pytest.fixture
async def routed(staff: Page) -> Page:
    """`staff`, all of whose requests pass by here from before a page is opened: a route set later counts at once."""
    await staff.route("**", lambda route: route.fallback())
    return staff


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form and send it."""
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/console")
