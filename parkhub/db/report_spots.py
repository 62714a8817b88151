"""What was counted of lots' places, by day, and by month, so that a year is read without its hundred thousand days."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from parkhub.db.engine import fetch, in_transaction, on_postgresql, run_many
from parkhub.domain.report_spots import SpotSums, SpotTotal

GONE = "A place of before"
_LOCK: Final = 7_265_485  # any number that only this lock takes
_SUMS: Final = ", ".join(
    f"CAST(sum({name}) AS BIGINT) AS {name}" for name in ("arrivals", "free_s", "occupied_s", "unknown_s")
)


async def save_spots(lot_id: int, day: date, counted: Mapping[int, SpotSums]) -> None:
    """Put what a day's places came to in the place of what they had come to before, in their month's sums, too."""
    month = day.replace(day=1)
    if on_postgresql() and in_transaction():  # another day of the month is counted at once; SQLite waits anyway
        await fetch("SELECT pg_advisory_xact_lock({}::int, {}::int)", _LOCK, lot_id)
    await fetch("DELETE FROM report_spot WHERE lot = {} AND day = {}", lot_id, day)
    await run_many(
        "INSERT INTO report_spot (lot, day, spot, arrivals, free_s, occupied_s, unknown_s) "
        "VALUES ({}, {}, {}, {}, {}, {}, {})",
        [
            (lot_id, day, spot_id, each.arrivals, each.free_s, each.occupied_s, each.unknown_s)
            for spot_id, each in counted.items()
        ],
    )
    summed = await fetch(
        f"SELECT spot, count(*) AS days, {_SUMS} FROM report_spot "  # noqa: S608
        "WHERE lot = {} AND day >= {} AND day < {} GROUP BY spot",
        lot_id,
        month,
        _next(month),
    )
    await fetch("DELETE FROM report_spot_month WHERE lot = {} AND month = {}", lot_id, month)
    await run_many(
        "INSERT INTO report_spot_month (lot, month, spot, days, arrivals, free_s, occupied_s, unknown_s) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {})",
        [(lot_id, month, *row.values()) for row in summed],
    )


async def sum_spots(lot_id: int, since: date, until: date) -> list[SpotTotal]:
    """Every place that was counted on a day ``since`` <= day < ``until``, summed: whole months, and the days beside."""
    first = since if since.day == 1 else _next(since)
    last = max(first, until.replace(day=1))
    rows = await fetch(
        "SELECT spot.name, spot.zone, summed.* FROM (SELECT spot AS id, CAST(sum(days) AS BIGINT) AS days, "  # noqa: S608
        f"{_SUMS} FROM ("
        "SELECT spot, days, arrivals, free_s, occupied_s, unknown_s FROM report_spot_month "
        "WHERE lot = {} AND month >= {} AND month < {} UNION ALL "
        f"{_DAYS} UNION ALL {_DAYS}) AS told GROUP BY spot) AS summed LEFT JOIN spot ON spot.id = summed.id",
        lot_id,
        first,
        last,
        lot_id,
        since,
        min(first, until),
        lot_id,
        last,
        until,
    )
    return [
        SpotTotal(
            row["name"] or GONE,
            row["zone"] or "",
            row["days"],
            SpotSums(row["arrivals"], row["free_s"], row["occupied_s"], row["unknown_s"]),
        )
        for row in rows
    ]


def _next(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


_DAYS: Final = (
    "SELECT spot, 1, arrivals, free_s, occupied_s, unknown_s FROM report_spot WHERE lot = {} AND day >= {} AND day < {}"
)
