"""What a lot's cameras count at an instant."""

from datetime import datetime, timedelta

from parkhub.db import cameras as camera_rows
from parkhub.db import counts as count_rows
from parkhub.domain.counts import CameraCount


async def present_counts(lot_id: int, now: datetime) -> list[CameraCount]:
    """What each camera of a lot counted in its last picture, by name; nothing where that is too old to be true."""
    found = []
    latest = await count_rows.latest_counts(lot_id)
    for camera in await camera_rows.list_cameras(lot_id):
        count = latest.get(camera.id)
        fresh = count is not None and now < count.captured_at + timedelta(seconds=camera.stale_after_s)
        found.append(CameraCount(camera.name, count if fresh else None))
    return found
