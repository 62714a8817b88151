"""What was counted of lots' days, and which days must be counted anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from parkhub.db.engine import fetch, run_many
from parkhub.domain.reports import Counted, Fact, Hour, HourSums, Measure, Part, Sums


@dataclass(frozen=True, slots=True)
class Stale:
    """Something changed at an instant of a lot."""

    id: int
    at: datetime
    part: Part


_SUMS = ", ".join(
    f"CAST(sum({name}) AS BIGINT) AS {name}" for name in ("entries", "exits", "samples", "free", "occupied", "unknown")
)


async def list_stale(lot_id: int, limit: int) -> list[Stale]:
    """What changed and is not counted yet, oldest first."""
    rows = await fetch("SELECT id, at, part FROM report_stale WHERE lot = {} ORDER BY id LIMIT {}", lot_id, limit)
    return [Stale(row["id"], row["at"], Part(row["part"])) for row in rows]


async def list_stale_since(lot_id: int, part: Part, since: datetime) -> list[datetime]:
    """When what changed of a part from then on and is not counted yet."""
    rows = await fetch(
        "SELECT DISTINCT at FROM report_stale WHERE lot = {} AND part = {} AND at >= {}", lot_id, part.value, since
    )
    return [row["at"] for row in rows]


async def forget_stale(ids: Sequence[int]) -> None:
    """It is counted."""
    await run_many("DELETE FROM report_stale WHERE id = {}", [(each,) for each in ids])


async def list_made(lot_id: int, part: Part, since: date) -> dict[date, datetime]:
    """When a part of each day from ``since`` on was counted last."""
    rows = await fetch(
        "SELECT day, made_at FROM report_part WHERE lot = {} AND part = {} AND day >= {}", lot_id, part.value, since
    )
    return {row["day"]: row["made_at"] for row in rows}


async def hold_part(lot_id: int, day: date, part: Part, now: datetime) -> None:
    """Note that it is counted now; whoever else counts it waits until this transaction has ended."""
    await fetch(
        "INSERT INTO report_part (lot, day, part, made_at) VALUES ({}, {}, {}, {}) "
        "ON CONFLICT (lot, day, part) DO UPDATE SET made_at = excluded.made_at",
        lot_id,
        day,
        part.value,
        now,
    )


async def save_counted(lot_id: int, day: date, part: Part, hours: Sequence[Hour], counted: Counted) -> None:
    """Put what a part of a day came to in the place of what it had come to before."""
    await fetch("DELETE FROM report_fact WHERE lot = {} AND day = {} AND part = {}", lot_id, day, part.value)
    await run_many(
        "INSERT INTO report_fact (lot, day, part, measure, label, unit, value) VALUES ({}, {}, {}, {}, {}, {}, {})",
        [(lot_id, day, part.value, each.measure.value, each.label, each.unit, each.value) for each in counted.facts],
    )
    if not counted.hours:
        return
    names = list(next(iter(counted.hours.values())))
    others = [name for name in HourSums.__slots__ if name not in names]
    await run_many(
        f"INSERT INTO report_hour (lot, at, day, weekday, hour, {', '.join([*names, *others])}) "  # noqa: S608
        f"VALUES ({', '.join(['{}'] * (5 + len(names)))}{', 0' * len(others)}) ON CONFLICT (lot, at) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in names)}",
        [
            (lot_id, hour.at, day, day.weekday(), hour.clock, *(counted.hours[hour.at][name] for name in names))
            for hour in hours
        ],
    )


async def first_made(lot_id: int) -> date | None:
    """The first day of which the postings were counted."""
    rows = await fetch(
        "SELECT day FROM report_part WHERE lot = {} AND part = {} ORDER BY day LIMIT 1", lot_id, Part.MONEY.value
    )
    return rows[0]["day"] if rows else None


async def last_made(lot_id: int, since: date, until: date) -> datetime | None:
    """When any part of these days was counted last."""
    rows = await fetch(
        "SELECT made_at FROM report_part WHERE lot = {} AND day >= {} AND day < {} ORDER BY made_at DESC LIMIT 1",
        lot_id,
        since,
        until,
    )
    return rows[0]["made_at"] if rows else None


async def first_instant(lot_id: int) -> datetime | None:
    """When the lot's history begins: its first stay, its first posting, or the first time somebody looked at it."""
    rows = await fetch(
        "SELECT (SELECT entered_at FROM parking_session WHERE lot = {} ORDER BY entered_at LIMIT 1) AS stay, "
        "(SELECT at FROM ledger_transaction WHERE lot = {} ORDER BY at LIMIT 1) AS posting, "
        "(SELECT at FROM occupancy_sample WHERE lot = {} ORDER BY at LIMIT 1) AS sample",
        lot_id,
        lot_id,
        lot_id,
    )
    known = [_read_instant(at) for at in rows[0].values() if at is not None]
    return min(known) if known else None


async def sum_facts(lot_id: int, since: date, until: date) -> Sums:
    """Every figure of the days ``since`` <= day < ``until``, summed; nothing may be summed of places (`ZONE_SPOTS`)."""
    rows = await fetch(
        "SELECT measure, label, unit, CAST(sum(value) AS BIGINT) AS value FROM report_fact "
        "WHERE lot = {} AND day >= {} AND day < {} GROUP BY measure, label, unit",
        lot_id,
        since,
        until,
    )
    return {(Measure(row["measure"]), row["label"], row["unit"]): row["value"] for row in rows}


async def list_facts(lot_id: int, measure: Measure, since: date, until: date) -> list[tuple[date, Fact]]:
    """One measure's figures by day."""
    rows = await fetch(
        "SELECT day, label, unit, value FROM report_fact WHERE lot = {} AND day >= {} AND day < {} AND measure = {} "
        "ORDER BY day, label, unit",
        lot_id,
        since,
        until,
        measure.value,
    )
    return [(row["day"], Fact(measure, row["label"], row["value"], row["unit"])) for row in rows]


async def sum_by_month(lot_id: int, measure: Measure, since: date, until: date) -> list[tuple[date, Fact]]:
    """The same summed by month, each with its first day."""
    rows = await fetch(
        "SELECT substr(CAST(day AS TEXT), 1, 7) AS month, label, unit, CAST(sum(value) AS BIGINT) AS value "
        "FROM report_fact WHERE lot = {} AND day >= {} AND day < {} AND measure = {} "
        "GROUP BY 1, label, unit ORDER BY 1, label, unit",
        lot_id,
        since,
        until,
        measure.value,
    )
    return [
        (date.fromisoformat(f"{row['month']}-01"), Fact(measure, row["label"], row["value"], row["unit"]))
        for row in rows
    ]


async def sum_by_clock(lot_id: int, since: date, until: date) -> dict[tuple[int, int], HourSums]:
    """Hours summed by weekday (0 is Monday) and by what the clock showed (0..23)."""
    rows = await fetch(
        f"SELECT weekday, hour, {_SUMS} FROM report_hour "  # noqa: S608
        "WHERE lot = {} AND day >= {} AND day < {} GROUP BY weekday, hour",
        lot_id,
        since,
        until,
    )
    return {(row.pop("weekday"), row.pop("hour")): HourSums(**row) for row in rows}


async def sum_by_day(lot_id: int, since: date, until: date) -> dict[date, HourSums]:
    """Hours summed by day."""
    rows = await fetch(
        f"SELECT day, {_SUMS} FROM report_hour WHERE lot = {{}} AND day >= {{}} AND day < {{}} "  # noqa: S608
        "GROUP BY day ORDER BY day",
        lot_id,
        since,
        until,
    )
    return {row.pop("day"): HourSums(**row) for row in rows}


async def list_hours(lot_id: int, since: datetime, until: datetime) -> dict[datetime, HourSums]:
    """Hours that begin in ``since`` <= at < ``until``, oldest first."""
    rows = await fetch(
        "SELECT at, entries, exits, samples, free, occupied, unknown FROM report_hour "
        "WHERE lot = {} AND at >= {} AND at < {} ORDER BY at",
        lot_id,
        since,
        until,
    )
    return {row.pop("at"): HourSums(**row) for row in rows}


def _read_instant(found: object) -> datetime:
    """An instant as a database answers a computed one: SQLite as text."""
    return found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
