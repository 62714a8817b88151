"""What was counted of lots' places, day by day."""

from collections.abc import Mapping
from datetime import date

from parkhub.db.engine import fetch, run_many
from parkhub.domain.report_spots import SpotSums, SpotTotal

GONE = "A place of before"


async def save_spots(lot_id: int, day: date, counted: Mapping[int, SpotSums]) -> None:
    """Put what a day's places came to in the place of what they had come to before."""
    await fetch("DELETE FROM report_spot WHERE lot = {} AND day = {}", lot_id, day)
    await run_many(
        "INSERT INTO report_spot (lot, day, spot, arrivals, free_s, occupied_s, unknown_s) "
        "VALUES ({}, {}, {}, {}, {}, {}, {})",
        [
            (lot_id, day, spot_id, each.arrivals, each.free_s, each.occupied_s, each.unknown_s)
            for spot_id, each in counted.items()
        ],
    )


async def sum_spots(lot_id: int, since: date, until: date) -> list[SpotTotal]:
    """Every place that was counted on a day ``since`` <= day < ``until``, summed; the index has all that is read."""
    rows = await fetch(
        "SELECT spot.name, spot.zone, summed.* FROM (SELECT spot AS id, count(*) AS days, "
        "CAST(sum(arrivals) AS BIGINT) AS arrivals, CAST(sum(free_s) AS BIGINT) AS free_s, "
        "CAST(sum(occupied_s) AS BIGINT) AS occupied_s, CAST(sum(unknown_s) AS BIGINT) AS unknown_s "
        "FROM report_spot WHERE lot = {} AND day >= {} AND day < {} GROUP BY spot) AS summed "
        "LEFT JOIN spot ON spot.id = summed.id",
        lot_id,
        since,
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
