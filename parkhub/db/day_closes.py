"""Days that somebody closed; rows that are never changed."""

from datetime import date, timedelta

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.day_closes import DayClose, Totals
from parkhub.domain.ledger import Account, Kind

_read = msgspec.json.Decoder(list[tuple[str, str, str, int]]).decode


async def add_close(close: DayClose) -> bool:
    """Keep it; False when the day is closed already."""
    totals = [(currency, kind, account, cents) for (currency, kind, account), cents in sorted(close.totals.items())]
    rows = await fetch(
        "INSERT INTO day_close (lot, day, closed_at, account, who, sequence, totals) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (lot, day) DO NOTHING RETURNING id",
        close.lot_id,
        close.day,
        close.closed_at,
        close.account_id,
        close.who,
        close.sequence,
        msgspec.json.encode(totals).decode(),
    )
    return bool(rows)


async def find_close(lot_id: int, day: date) -> DayClose | None:
    """The close of a day."""
    found = await list_closes(lot_id, day, day + timedelta(days=1))
    return found[0] if found else None


async def list_closes(lot_id: int, since: date, until: date) -> list[DayClose]:
    """Closes of ``since`` <= day < ``until``, the first day first."""
    rows = await fetch(
        "SELECT * FROM day_close WHERE lot = {} AND day >= {} AND day < {} ORDER BY day", lot_id, since, until
    )
    return [_close(row) for row in rows]


def _close(row: Row) -> DayClose:
    return DayClose(
        row["lot"],
        row["day"],
        row["closed_at"],
        row["account"],
        row["who"],
        row["sequence"],
        _totals(row["totals"]),
    )


def _totals(text: str) -> Totals:
    return {(currency, Kind(kind), Account(account)): cents for currency, kind, account, cents in _read(text)}
