"""A car park with a past, for tests and pictures of reports: full by day, empty by night, half as full at weekends."""

import math
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from parkhub.db import charge_lines
from parkhub.db import ledger as ledger_rows
from parkhub.db.engine import run_many, transaction
from parkhub.domain.ledger import Account, Kind, Posting, Transaction
from parkhub.domain.lots import Lot, slot_of
from parkhub.domain.sessions import new_ticket
from parkhub.services import forecasts, reports
from parkhub.settings import Settings

CAPACITY = 120
AT_ONCE = 20_000


def busy(at: datetime, zone: ZoneInfo) -> float:
    """Which part of the places is taken, usually."""
    local = at.astimezone(zone)
    hour = local.hour + local.minute / 60
    level = 0.05 + (0.85 * math.sin((hour - 6) / 16 * math.pi) if 6 <= hour <= 22 else 0)
    return level * (0.5 if local.weekday() > 4 else 1)


async def give_past(
    lot: Lot, days: int, now: datetime, settings: Settings, per_day: int = 40, capacity: int = CAPACITY
) -> None:
    """Stays, money and samples of so many days up to now, counted."""
    chance, zone = random.Random(lot.id), ZoneInfo(lot.time_zone)
    await _samples(lot, days, now, capacity, chance)
    for back in range(days, -1, -1):
        midday = now - timedelta(days=back)
        await _day(lot, midday, now, per_day // 2 if midday.astimezone(zone).weekday() > 4 else per_day, chance)
    await reports.rebuild(lot, settings, now)
    await run_many("DELETE FROM report_stale WHERE lot = {}", [(lot.id,)])
    await forecasts.keep(now)


async def _samples(lot: Lot, days: int, now: datetime, capacity: int, chance: random.Random) -> None:
    zone = ZoneInfo(lot.time_zone)
    at, rows, moved = slot_of(now - timedelta(days=days)), [], 0.0
    while at <= now:
        if at.hour == at.minute == 0:
            moved = chance.gauss(0, 0.06)
        taken = round(capacity * min(1.0, max(0.0, busy(at, zone) + moved + chance.gauss(0, 0.01))))
        rows.append((lot.id, at, capacity - taken, taken, 0))
        at += timedelta(minutes=5)
    for begin in range(0, len(rows), AT_ONCE):
        await run_many(
            "INSERT INTO occupancy_sample (lot, at, free, occupied, unknown) VALUES ({}, {}, {}, {}, {}) "
            "ON CONFLICT (lot, at) DO NOTHING",
            rows[begin : begin + AT_ONCE],
        )


async def _day(lot: Lot, midday: datetime, now: datetime, count: int, chance: random.Random) -> None:
    stays, posted = [], []
    for number in range(count):
        entered = midday.replace(hour=5, minute=0) + timedelta(minutes=min(1100, chance.gauss(400, 180)))
        exited = entered + timedelta(minutes=chance.lognormvariate(4.5, 0.8))
        if exited >= now:
            continue
        kind = chance.choices(["car", "motorcycle", "truck", ""], [88, 6, 3, 3])[0]
        right = chance.choices(["", "permit", "staff"], [80, 15, 5])[0]
        permit = chance.randrange(1, 30) if right == "permit" else None
        stays.append((new_ticket(), lot.id, kind, entered, exited, permit, right))
        if not right:
            posted.append((exited, math.ceil((exited - entered) / timedelta(hours=1)) * 180, number))
    await run_many(
        "INSERT INTO parking_session (ticket, lot, plate, folded, plate_hash, kind, state, ending, entered_at, "
        "exited_at, permit, begun_by, \"right\") VALUES ({}, {}, '', '', '', {}, 'closed', 'exit', {}, {}, {}, '', {})",
        stays,
    )
    async with transaction():
        for at, cents, number in posted:
            await _post(lot, at, cents, f"past:{lot.id}:{midday:%Y%m%d}:{number}", chance.random() < 0.95)


async def _post(lot: Lot, at: datetime, cents: int, uid: str, paid: bool) -> None:
    tax = round(cents * 19 / 119)
    charged = (
        Posting(Account.RECEIVABLE, cents),
        Posting(Account.REVENUE, tax - cents),
        Posting(Account.TAX_PAYABLE, -tax),
    )
    await ledger_rows.post(Transaction(uid, lot.id, None, Kind.CHARGE, "EUR", at, charged))
    await charge_lines.add_lines(lot.id, 0, at, "EUR", {("units", "Day"): cents})
    if paid:
        into = (Posting(Account.CLEARING, cents), Posting(Account.RECEIVABLE, -cents))
        await ledger_rows.post(Transaction(f"{uid}:paid", lot.id, None, Kind.PAYMENT, "EUR", at, into))
