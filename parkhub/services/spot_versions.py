"""Saving what people draw: every save of a camera's spots is a version that can be restored."""

from collections.abc import Sequence
from datetime import datetime

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spot_versions as version_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.lots import Lot
from parkhub.domain.spot_marks import Mark, MarksError, find_faults
from parkhub.domain.spot_versions import SpotVersion, continued, keep, place, place_beside
from parkhub.domain.spots import NewSpot, Spot
from parkhub.errors import ConflictError, NotFoundError
from parkhub.services import spot_history, spots, troubles


class SpotsChangedError(ConflictError):
    """Somebody else saved meanwhile; ``latest`` is their version."""

    title = "Somebody else saved"

    def __init__(self, latest: SpotVersion) -> None:
        by = latest.by or "A command or a file"
        super().__init__(f"{by} saved version {latest.number} meanwhile: {latest.words}.")
        self.latest = latest


async def save_marks(
    clients: Clients,
    account_id: int | None,
    camera_id: int,
    loaded: int,
    size: tuple[int, int],
    marks: Sequence[Mark],
    now: datetime,
) -> SpotVersion:
    """Make the marks, drawn on a picture of ``size`` pixels, the camera's spots; answers the version that is current.

    ``loaded``: the version they were drawn from, 0 before the first. A spot goes on with its history where its mark
    says so, or keeps its name or its place. Nothing changed: no version is added.
    Raises MarksError, SpotsChangedError, NotFoundError.
    """
    async with transaction():
        camera, lot, present = await _lock(camera_id)
        latest = await version_rows.latest_spot_version(camera_id)
        if latest is not None and latest.number != loaded:
            raise SpotsChangedError(latest)
        mine = [spot for spot in present if spot.camera_id == camera_id]
        others = [spot for spot in present if spot.camera_id != camera_id]
        faults = find_faults(marks, *size, taken={spot.name for spot in others})
        if faults:
            raise MarksError(faults)
        marks = continued(mine, marks)
        was, aspect = _aspect(camera.marked_on or size), _aspect(size)
        drawn = place(marks, mine, was, aspect)
        if drawn is not None:
            *map_size, wanted = spots.fit((lot.plan_width, lot.plan_height), others, drawn)
        else:
            bottom = max((spot.plan.y + spot.plan.height for spot in present), default=0.0)
            wanted, ends = place_beside(marks, mine, bottom, aspect)
            map_size = [lot.plan_width, max(lot.plan_height, ends)]
        saved = [(mark.spot_id, spot) for mark, spot in zip(marks, wanted, strict=True)]
        version = await _save(camera, account_id, mine, saved, size, now, "")
        await lot_rows.set_plan_size(lot.id, *map_size)
    await spots.told(clients, camera)
    return version


async def restore(clients: Clients, account_id: int | None, camera_id: int, number: int, now: datetime) -> SpotVersion:
    """Make a version's spots the camera's again, as a new version; spots that were gone come back with their history.

    Raises NotFoundError without such a version, ConflictError when another camera took one of its names.
    """
    async with transaction():
        camera, lot, present = await _lock(camera_id)
        version = await version_rows.find_spot_version(camera_id, number)
        if version is None or version.spots is None:
            raise NotFoundError("There is no such version, or it is no longer kept.")
        mine = [spot for spot in present if spot.camera_id == camera_id]
        saved: list[tuple[int | None, NewSpot]] = [(kept.spot_id, kept.spot) for kept in version.spots]
        size = version.width, version.height
        restored = await _save(camera, account_id, mine, saved, size, now, f"version {number} again")
        ends = [kept.spot.plan.y + kept.spot.plan.height for kept in version.spots]
        await lot_rows.set_plan_size(lot.id, lot.plan_width, max([lot.plan_height, *ends]))
    await spots.told(clients, camera)
    return restored


async def _lock(camera_id: int) -> tuple[Camera, Lot, list[Spot]]:
    """A camera whose spots nobody else changes, its lot, and the lot's spots."""
    camera = await camera_rows.get_camera(camera_id)
    await spot_rows.lock_map(camera.lot_id)
    return (
        await camera_rows.get_camera(camera_id),
        await lot_rows.get_lot(camera.lot_id),
        await spot_rows.list_spots(camera.lot_id),
    )


async def _save(
    camera: Camera,
    account_id: int | None,
    before: Sequence[Spot],
    wanted: Sequence[tuple[int | None, NewSpot]],
    size: tuple[int, int],
    now: datetime,
    words: str,
) -> SpotVersion:
    kept_before = [keep(spot) for spot in before]
    await spot_rows.save_camera_spots(camera.id, wanted)
    await camera_rows.set_marked_on(camera.id, *size)
    await troubles.forget_view(camera)
    return await spot_history.keep_version(camera, account_id, kept_before, now, words, size)


def _aspect(size: tuple[int, int]) -> float:
    return size[0] / size[1]
