"""Closing a lot, deleting one that nothing is left of, and taking cameras away or elsewhere."""

from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import lot_ends as end_rows
from parkhub.db import lots as lot_rows
from parkhub.db import sessions as session_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.audit import EntryFilter
from parkhub.domain.cameras import Camera
from parkhub.domain.lots import Lot
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import audit, better_views
from parkhub.services.troubles import memory_folder

log = structlog.get_logger(__name__)

NAMES_TOLD: Final = 5
CLOSED: Final = "lot.closed"
SHUT: Final = "off"
"""Opening times of a lot that never opens, as OpenStreetMap writes them."""


def in_words(ties: dict[str, int]) -> str:
    """What ties something, as a list for a sentence: "12 stays, 3 receipts", "1,000 stays or more"."""
    return ", ".join(
        f"{number:,} {words.split('|')[number != 1]}{' or more' if number == end_rows.COUNTED_MAX else ''}"
        for words, number in ties.items()
    )


async def close_lot(clients: Clients, lot_id: int, account_id: int | None, now: datetime) -> Lot:
    """Take a lot out of use: it says that it is closed and its cameras take no pictures; everything else stays.

    Raises ConflictError while cars are inside, and for one that is closed.
    """
    async with transaction():
        await session_rows.lock_lot(lot_id)
        inside = await session_rows.count_open(lot_id)
        if inside:
            cars = "1 car is" if inside == 1 else f"{inside} cars are"
            raise ConflictError(f"{cars} inside. End their stays first: a closed car park sees nobody leave.")
        lot = await lot_rows.get_lot(lot_id)
        if lot.opening_hours == SHUT:
            raise ConflictError("It is closed already.")
        cameras = [camera for camera in await camera_rows.list_cameras(lot_id) if camera.enabled]
        for camera in cameras:
            await camera_rows.set_enabled(camera.id, enabled=False)
        await lot_rows.set_opening_hours(lot_id, SHUT)
        await audit.note(
            CLOSED,
            account_id=account_id,
            lot_id=lot_id,
            subject=f"lot:{lot_id}",
            before={"opening_hours": lot.opening_hours, "cameras": [camera.public_id for camera in cameras]},
            after={"opening_hours": SHUT, "cameras": []},
            at=now,
        )
    await clients.live.announce(f"lot:{lot_id}")
    return await lot_rows.get_lot(lot_id)


async def open_lot(clients: Clients, lot_id: int, account_id: int | None, now: datetime) -> Lot:
    """Take a lot into use again, with the opening times and the cameras that it had when it was closed.

    Raises ConflictError for one that nobody has closed.
    """
    async with transaction():
        await session_rows.lock_lot(lot_id)
        closed = await audit.list_entries(EntryFilter(lot_id=lot_id, action=CLOSED), limit=1)
        if (await lot_rows.get_lot(lot_id)).opening_hours != SHUT or not closed:
            raise ConflictError("It is not closed. Its opening times and its cameras say when it works.")
        before = closed[0].before or {}
        stopped = set(before.get("cameras", []))
        for camera in await camera_rows.list_cameras(lot_id):
            if camera.public_id in stopped:
                await camera_rows.set_enabled(camera.id, enabled=True)
        await lot_rows.set_opening_hours(lot_id, before.get("opening_hours", ""))
        await audit.note(
            "lot.opened",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"lot:{lot_id}",
            before={"opening_hours": SHUT},
            after=before,
            at=now,
        )
    await clients.live.announce(f"lot:{lot_id}")
    return await lot_rows.get_lot(lot_id)


async def delete_lot(clients: Clients, lot_id: int, account_id: int | None, now: datetime) -> None:
    """Delete a lot that was only tried out. Raises ConflictError when anything is left of it that is for good."""
    async with transaction():
        await session_rows.lock_lot(lot_id)
        ties = await end_rows.count_lot_ties(lot_id)
        if ties:
            raise ConflictError(f"It has {in_words(ties)}. These are for good, so it can be closed but not deleted.")
        lot = await lot_rows.get_lot(lot_id)
        cameras = await camera_rows.list_cameras(lot_id)
        await audit.note(
            "lot.deleted",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"lot:{lot_id}",
            before={"slug": lot.slug, "name": lot.name, "cameras": [camera.public_id for camera in cameras]},
            after=None,
            at=now,
        )
        keys = await end_rows.delete_lot(lot_id)
    log.info("lot deleted", lot=lot.slug)
    await _delete_files(clients, cameras, keys)


async def remove_camera(clients: Clients, camera: Camera, account_id: int | None, now: datetime) -> None:
    """Take a camera away, with its pictures, its spots and what is known of them.

    Raises ConflictError for one that a gate needs: what it saw there proves stays.
    """
    async with transaction():
        await session_rows.lock_lot(camera.lot_id)
        ties = await end_rows.count_camera_ties(camera.id)
        if ties:
            raise ConflictError(f"It has {in_words(ties)}. Stop it instead, or wait until these are no longer kept.")
        spots = await spot_rows.list_camera_spots(camera.id)
        await audit.note(
            "camera.removed",
            account_id=account_id,
            lot_id=camera.lot_id,
            subject=f"camera:{camera.public_id}",
            before={"name": camera.name, "spots": [spot.name for spot in spots]},
            after=None,
            at=now,
        )
        await better_views.part_camera(camera, now)
        keys = await end_rows.delete_camera(camera.id)
    log.info("camera removed", camera=camera.public_id)
    await _delete_files(clients, [camera], keys)
    await clients.live.announce(f"lot:{camera.lot_id}")


async def move_camera(clients: Clients, camera: Camera, slug: str, account_id: int | None, now: datetime) -> Lot:
    """Have a camera look at another lot; its spots go with it, and what it saw before stays where it was.

    Raises FieldsError for a lot that is none or has spots of the same names, ConflictError for a camera at a gate.
    """
    async with transaction():
        lot = await lot_rows.find_lot(slug)
        if lot is None or lot.id == camera.lot_id:
            raise FieldsError({"lot": "Choose another car park."})
        for lot_id in sorted((lot.id, camera.lot_id)):
            await spot_rows.lock_map(lot_id)
        ties = await end_rows.count_camera_ties(camera.id)
        if ties:
            raise ConflictError(f"It has {in_words(ties)}. Add a new camera in the other car park instead.")
        mine = {spot.name for spot in await spot_rows.list_camera_spots(camera.id)}
        both = sorted(mine & {spot.name for spot in await spot_rows.list_spots(lot.id)})
        if both:
            named = ", ".join(both[:NAMES_TOLD]) + (", …" if len(both) > NAMES_TOLD else "")
            raise FieldsError({"lot": f"{lot.name} has spots named {named} already. Rename them first."})
        await better_views.part_camera(camera, now)
        await end_rows.move_camera(camera.id, lot.id)
        await audit.note(
            "camera.moved",
            account_id=account_id,
            lot_id=camera.lot_id,
            subject=f"camera:{camera.public_id}",
            before={"lot": camera.lot_id},
            after={"lot": lot.id},
            at=now,
        )
    for lot_id in (lot.id, camera.lot_id):
        await clients.live.announce(f"lot:{lot_id}")
    return lot


async def _delete_files(clients: Clients, cameras: list[Camera], keys: list[str]) -> None:
    for key in keys:
        await clients.pictures.delete(key)
    for camera in cameras:
        await clients.pictures.delete_folder(memory_folder(camera.id))
