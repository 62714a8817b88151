"""`make lighthouse`: Lighthouse's marks for drivers' pages as a phone gets them, and what goes over the wire.

With ``--desk`` the console's pages as a desk gets them, signed in as the owner; search engines never see those.

Ends with 1 when a mark is below 95 or the pay page is above 60 KB. Lighthouse slows network and processor down itself
(simulated 4G, processor 4 times slower), but a busy machine still costs marks: `benchmark` says how fast it found it,
and a page that falls short is looked at up to three times. Each look is a line.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from houses import ARGUMENTS, CHROMIUM
from playwright.async_api import async_playwright
from shown_pages import shown_house, sign_in

PROGRAM: Final = Path(__file__).parent / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
MARKS: Final = {"performance": "perf", "accessibility": "a11y", "best-practices": "best", "seo": "seo"}
PAGES: Final = ("lot", "find", "stay", "receipt", "book")
DESK: Final = ("console", "sessions", "session", "review", "reports", "money", "camera", "tariff")
AIM: Final = 95
TRIES: Final = 3
PAY_BYTES_MAX: Final = 60 * 1024


def look(node: str, address: str, folder: Path, cookie: str) -> dict[str, Any] | None:
    """Lighthouse's report on one page; None when it gave up, as it does on a machine that is too busy.

    With the ``cookie`` of somebody who has signed in, as a desk gets it and without what search engines want.
    """
    report = folder / "report.json"
    command = [
        *(node, str(PROGRAM), address, "--quiet", "--output=json", f"--output-path={report}"),
        f"--only-categories={','.join(mark for mark in MARKS if not (cookie and mark == 'seo'))}",
        *(("--preset=desktop", f"--extra-headers={json.dumps({'Cookie': cookie})}") if cookie else ()),
        f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
    ]
    if subprocess.run(command, check=False, env={**os.environ, "CHROME_PATH": str(CHROMIUM)}).returncode:
        return None
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def marks(report: dict[str, Any]) -> list[str]:
    """Those that it gives."""
    return [mark for mark in MARKS if mark in report["categories"]]


def wrong(report: dict[str, Any]) -> list[str]:
    """Titles of the audits that cost marks."""
    found = []
    for mark in marks(report):
        for each in report["categories"][mark]["auditRefs"]:
            audit = report["audits"][each["id"]]
            if each["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                found.append(f"{audit['title']} {audit.get('displayValue', '')}".strip())
    return found


def line(name: str, report: dict[str, Any]) -> dict[str, Any]:
    """What is told of one page."""
    audits = report["audits"]
    requests = audits["network-requests"]["details"]["items"]
    return {
        "page": name,
        **{MARKS[mark]: round(100 * (report["categories"][mark]["score"] or 0)) for mark in marks(report)},
        "first_paint_ms": round(audits["first-contentful-paint"]["numericValue"]),
        "largest_paint_ms": round(audits["largest-contentful-paint"]["numericValue"]),
        "blocked_ms": round(audits["total-blocking-time"]["numericValue"]),
        "shift": round(audits["cumulative-layout-shift"]["numericValue"], 3),
        "requests": len(requests),
        "kb": round(sum(each.get("transferSize", 0) for each in requests) / 1024, 1),
        "benchmark": round(report["environment"]["benchmarkIndex"]),
        "wrong": wrong(report),
    }


def good(told: dict[str, Any]) -> bool:
    """Whether a page is as it should be."""
    light = told["page"] != "stay" or told["kb"] * 1024 <= PAY_BYTES_MAX
    return light and min(told[short] for short in MARKS.values() if short in told) >= AIM


async def signed_in(address: str) -> str:
    """The cookies of the owner, and of a driver whose pages stand among the console's."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(base_url=address)
        await sign_in(page)
        found = await page.context.cookies()
        await browser.close()
    return "; ".join(f"{each['name']}={each['value']}" for each in found)


def main() -> None:
    """Print a line of JSON a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", default="", help="names of pages in tests/shown_pages.py, by comma; `all` for all")
    parser.add_argument("--desk", action="store_true", help="pages of the console, on a desk")
    given = parser.parse_args()
    node = shutil.which("node")
    if node is None or not PROGRAM.exists() or not CHROMIUM.exists():
        raise SystemExit("Needs node, Chromium and what `make lighthouse` installs.")
    below = []
    with tempfile.TemporaryDirectory() as folder, shown_house() as house:
        shown, usual = (house.staff, DESK) if given.desk else (house.public, PAGES)
        cookie = asyncio.run(signed_in(house.address)) if given.desk else ""
        names = list(shown) if given.pages == "all" else given.pages.split(",") if given.pages else usual
        for name in names:
            if name not in shown:
                print(f"There is no page {name}.", file=sys.stderr)
                below.append(name)
                continue
            for _ in range(TRIES):
                report = look(node, house.address + shown[name], Path(folder), cookie)
                if report is None:
                    continue
                told = line(name, report)
                print(json.dumps(told, ensure_ascii=False), flush=True)
                if good(told):
                    break
            else:
                below.append(name)
    raise SystemExit(f"Below: {', '.join(below)}" if below else 0)


if __name__ == "__main__":
    main()
