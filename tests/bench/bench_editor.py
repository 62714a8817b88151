"""The spot editor in Chromium: how long a frame takes while spots are moved and the picture is zoomed and panned.

    python tests/bench/bench_editor.py [--spots 400] [--peer 20]

The same is done with few spots in the same browser: what many cost is the ratio. A frame is the time between two
repaints; at 60 a second it takes 16.7 ms, and what takes more than 50 ms is felt.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers
from builders import save_account, save_camera, save_frame, save_lot
from houses import ARGUMENTS, CHROMIUM
from pictures import jpeg
from playwright.async_api import Page, async_playwright
from processes import free_port, running, wait_for
from visitors import EMAIL, PASSWORD

from parkhub.clients import close_clients, open_clients
from parkhub.db.engine import close_database, migrate, open_database
from parkhub.services import accounts
from parkhub.services.looks import Seen, save_look
from parkhub.settings import Settings, load_settings

STEPS = 90
WATCH = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const next = (now) => { window.frames_ms.push(now - last); last = now; window.asked = requestAnimationFrame(next); };
  window.asked = requestAnimationFrame(next);
}"""
TOLD = "() => { cancelAnimationFrame(window.asked); return window.frames_ms.slice(2); }"


async def furnish(settings: Settings, counts: list[int]) -> None:
    """A camera with each number of spots, which has sent a picture."""
    await migrate(settings)
    await open_database(settings)
    clients = await open_clients(settings)
    await save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    now = datetime.now(UTC)
    for count in counts:
        camera = await save_camera(await save_lot(slug=f"lot-{count}"), count, public_id=f"camera-{count}")
        frame = await save_frame(camera, captured_at=now, received_at=now, width=640, height=480)
        await clients.pictures.put(frame.picture_key, jpeg(frame.id))
        await save_look(clients, frame.id, Seen([], 9.0))
    await close_clients(clients)
    await close_database()


async def frames(page: Page, what: str) -> list[float]:
    """Milliseconds between repaints while something is done by the mouse."""
    box = await page.locator("svg.drawing").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.27, box["y"] + box["height"] * 0.27  # in a spot
    await page.mouse.move(x, y)
    await page.evaluate(WATCH)
    if what == "zoom":
        for step in range(STEPS):
            await page.mouse.wheel(0, -40 if step < STEPS // 2 else 40)
    else:
        await page.mouse.down(button="middle" if what == "pan" else "left")
        for step in range(STEPS):
            await page.mouse.move(x + step, y + step / 3)
        await page.mouse.up(button="middle" if what == "pan" else "left")
    found: list[float] = await page.evaluate(TOLD)
    return found


async def measure(address: str, counts: list[int]) -> None:
    """Print a line for each number of spots and each thing that is done."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(base_url=address, viewport={"width": 1440, "height": 1200})
        await page.goto("/console/lots")
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/console/lots")
        for count in counts:
            await page.goto(f"/console/cameras/camera-{count}/spots")
            await page.locator("#spot-editor[data-ready]").wait_for(state="attached")
            assert await page.locator(".poly").count() == count
            await page.wait_for_timeout(1000)
            for what in ("move one", "move all", "zoom", "pan"):
                await page.locator("svg.drawing").focus()
                await page.keyboard.press("Escape")
                if what == "move all":
                    await page.keyboard.press("Control+a")
                took = sorted(await frames(page, what))
                said = {
                    "spots": count,
                    "done": what,
                    "frames": len(took),
                    "ms_p50": round(statistics.median(took), 1),
                    "ms_p95": round(took[int(len(took) * 0.95)], 1),
                    "ms_max": round(took[-1], 1),
                    "above_50_ms": sum(each > 50 for each in took),
                    "load": round(os.getloadavg()[0], 1),
                }
                print(json.dumps(said), flush=True)
        await browser.close()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spots", type=int, default=400)
    parser.add_argument("--peer", type=int, default=20)
    asked = parser.parse_args()
    counts = [asked.peer, asked.spots]
    with tempfile.TemporaryDirectory() as folder, servers.redis() as socket:
        settings = load_settings(
            data_dir=Path(folder), redis_url=f"unix://{socket}", port=free_port(), log_level="error"
        )
        asyncio.run(furnish(settings, counts))
        given = {
            "PARKHUB_DATA_DIR": folder,
            "PARKHUB_REDIS_URL": settings.redis_url,
            "PARKHUB_PORT": str(settings.port),
            "PARKHUB_LOG_LEVEL": "error",
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "parkhub.app:create_app", "--port", str(settings.port)]
        with running(command, Path(folder), {**os.environ, **given}) as web:
            wait_for(lambda: "Uvicorn running" in web.stderr, "the web process")
            asyncio.run(measure(settings.address, counts))


if __name__ == "__main__":
    main()
