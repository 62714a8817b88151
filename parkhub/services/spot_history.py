"""What every change of a camera's spots leaves behind, whoever makes it: a version."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from parkhub.db import spot_versions as version_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.spot_versions import KeptSpot, SpotVersion, differences, keep

FIRST_WORDS = "as they were before anybody drew"

log = structlog.get_logger(__name__)


async def keep_version(
    camera: Camera,
    account_id: int | None,
    before: Sequence[KeptSpot],
    now: datetime,
    words: str,
    size: tuple[int, int],
) -> SpotVersion:
    """Keep the camera's spots as its next version, if anything changed since ``before``; answers the current one.

    What stood before the first version is kept as one of its own, so that it can be restored.
    """
    after = [keep(spot) for spot in await spot_rows.list_camera_spots(camera.id)]
    changed = differences(before, after)
    latest = await version_rows.latest_spot_version(camera.id)
    if latest is not None and not changed:
        return latest
    number = latest.number if latest is not None else 0
    if latest is None and before:
        number += 1
        await version_rows.add_spot_version(camera.id, number, None, now, FIRST_WORDS, camera.marked_on or size, before)
    if changed or not number:
        number += 1
        told = ", ".join([words, *changed] if words else changed) or "no spots"
        await version_rows.add_spot_version(camera.id, number, account_id, now, told, size, after)
    found = await version_rows.latest_spot_version(camera.id)
    assert found is not None  # one was kept just now, or before
    log.info("spots.saved", camera=camera.public_id, version=found.number, count=len(after))
    return found
