"""Put a lot's spots on its drawn plan, those of all its cameras together."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from parkhub.clients import Clients
from parkhub.db import better_views as view_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import drives as drive_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.drives import Drives, check_drives
from parkhub.domain.lot_plans import SIDE_MAX, put
from parkhub.domain.lots import Lot
from parkhub.domain.spot_marks import area, crosses_itself
from parkhub.domain.spot_versions import keep
from parkhub.domain.spots import Polygon, Spot
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit, spot_history

AREA_MIN = 4.0


@dataclass(frozen=True, slots=True)
class LotPlan:
    """A lot with its spots in map order; ``version`` changes with what is drawn.

    ``hidden``: ids of those that another spot stands for (`parkhub.services.better_views`).
    """

    lot: Lot
    spots: tuple[Spot, ...]
    drives: Drives
    hidden: frozenset[int] = frozenset()

    @property
    def shown(self) -> list[Spot]:
        """Those that are on the map, each place once."""
        return [spot for spot in self.spots if spot.id not in self.hidden]

    @property
    def version(self) -> int:
        """A number that is another one once anybody changes a spot's place, the lanes, or which spots there are."""
        told = repr((self.lot.drives_version, [(spot.id, spot.name, spot.plan) for spot in self.shown]))
        return int(hashlib.sha256(told.encode()).hexdigest()[:12], 16)


async def load_plan(lot: Lot) -> LotPlan:
    """A lot's plan as it is."""
    places = await view_rows.list_places(lot.id)
    hidden = frozenset(spot_id for place in places for spot_id in place.views if spot_id != place.spot_id)
    return LotPlan(lot, tuple(await spot_rows.list_spots(lot.id)), await drive_rows.find_drives(lot.id), hidden)


async def save_plan(
    clients: Clients,
    account_id: int | None,
    lot_id: int,
    loaded: int,
    outlines: Mapping[int, Polygon],
    size: tuple[float, float],
    now: datetime,
) -> LotPlan:
    """Put spots, by id, where their outlines lie on a plan of ``size`` units; the others stay.

    Each camera whose spots went elsewhere gets a version. Raises ConflictError when the plan is not the one that was
    ``loaded``, InvalidInputError for an outline that is none or lies outside.
    """
    width, height = size
    if not (1 <= width <= SIDE_MAX and 1 <= height <= SIDE_MAX):
        raise InvalidInputError(f"A plan has at most {SIDE_MAX} units each way.")
    async with transaction():
        await spot_rows.lock_map(lot_id)
        before = await load_plan(await lot_rows.get_lot(lot_id))
        if before.version != loaded:
            raise ConflictError("Somebody else changed the plan or the spots meanwhile.")
        for spot in before.spots:
            _check(spot, outlines.get(spot.id), size)
        check_drives(before.drives, size)
        await lot_rows.set_plan_size(lot_id, width, height)
        for camera_id in sorted({spot.camera_id for spot in before.spots}):
            await _save(camera_id, account_id, before, outlines, now)
        after = await load_plan(await lot_rows.get_lot(lot_id))
    await clients.live.announce(f"lot:{lot_id}")
    return after


async def save_drives(
    clients: Clients, account_id: int | None, lot_id: int, loaded: int, drives: Drives, now: datetime
) -> LotPlan:
    """Keep the lanes, entrances and monitors of a lot's plan.

    Raises ConflictError when the plan is not the one that was ``loaded``, InvalidInputError for what lies outside.
    """
    async with transaction():
        await spot_rows.lock_map(lot_id)
        before = await load_plan(await lot_rows.get_lot(lot_id))
        if before.version != loaded:
            raise ConflictError("Somebody else changed the plan or the spots meanwhile.")
        check_drives(drives, (before.lot.plan_width, before.lot.plan_height))
        if drives != before.drives:
            await drive_rows.save_drives(lot_id, drives)
            told = {"lanes": len(drives.lanes), "entrances": len(drives.entrances), "monitors": len(drives.monitors)}
            subject = f"lot:{lot_id}"
            await audit.note(
                "plan.drives_saved",
                account_id=account_id,
                lot_id=lot_id,
                subject=subject,
                before=None,
                after=told,
                at=now,
            )
        after = await load_plan(await lot_rows.get_lot(lot_id))
    await clients.live.announce(f"lot:{lot_id}")
    return after


def _check(spot: Spot, outline: Polygon | None, size: tuple[float, float]) -> None:
    if outline is None:
        return
    if any(not (0 <= x <= size[0] and 0 <= y <= size[1]) for x, y in outline):
        raise InvalidInputError(f"{spot.name} lies partly outside the plan.")
    if crosses_itself(outline) or area(outline) < AREA_MIN:
        raise InvalidInputError(f"The outline of {spot.name} crosses itself or is too small.")


async def _save(
    camera_id: int, account_id: int | None, before: LotPlan, outlines: Mapping[int, Polygon], now: datetime
) -> None:
    mine = [spot for spot in before.spots if spot.camera_id == camera_id]
    placed = [replace(spot, plan=put(spot.plan, outlines[spot.id])) if spot.id in outlines else spot for spot in mine]
    if placed == mine:
        return
    camera = await camera_rows.get_camera(camera_id)
    await spot_rows.save_camera_spots(camera_id, [(spot.id, keep(spot).spot) for spot in placed])
    size = camera.marked_on or (round(before.lot.plan_width), round(before.lot.plan_height))
    await spot_history.keep_version(camera, account_id, [keep(spot) for spot in mine], now, "", size)
