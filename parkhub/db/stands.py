"""Where vehicles stood, one row a camera and day."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from parkhub.db.engine import fetch
from parkhub.domain.stands import Box, Stand

_read = msgspec.json.Decoder(tuple[tuple[Box, int], ...]).decode


def _pack(stands: Sequence[Stand]) -> str:
    rows = [([round(side, 4) for side in stand.box], stand.looks) for stand in stands]
    return msgspec.json.encode(rows).decode()


def _stands(text: str) -> tuple[Stand, ...]:
    return tuple(Stand(box, looks) for box, looks in _read(text))


async def last_sample(camera_id: int) -> datetime | None:
    """When the camera's vehicles were last added to its stands."""
    rows = await fetch("SELECT sampled_at FROM stand_day WHERE camera = {} ORDER BY sampled_at DESC LIMIT 1", camera_id)
    return rows[0]["sampled_at"] if rows else None


async def load_stands(camera_id: int, day: date) -> tuple[Stand, ...]:
    """A day's stands of a camera."""
    rows = await fetch("SELECT stands FROM stand_day WHERE camera = {} AND day = {}", camera_id, day)
    return _stands(rows[0]["stands"]) if rows else ()


async def save_stands(camera_id: int, day: date, sampled_at: datetime, stands: Sequence[Stand]) -> None:
    """Keep a day's stands after one more sample."""
    await fetch(
        "INSERT INTO stand_day (camera, day, samples, sampled_at, stands) VALUES ({}, {}, 1, {}, {}) "
        "ON CONFLICT (camera, day) DO UPDATE SET samples = stand_day.samples + 1, "
        "sampled_at = excluded.sampled_at, stands = excluded.stands",
        camera_id,
        day,
        sampled_at,
        _pack(stands),
    )


async def list_stands(camera_id: int, since: date) -> list[tuple[int, tuple[Stand, ...]]]:
    """How many samples each day since has, and its stands, oldest first."""
    rows = await fetch(
        "SELECT samples, stands FROM stand_day WHERE camera = {} AND day >= {} ORDER BY day", camera_id, since
    )
    return [(row["samples"], _stands(row["stands"])) for row in rows]


async def forget_stands(camera_id: int) -> None:
    """Forget where vehicles stood: the camera looks elsewhere now."""
    await fetch("DELETE FROM stand_day WHERE camera = {}", camera_id)


async def delete_stands(before: date) -> int:
    """Forget the days before; answers how many."""
    return len(await fetch("DELETE FROM stand_day WHERE day < {} RETURNING id", before))
