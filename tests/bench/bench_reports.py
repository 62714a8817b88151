"""Reports over a year: how long reading one takes, and counting a day: `python tests/bench/bench_reports.py`.

One lot with a year of five-minute samples, some 300 stays a day with their money, 400 places in four zones that change
all day, 6 cameras; counted by the product's own code. Then the report of the year beside the year before, as the page
reads and renders it, many times; `--postgresql` on a PostgreSQL of its own.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers
from builders import a_new_spot, save_camera, save_lot
from reported import give_past

from parkhub.db.engine import close_database, fetch, migrate, open_database, run_many
from parkhub.domain.lots import Lot
from parkhub.domain.report_periods import Against, Length, around
from parkhub.domain.report_tables import figures, tables
from parkhub.domain.reports import Part
from parkhub.services import reports
from parkhub.services.forecasts import make_forecast
from parkhub.services.report_counts import load_counts
from parkhub.services.report_words import words
from parkhub.settings import Settings, load_settings
from parkhub.web.report_files import as_xlsx
from parkhub.web.report_view import ReportView, level
from parkhub.web.templating import ENVIRONMENT

DAYS = 730
ROUNDS = 30
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


async def furnish(settings: Settings, days: int, per_day: int) -> Lot:
    """The lot with its past."""
    lot = await save_lot(slug="year", name="A year")
    for number in range(4):
        await save_camera(lot, [a_new_spot(f"{number}-{at}") for at in range(100)], name=f"Camera {number}")
    chance, day = random.Random(1), NOW - timedelta(days=1)
    spots = await fetch("SELECT id FROM spot WHERE lot = {}", lot.id)
    for number, spot in enumerate(spots):
        await fetch("UPDATE spot SET zone = {} WHERE id = {}", f"Zone {number % 4}", spot["id"])
    changes = [
        (lot.id, spot["id"], "free" if turn % 2 == 0 else "occupied", "occupied" if turn % 2 == 0 else "free", at, 1.0)
        for spot in spots
        for turn, at in enumerate(sorted(day + timedelta(minutes=chance.randrange(1440)) for _ in range(12)))
    ]
    await run_many(
        "INSERT INTO spot_change (lot, spot, before, after, at, confidence, by_hand) "
        "VALUES ({}, {}, {}, {}, {}, {}, FALSE)",
        changes,
    )
    await give_past(lot, days, NOW, settings, per_day)
    return lot


async def page_of(lot: Lot, against: Against) -> str:
    """The report's main parts, read and rendered as the page does it."""
    period = around(Length.YEAR, NOW.date())
    compared = period.against(against)
    other = await load_counts(lot, compared) if compared else None
    view = ReportView(lot, await load_counts(lot, period, by_spot=True), other, against)
    module = ENVIRONMENT.get_template("reports/_table.html").make_module({"words": words, "level": level})
    head = [f"{figure.words} {value} {more}" for figure, value, more in view.figures]
    return "".join([*head, *(str(module.section(table)) for table in view.tables)])  # type: ignore[attr-defined]


async def timed(what: str, run: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> None:
    """Print how long it takes."""
    await run()
    took, used = [], time.process_time()
    for _ in range(rounds):
        begun = time.perf_counter()
        await run()
        took.append((time.perf_counter() - begun) * 1000)
    used = (time.process_time() - used) * 1000 / rounds
    print(f"{what:<50} p50 {statistics.median(took):6.1f} ms, worst {max(took):6.1f}, this process's CPU {used:6.1f}")


async def measure(settings: Settings, days: int, per_day: int) -> None:
    """Everything, once the past is there."""
    await migrate(settings)
    await open_database(settings)
    begun = time.perf_counter()
    lot = await furnish(settings, days, per_day)
    (facts,) = await fetch("SELECT count(*) AS n FROM report_fact")
    (hours,) = await fetch("SELECT count(*) AS n FROM report_hour")
    (places,) = await fetch("SELECT count(*) AS n FROM report_spot")
    (stays,) = await fetch("SELECT count(*) AS n FROM parking_session")
    print(f"made and counted in {time.perf_counter() - begun:.0f} s: {stays['n']} stays, "
          f"{facts['n']} figures, {hours['n']} hours, "
          f"{places['n']} days of places; load {os.getloadavg()[0]:.1f}")  # fmt: skip
    await timed("a year, read and rendered", lambda: page_of(lot, Against.NOTHING))
    await timed("a year beside the year before, read and rendered", lambda: page_of(lot, Against.YEAR_BEFORE))
    counts = await load_counts(lot, around(Length.YEAR, NOW.date()), by_spot=True)
    await timed(
        "the year's workbook",
        lambda: asyncio.to_thread(as_xlsx, "A", figures(counts, None), tables(counts, None, whole=True)),
    )
    busy = (NOW - timedelta(days=1)).date()
    for part in Part:
        await timed(f"counting a day anew: {part}", lambda part=part: reports.count_part(lot, busy, part, NOW), 10)
    await timed("a forecast with its trial", lambda: make_forecast(lot, NOW), 10)
    await close_database()


def main() -> None:
    """Both databases by turns of the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--per-day", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, servers.postgresql() if given.postgresql else nullcontext() as server:
        url = f"postgresql://parkhub@/postgres?host={server}" if given.postgresql else ""
        asyncio.run(measure(load_settings(data_dir=Path(folder), database_url=url), given.days, given.per_day))


if __name__ == "__main__":
    main()
