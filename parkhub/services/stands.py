"""Remember where vehicles stood, and suggest spots from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parkhub.db import stands as stand_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame
from parkhub.domain.spots import Polygon
from parkhub.domain.stands import DAYS_KEPT, SAMPLE_EVERY_S, Stand, add, suggest_from_stands
from parkhub.domain.vehicles import Vehicle


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Outlines in 0..1 of the picture, the surest first; ``samples``: pictures they come from, of ``days`` days."""

    polygons: Sequence[Polygon]
    samples: int
    days: int


async def take_sample(camera: Camera, frame: Frame, vehicles: Sequence[Vehicle]) -> bool:
    """Add what stands in a picture to the camera's day, at most once in `SAMPLE_EVERY_S`; in the look's transaction."""
    last = await stand_rows.last_sample(camera.id)
    if last is not None and frame.captured_at < last + timedelta(seconds=SAMPLE_EVERY_S):
        return False
    day = frame.captured_at.date()
    seen = [
        Stand((x / frame.width, y / frame.height, width / frame.width, height / frame.height))
        for x, y, width, height in (vehicle.box for vehicle in vehicles)
    ]
    known = await stand_rows.load_stands(camera.id, day)
    await stand_rows.save_stands(camera.id, day, frame.captured_at, add(known, seen))
    return True


async def suggest(camera_id: int, drawn: Sequence[Polygon], now: datetime) -> Suggestions:
    """Spots by where vehicles stood in the days that are kept, where none is ``drawn``."""
    days = await stand_rows.list_stands(camera_id, (now - timedelta(days=DAYS_KEPT)).date())
    stands: tuple[Stand, ...] = ()
    for _, of_day in days:
        stands = add(stands, of_day)
    return Suggestions(suggest_from_stands(stands, drawn), sum(samples for samples, _ in days), len(days))


async def forget_old(now: datetime) -> int:
    """Forget the days past `DAYS_KEPT`; answers how many."""
    return await stand_rows.delete_stands((now - timedelta(days=DAYS_KEPT)).date())
