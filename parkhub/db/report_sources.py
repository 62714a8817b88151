"""What reports count, of one lot and one span of time."""

from collections.abc import Mapping
from datetime import datetime

from parkhub.db.engine import fetch, on_postgresql
from parkhub.db.spot_tracks import COUNTED
from parkhub.domain.local_time import Span
from parkhub.domain.lots import SAMPLE_S
from parkhub.domain.report_spots import SpotDay
from parkhub.domain.reports import Measure, Stay
from parkhub.domain.sessions import Ending
from parkhub.domain.spots import SpotState

_STAY = 'SELECT entered_at, exited_at, kind, ending, "right", permit FROM parking_session '


async def list_came(lot_id: int, span: Span) -> list[Stay]:
    """Stays that began."""
    return await _stays("state IN ('open', 'closed') AND entered_at >= {} AND entered_at < {}", lot_id, span)


async def list_left(lot_id: int, span: Span) -> list[Stay]:
    """Stays that ended."""
    return await _stays("state = 'closed' AND exited_at >= {} AND exited_at < {}", lot_id, span)


async def sum_lines(lot_id: int, span: Span) -> dict[tuple[str, str, str], int]:
    """What was charged by kind and label of the price's line and by currency, in minor units."""
    rows = await fetch(
        "SELECT kind, label, currency, CAST(sum(amount_cents) AS BIGINT) AS cents FROM charge_line "
        "WHERE lot = {} AND at >= {} AND at < {} GROUP BY kind, label, currency",
        lot_id,
        span.start,
        span.end,
    )
    return {(row["kind"], row["label"], row["currency"]): row["cents"] for row in rows}


async def count_passages(lot_id: int, span: Span) -> dict[tuple[Measure, str], int]:
    """What became of cars that went by gates, by camera: accepted, rejected, without a plate, asked about.

    ``certainty`` is the sum, in thousandths, over the ``read`` ones: those that were accepted with a plate.
    """
    rows = await fetch(
        "SELECT camera, sum(CASE WHEN state = 'accepted' THEN 1 ELSE 0 END) AS accepted, "
        "sum(CASE WHEN state = 'rejected' THEN 1 ELSE 0 END) AS rejected, "
        "sum(CASE WHEN state = 'accepted' AND plate = '' THEN 1 ELSE 0 END) AS plateless, "
        "sum(CASE WHEN outcome = 'asked' THEN 1 ELSE 0 END) AS asked, "
        "sum(CASE WHEN state = 'accepted' AND plate <> '' THEN 1 ELSE 0 END) AS read, "
        "sum(CASE WHEN state = 'accepted' AND plate <> '' THEN confidence ELSE 0 END) AS certainty "
        "FROM passage WHERE lot = {} AND last_at >= {} AND last_at < {} GROUP BY camera",
        lot_id,
        span.start,
        span.end,
    )
    kinds = ("accepted", "rejected", "plateless", "asked", "read")
    found = {(Measure.PASSAGES, f"{row['camera']}/{kind}"): int(row[kind]) for row in rows for kind in kinds}
    for row in rows:
        found[Measure.PASSAGES, f"{row['camera']}/certainty"] = round(row["certainty"] * 1000)
    return found


async def list_spot_days(lot_id: int, span: Span) -> list[SpotDay]:
    """The states of every place that is on the lot's map now; one that several cameras see is one."""
    spots = await fetch(
        "SELECT id, zone, (SELECT after FROM spot_change WHERE spot_change.spot = spot.id AND at < {} "  # noqa: S608
        f"ORDER BY at DESC, id DESC LIMIT 1) AS first FROM spot WHERE lot = {{}} AND NOT retired AND {COUNTED}",
        span.start,
        lot_id,
    )
    changes: dict[int, list[tuple[datetime, SpotState]]] = {}
    for row in await fetch(
        "SELECT spot, after, at FROM spot_change WHERE spot IN (SELECT id FROM spot WHERE lot = {} AND NOT retired) "
        "AND at >= {} AND at < {} ORDER BY at, id",
        lot_id,
        span.start,
        span.end,
    ):
        changes.setdefault(row["spot"], []).append((row["at"], SpotState(row["after"])))
    return [
        SpotDay(row["id"], row["zone"], SpotState(row["first"] or SpotState.UNKNOWN), tuple(changes.get(row["id"], ())))
        for row in spots
    ]


async def count_pictures(lot_id: int, span: Span) -> dict[int, int]:
    """In how many five minutes each camera took a picture: by what pictures showed, at gates by the pictures."""
    rows = await fetch(
        "SELECT camera, count(DISTINCT slot) AS slots FROM frame_count WHERE lot = {} AND slot >= {} AND slot < {} "
        "GROUP BY camera",
        lot_id,
        span.start,
        span.end,
    )
    found = {row["camera"]: int(row["slots"]) for row in rows}
    second = "extract(epoch FROM captured_at)::bigint" if on_postgresql() else "strftime('%s', captured_at)"
    rows = await fetch(
        f"SELECT camera, count(DISTINCT {second} / {SAMPLE_S}) AS slots FROM frame "  # noqa: S608
        "WHERE camera IN (SELECT id FROM camera WHERE lot = {} AND role <> 'overview') "
        "AND captured_at >= {} AND captured_at < {} GROUP BY camera",
        lot_id,
        span.start,
        span.end,
    )
    return found | {row["camera"]: int(row["slots"]) for row in rows}


async def sum_troubles(lot_id: int, span: Span) -> Mapping[int, int]:
    """For how many seconds each camera's pictures could not be trusted."""
    rows = await fetch(
        "SELECT camera, began_at, ended_at FROM camera_trouble WHERE camera IN (SELECT id FROM camera WHERE lot = {}) "
        "AND began_at < {} AND (ended_at IS NULL OR ended_at > {})",
        lot_id,
        span.end,
        span.start,
    )
    found: dict[int, int] = {}
    for row in rows:
        until = min(span.end, row["ended_at"] or span.end)
        lasted = int((until - max(span.start, row["began_at"])).total_seconds())
        found[row["camera"]] = found.get(row["camera"], 0) + lasted
    return found


async def _stays(condition: str, lot_id: int, span: Span) -> list[Stay]:
    rows = await fetch(_STAY + f"WHERE lot = {{}} AND {condition}", lot_id, span.start, span.end)
    return [
        Stay(row["entered_at"], row["exited_at"], row["kind"], Ending(row["ending"]), row["right"], row["permit"])
        for row in rows
    ]
