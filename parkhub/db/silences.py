"""Cameras of whose silence people were told, and since when somebody has looked without a pause."""

from datetime import datetime, timedelta

from parkhub.db.engine import Row, fetch
from parkhub.domain.signatures import SEQUENCE_MAX
from parkhub.domain.silences import Silence


def _silence(row: Row) -> Silence:
    return Silence(row["id"], row["camera"], row["since"], row["told_at"], row["back_at"], row["over_at"])


async def list_silences() -> list[Silence]:
    """The last one of each camera."""
    return [_silence(row) for row in await fetch("SELECT * FROM silence ORDER BY id")]


async def begin_silence(camera_id: int, since: datetime, now: datetime) -> bool:
    """Note that people are told of a camera; False when they were, and not that it is over."""
    rows = await fetch(
        "INSERT INTO silence (camera, since, told_at) VALUES ({}, {}, {}) ON CONFLICT (camera) DO UPDATE "
        "SET since = excluded.since, told_at = excluded.told_at, back_at = NULL "
        "WHERE silence.over_at >= silence.told_at RETURNING id",
        camera_id,
        since,
        now,
    )
    return bool(rows)


async def set_back(silence_id: int, back_at: datetime | None) -> None:
    """Note since when a camera is heard again; None: it is not, after all."""
    await fetch("UPDATE silence SET back_at = {} WHERE id = {}", back_at, silence_id)


async def end_silence(silence_id: int, now: datetime) -> bool:
    """Note that people are told that it is over; False when they were already."""
    rows = await fetch(
        "UPDATE silence SET over_at = {} WHERE id = {} AND (over_at IS NULL OR over_at < told_at) RETURNING id",
        now,
        silence_id,
    )
    return bool(rows)


async def forget_silence(silence_id: int) -> None:
    """Forget one that nobody need be told of any more."""
    await fetch("DELETE FROM silence WHERE id = {}", silence_id)


async def note_look(now: datetime, missed: timedelta) -> datetime:
    """Note that somebody looks now, and answer since when somebody has, without a pause longer than ``missed``."""
    rows = await fetch("SELECT id, looked_at, since FROM silence_watch ORDER BY id LIMIT 1")
    if not rows:
        await fetch("INSERT INTO silence_watch (looked_at, since) VALUES ({}, {})", now, now)
        return now
    since: datetime = rows[0]["since"] if now - rows[0]["looked_at"] <= missed else now
    await fetch("UPDATE silence_watch SET looked_at = {}, since = {} WHERE id = {}", now, since, rows[0]["id"])
    return since


async def last_sent() -> dict[int, datetime]:
    """When each camera's last picture came that it sent itself: none given to it by hand or out of a folder."""
    rows = await fetch(
        "SELECT camera.id, (SELECT received_at FROM frame WHERE frame.camera = camera.id AND sequence <= {} "
        "ORDER BY received_at DESC, frame.id DESC LIMIT 1) AS at FROM camera",
        SEQUENCE_MAX,
    )
    return {row["id"]: row["at"] for row in rows if row["at"] is not None}


async def count_sent(camera_id: int, since: datetime, until: datetime) -> int:
    """How many pictures a camera sent itself in a span, its end included."""
    rows = await fetch(
        "SELECT count(*) AS n FROM frame WHERE camera = {} AND received_at BETWEEN {} AND {} AND sequence <= {}",
        camera_id,
        since,
        until,
        SEQUENCE_MAX,
    )
    return int(rows[0]["n"])
