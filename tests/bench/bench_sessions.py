"""Look-ups among a million sessions, and how many cars a second three processes let in and out, on both databases.

    python tests/bench/bench_sessions.py [--sessions 1000000] [--seconds 60]

The sessions and their ledger are made by the database itself, so their chain is not sealed; the look-ups are the
product's own functions. Percentiles of 300 look-ups with other plates, days and letters each time.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent
sys.path.insert(0, str(TESTS))

import servers  # noqa: E402
from builders import save_camera, save_lot  # noqa: E402

from parkhub.db import ledger as ledger_rows  # noqa: E402
from parkhub.db import lots as lot_rows  # noqa: E402
from parkhub.db import matching as matching_rows  # noqa: E402
from parkhub.db import sessions as session_rows  # noqa: E402
from parkhub.db.engine import close_database, current_engine, migrate, on_postgresql, open_database  # noqa: E402
from parkhub.domain.matching import match  # noqa: E402
from parkhub.domain.plates import Candidate  # noqa: E402
from parkhub.services import tariffs  # noqa: E402
from parkhub.settings import load_settings  # noqa: E402

START = datetime(2025, 11, 16, tzinfo=UTC)
OPEN = 2000
LOOKS = 300
SAMPLES = 365 * 24 * 12
TARIFF = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'


def plate(number: int) -> str:
    """The plate of a seeded session, as the SQL below makes it."""
    mixed = number * 7919 % 17_576_000
    letters = "".join(chr(65 + mixed // 26**k % 26) for k in range(3))
    return f"{letters}{mixed // 17_576 % 1000:03d}{number % 10}"


def seeding(sessions: int, lot: int) -> list[str]:
    """SQL that makes sessions, a minute of the year after each other, each with a charge, and a year of samples."""
    postgresql = on_postgresql()

    def numbers(count: int) -> str:
        if postgresql:
            return f"SELECT generate_series(1, {count})::bigint AS n"
        return (
            f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
            "SELECT n FROM numbers"
        )

    step = 365 * 24 * 3600 / sessions

    def at(seconds: str) -> str:
        base = int(START.timestamp())
        if postgresql:
            return f"to_timestamp({base} + {seconds})"
        return f"strftime('%Y-%m-%d %H:%M:%S', {base} + {seconds}, 'unixepoch') || '+00:00'"

    letter = "chr(CAST(65 + {} % 26 AS INTEGER))" if postgresql else "char(65 + {} % 26)"
    mixed = "(n * 7919 % 17576000)"
    parts = [letter.format(f"({mixed} / {26**k})") for k in range(3)]
    three = f"(1000 + {mixed} / 17576 % 1000)"
    text = "||".join([*parts, f"substr(CAST({three} AS TEXT), 2)", "CAST(n % 10 AS TEXT)"])
    folded = text
    for old, new in zip("OQIBSZ", "001852", strict=True):
        folded = f"replace({folded}, '{old}', '{new}')"
    closed, made = f"n <= {sessions - OPEN}", f"({numbers(sessions)}) AS made"
    entered, exited = at(f"n * {step}"), at(f"n * {step} + 5400")
    return [
        "INSERT INTO parking_session (ticket, lot, plate, folded, plate_hash, kind, state, ending, entered_at, "
        f"exited_at, tariff, \"right\") SELECT 'T' || n, {lot}, {text}, {folded}, '', 'car', "
        f"CASE WHEN {closed} THEN 'closed' ELSE 'open' END, CASE WHEN {closed} THEN 'exit' ELSE '' END, "
        f"{entered}, CASE WHEN {closed} THEN {exited} END, 1, '' FROM {made}",
        "INSERT INTO ledger_transaction (uid, lot, sequence, session, kind, currency, at, reason, refs, seal) "
        f"SELECT 'charge-' || n, {lot}, n, n, 'charge', 'EUR', {exited}, '', '{{}}', '' "
        f"FROM {made} WHERE {closed}",
        *(
            f'INSERT INTO ledger_posting ("transaction", account, amount_cents) '
            f"SELECT id, '{account}', {cents} FROM ledger_transaction"
            for account, cents in (("receivable", 476), ("revenue", -400), ("tax_payable", -76))
        ),
        "INSERT INTO occupancy_sample (lot, at, free, occupied, unknown) "
        f"SELECT {lot}, {at('n * 300')}, n % 100, 100 - n % 100, 0 FROM ({numbers(SAMPLES)}) AS made",
        "ANALYZE",
    ]


async def run_plain(statement: str) -> None:
    """Run a statement that takes no arguments, braces and all."""
    engine = current_engine()
    assert engine is not None
    await engine.run_ddl(statement)


async def measure(name: str, look: Callable[[int], Awaitable[Any]], dice: random.Random, most: int) -> dict[str, Any]:
    """Milliseconds of a look-up, by percentile."""
    times = []
    for _ in range(LOOKS):
        number = dice.randrange(1, most)
        began = time.perf_counter()
        await look(number)
        times.append((time.perf_counter() - began) * 1000)
    cut = statistics.quantiles(times, n=100)
    return {"look-up": name, "p50_ms": round(cut[49], 2), "p99_ms": round(cut[98], 2)}


async def look_up(folder: Path, url: str, sessions: int) -> list[dict[str, Any]]:
    """Seed, then measure every look-up."""
    settings = load_settings(data_dir=folder, database_url=url)
    await migrate(settings)
    await open_database(settings)
    try:
        lot = (await save_lot()).id
        await tariffs.publish(lot, None, TARIFF, START, None, START)
        began = time.perf_counter()
        for statement in seeding(sessions, lot):
            await run_plain(statement)
        seeded_s = time.perf_counter() - began
        end = START + timedelta(days=365, hours=2)
        newest = await session_rows.list_sessions(lot, None, START, end, 2**62, 1)
        assert newest[0].plate == plate(sessions), (newest[0].plate, plate(sessions))

        async def misread(number: int) -> None:
            true = plate(sessions - number % OPEN)
            read = true[:-2] + ("8" if true[-2] != "8" else "3") + true[-1]
            inside = await matching_rows.list_inside(lot, end)
            gone = await matching_rows.list_just_left(lot, end - timedelta(minutes=5), end)
            assert match([Candidate(read, 0.9), Candidate(true, 0.05)], 0.9, [*inside, *gone]).suggestions

        async def inside(number: int) -> None:
            assert await session_rows.find_inside(lot, plate(sessions - number % OPEN)) is not None

        async def part(number: int) -> None:
            assert await session_rows.search(lot, plate(number)[2:6], 50)

        async def letters(number: int) -> None:
            assert await session_rows.search(lot, plate(number)[:3], 50)

        async def revenue(number: int) -> None:
            day = START + timedelta(days=number % 300)
            assert await ledger_rows.sum_postings(lot, day, day + timedelta(days=1))

        async def occupancy(number: int) -> None:
            day = START + timedelta(days=number % 330)
            assert await lot_rows.list_samples(lot, day, day + timedelta(days=30))

        dice = random.Random(1)
        looks = {
            "open session by plate": inside,
            f"misread exit among {OPEN} open": misread,
            "four letters or digits of a plate, newest 50": part,
            "three letters of a plate, newest 50": letters,
            "a day's revenue": revenue,
            "occupancy of a month": occupancy,
        }
        found = [await measure(name, look, dice, sessions - OPEN) for name, look in looks.items()]
        return [{"seeded_s": round(seeded_s, 1)}, *found]
    finally:
        await close_database()


async def drive(folder: Path, url: str, seconds: float) -> dict[str, Any]:
    """Three processes that let cars in and out of one lot."""
    settings = load_settings(data_dir=folder, database_url=url)
    await migrate(settings)
    await open_database(settings)
    lot = await save_lot()
    await tariffs.publish(lot.id, None, TARIFF, START, None, START)
    camera = await save_camera(lot)
    await close_database()
    program = [sys.executable, str(TESTS / "services" / "drive_for_a_while.py")]
    given = [str(folder), url, str(lot.id), str(camera.id)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PARKHUB_LOG_LEVEL": "warning"}
    drivers = [
        subprocess.Popen([*program, *given, str(n), str(seconds)], env=environment, stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    told = [json.loads((await asyncio.to_thread(each.communicate))[0].splitlines()[-1]) for each in drivers]
    cars = sum(each["left"] for each in told)
    return {"cars_in_and_out_a_s": round(cars / seconds, 1), "slowest_s": max(each["slowest_s"] for each in told)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    os.environ.setdefault("PARKHUB_LOG_LEVEL", "warning")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(servers.postgresql())
        for name in ("sqlite", "postgresql"):
            url = f"postgresql://parkhub@/postgres?host={server}" if name == "postgresql" else ""
            for line in asyncio.run(look_up(folder / name, url, given.sessions)):
                print(json.dumps({"database": name, **line}), flush=True)
            driven = asyncio.run(drive(folder / f"{name}-driven", url, given.seconds))
            print(json.dumps({"database": name, **driven}), flush=True)


if __name__ == "__main__":
    main()
