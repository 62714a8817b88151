"""The desk: how long an update of the live view takes and how large it is, and how fast a million sessions are listed.

    python tests/bench/bench_desk.py [--sessions 1000000] [--updates 200] [--only lists] [--database sqlite]

The live view has 20 lots with 40 cameras, 2,000 spots, and a day of 3,000 stays that were paid, and a picture a
second of each camera in the last minute; ten spots, a stay, a payment and a picture change before each update. Server
time is reading all of it, comparing and writing the frame, in this process:
CPU and wall. The lists are asked for over the application's own ASGI interface, signed in, up to the last byte.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import bench_sessions
import servers
from apps import running
from builders import a_track, new_spots, save_account, save_camera, save_frame, save_lot
from desk_books import FULL_MONTH, keep_books
from visitors import EMAIL, PASSWORD, token_of, visit

from parkhub.db import ledger as ledger_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import close_database, fetch, migrate, open_database, transaction
from parkhub.domain.ledger import Account, Kind, Posting, Transaction
from parkhub.domain.spots import SpotState
from parkhub.services import accounts, tariffs
from parkhub.settings import Settings, load_settings
from parkhub.web.overview import OverviewSource

Tell = Callable[[dict[str, object]], None]

LOTS, CAMERAS, SPOTS, STAYS, PICTURES = 20, 40, 2000, 3000, 2400
ADDRESSES = (
    "/console/sessions",
    "/console/sessions?lot={lot}",
    "/console/sessions?state=open",
    "/console/sessions?state=cancelled",
    "/console/sessions?unpaid=1",
    "/console/sessions?asked=1",
    "/console/sessions?lot={lot}&when=week",
    "/console/sessions?before={id}",
    "/console/sessions?lot={lot}&state=closed&before={id}",
    "/console",
    "/console/review",
    "/console/lots/{lot}",
    "/console/lots/{lot}/permits",
    "/console/lots/{lot}/bookings",
    "/console/lots/{lot}/codes",
    "/console/system/audit",
    "/console/system/jobs",
    "/console/cameras",
    "/console/people",
    "/console/money?lot={lot}",
    "/console/money?lot={lot}&kind=refund",
    "/console/money?lot={lot}&before={id}",
    "/console/money/days?lot={lot}",
    "/console/money/reconciliation",
    "/console/lots/{lot}/receipts",
    f"/console/lots/{{lot}}/receipts?month={FULL_MONTH}",
    "/console/lots",
    "/console/lots/{lot}/plates",
    "/console/lots/{lot}/labels",
    "/console/lots/{lot}/states",
    "/console/lots/{lot}/displays",
    "/console/prices",
    "/console/barriers",
    "/console/recordings",
    "/console/nodes",
    "/console/keys",
    "/console/patrol",
    "/console/system",
)
SEARCHES = ("AB", "7K", "ABC123")
"""Parts of plates, as typed into the list of sessions."""


def spread(times: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    cut = statistics.quantiles(times, n=100)
    return {"p50": round(cut[49], 1), "p99": round(cut[98], 1)}


def as_started() -> None:
    """Leave to itself what is there already, as a web process does after its start."""
    gc.collect()
    gc.freeze()


async def live(settings: Settings, updates: int, tell: Tell) -> None:
    """The live view of all lots."""
    await migrate(settings)
    await open_database(settings)
    dice, now = random.Random(1), datetime.now(UTC)
    cameras, ids = [], []
    for number in range(LOTS):
        lot = await save_lot(name=f"Car park {number}")
        ids.append(lot.id)
        await tariffs.publish(lot.id, None, bench_sessions.TARIFF, now - timedelta(days=9), None, now)
        for side in range(CAMERAS // LOTS):
            marked = [replace(each, name=f"{side}-{each.name}") for each in new_spots(SPOTS // CAMERAS)]
            cameras.append((await save_camera(lot, marked, stale_after_s=86_400), [each.name for each in marked]))
    await _stays(ids, now)
    for number in range(PICTURES):
        at = datetime.now(UTC) - timedelta(seconds=number % 40)
        await save_frame(cameras[number % CAMERAS][0], captured_at=at, received_at=at)
    await fetch("UPDATE frame SET status = 'read'")
    as_started()
    source = OverviewSource(frozenset(ids), frozenset(ids), frozenset(ids))
    view = await source.read()
    whole = len(source.tell(view, None) or b"")
    wall, cpu, sizes = [], [], []
    for number in range(updates):
        camera, names = dice.choice(cameras)
        states = (SpotState.FREE, SpotState.OCCUPIED)
        tracks = [a_track(name, dice.choice(states), seen_at=now) for name in dice.sample(names, 10)]
        await spot_rows.save_tracks(camera.id, tracks)
        await save_frame(camera, captured_at=datetime.now(UTC), received_at=datetime.now(UTC))
        await _pays(dice.choice(ids), STAYS + number, now)
        await fetch("UPDATE parking_session SET state = 'closed', exited_at = {} WHERE id = {}", now, number + 1)
        began, spent = time.perf_counter(), time.process_time()
        after = await source.read()
        frame = source.tell(after, view)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
        sizes.append(len(frame or b""))
        view = after
    await close_database()
    told = {"whole_bytes": whole, "update_bytes_max": max(sizes), "update_bytes_p50": statistics.median(sizes)}
    tell({"live_view": told, "server_ms": spread(wall), "cpu_ms": spread(cpu)})


async def _stays(ids: list[int], now: datetime) -> None:
    """Of today, each paid."""
    start = now - timedelta(hours=1)
    for number in range(STAYS):
        lot, at = ids[number % LOTS], start + timedelta(seconds=number)
        await fetch(
            "INSERT INTO parking_session (ticket, lot, plate, folded, plate_hash, kind, state, ending, entered_at, "
            "\"right\", begun_by) VALUES ({}, {}, {}, {}, '', '', 'open', '', {}, '', '')",
            f"L{number}",
            lot,
            f"L{number}",
            f"L{number}",
            at,
        )
        await _pays(lot, number, at)


async def _pays(lot: int, number: int, at: datetime) -> None:
    async with transaction():
        await ledger_rows.post(
            Transaction(
                f"paid-{number}",
                lot,
                None,
                Kind.PAYMENT,
                "EUR",
                at,
                (Posting(Account.CASH, 200), Posting(Account.RECEIVABLE, -200)),
            )
        )


async def lists(settings: Settings, sessions: int, tell: Tell) -> None:
    """Lists of sessions and of their money, asked for as a browser does."""
    seeding = time.perf_counter()
    await migrate(settings)
    await open_database(settings)
    lot = await save_lot(slug="bench")
    await save_lot(slug="other")
    await tariffs.publish(lot.id, None, bench_sessions.TARIFF, bench_sessions.START, None, bench_sessions.START)
    for statement in bench_sessions.seeding(sessions, lot.id):
        await bench_sessions.run_plain(statement)
    await fetch("UPDATE parking_session SET owed_cents = 476 WHERE state = 'closed' AND id {}= 0".format("% 997 "))
    await fetch("UPDATE parking_session SET state = 'cancelled' WHERE id {}= 0".format("% 9973 "))
    kept = "INSERT INTO ledger_balance (lot, currency, account, amount_cents) VALUES ({}, 'EUR', 'cash', 1)"
    await fetch(kept, lot.id)
    await keep_books(lot, sessions)
    await bench_sessions.run_plain("ANALYZE")
    await save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    await close_database()
    dice = random.Random(1)
    tell({"seeded_s": round(time.perf_counter() - seeding), "load": round(os.getloadavg()[0], 1)})
    async with running(settings) as app, visit(app) as visitor:
        as_started()
        assert (await visitor.send_form("/sign-in", email=EMAIL, password=PASSWORD)).status_code == 303
        for address in ADDRESSES:
            times = []
            for _ in range(bench_sessions.LOOKS):
                asked = address.format(lot="bench", id=dice.randrange(100, sessions))
                began = time.perf_counter()
                answer = await visitor.get(asked)
                assert answer.status_code == 200, asked
                times.append((time.perf_counter() - began) * 1000)
            tell({"list": address, "ms": spread(times)})
        token = token_of(await visitor.get("/console/sessions"))
        for text in SEARCHES:
            times = []
            for _ in range(bench_sessions.LOOKS):
                began = time.perf_counter()
                answer = await visitor.post("/console/sessions/search", data={"q": text, "_csrf_token": token})
                assert answer.status_code == 200, text
                times.append((time.perf_counter() - began) * 1000)
            tell({"search": text, "ms": spread(times)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["live", "lists"], help="measure this alone")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="on this alone")
    parser.add_argument("--updates", type=int, default=200)
    given = parser.parse_args()
    os.environ.setdefault("PARKHUB_LOG_LEVEL", "warning")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(servers.redis())
        for name in [given.database] if given.database else ("sqlite", "postgresql"):
            for measure in [each for each in (live, lists) if given.only in (None, each.__name__)]:
                with servers.postgresql() as server:
                    url = f"postgresql://parkhub@/postgres?host={server}" if name == "postgresql" else ""
                    one = load_settings(
                        data_dir=folder / name / measure.__name__, database_url=url, redis_url=f"unix://{redis}"
                    )
                    how_many = given.updates if measure is live else given.sessions

                    def tell(line: dict[str, object], name: str = name) -> None:
                        print(json.dumps({"database": name, **line}), flush=True)

                    asyncio.run(measure(one, how_many, tell))


if __name__ == "__main__":
    main()
