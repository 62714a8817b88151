"""Who may park without paying, and whom staff want to know of: asked at a car's arrival, and kept by staff."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from parkhub.db import lots as lot_rows
from parkhub.db import permits as permit_rows
from parkhub.db import plate_lists as list_rows
from parkhub.db.engine import transaction
from parkhub.domain import permits, plate_lists
from parkhub.domain.permits import Permit, Right, best_right
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.weekly_times import write_times
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.services import audit

log = structlog.get_logger(__name__)


async def find_right(lot_id: int, plate: str, at: datetime) -> Right | None:
    """What a car with this plate may do that arrives at ``at``; None: it pays.

    Inside the transaction that keeps the session, so that two cars at once do not take a permit's last place.
    """
    if not plate:
        return None
    allowed = await list_rows.find_listed(PlateList.ALLOW, lot_id, plate, at)
    if allowed is not None:
        return best_right(plate, allowed.reason, (), at, ZoneInfo("UTC"))
    found = await permit_rows.list_of_plate(lot_id, plate)
    if not found:
        return None
    await permit_rows.lock_permits([permit.id for permit in found])
    counted = [(permit, await permit_rows.count_inside(permit.id, lot_id, plate)) for permit in found]
    zone = ZoneInfo((await lot_rows.get_lot(lot_id)).time_zone)
    return best_right(plate, None, counted, at, zone)


async def is_denied(lot_id: int, plate: str, at: datetime) -> str | None:
    """Why staff want to know of a car with this plate that comes at ``at``; None: they do not."""
    found = await list_rows.find_listed(PlateList.DENY, lot_id, plate, at) if plate else None
    if found is None:
        return None
    log.warning("plate.denied", lot=lot_id, listed=found.id)
    return found.reason


async def save_permit(permit: Permit, account_id: int | None, now: datetime) -> Permit:
    """Keep a permit, a new one or a changed one. Raises FieldsError, NotFoundError, ConflictError for an external id
    that another one has.
    """
    permit = replace(
        permit, holder=permit.holder.strip(), note=permit.note.strip(), external_id=permit.external_id.strip()
    )
    wrong = permits.faults(permit)
    if wrong:
        raise FieldsError(wrong)
    async with transaction():
        for lot_id in permit.lot_ids:
            await lot_rows.get_lot(lot_id)
        return (await store_permits([permit], account_id, now))[0]


async def store_permits(permits: Sequence[Permit], account_id: int | None, now: datetime) -> list[Permit]:
    """Keep permits that have no faults, each with its entry in the audit log. Inside a transaction."""
    new = [permit for permit in permits if not permit.id]
    ids = iter(await permit_rows.add_permits(new, now))
    stored = []
    for permit in permits:
        if permit.id:
            before = await permit_rows.get_permit(permit.id)
            if before != permit:
                await permit_rows.save_permit(permit, now)
                await _note("permit.changed", before, permit, account_id, now)
            stored.append(permit)
        else:
            stored.append(replace(permit, id=next(ids)))
            await _note("permit.added", None, stored[-1], account_id, now)
    return stored


async def delete_permit(permit_id: int, account_id: int | None, now: datetime) -> None:
    """Delete a permit. Raises NotFoundError, and ConflictError while a car is inside on it, whose price needs it."""
    async with transaction():
        permit = await permit_rows.get_permit(permit_id)
        await permit_rows.lock_permits([permit_id])
        if await permit_rows.count_inside(permit_id, 0, ""):
            raise ConflictError("A car is inside on this permit. Pause it now, and delete it later.")
        await permit_rows.delete_permit(permit_id)
        await _note("permit.deleted", permit, None, account_id, now)


async def list_plate(listed: ListedPlate, account_id: int | None, now: datetime) -> ListedPlate:
    """Put a plate on a list; one that is there gets the new reason and end. Raises FieldsError, NotFoundError."""
    wrong = plate_lists.faults(listed)
    if wrong:
        raise FieldsError(wrong)
    async with transaction():
        if listed.lot_id is not None:
            await lot_rows.get_lot(listed.lot_id)
        listed = replace(listed, id=await list_rows.add_listed(listed, now))
        await _note_listed("plate.listed", listed, account_id, now)
    return listed


async def unlist_plate(listed_id: int, account_id: int | None, now: datetime) -> None:
    """Take a plate off its list. Raises NotFoundError."""
    async with transaction():
        listed = await list_rows.delete_listed(listed_id)
        if listed is None:
            raise NotFoundError("There is no such entry.")
        await _note_listed("plate.unlisted", listed, account_id, now)


async def delete_old_listed(now: datetime) -> int:
    """Take off the lists what has run out."""
    deleted = await list_rows.delete_listed_before(now)
    if deleted:
        log.info("permits.listed_plates_ran_out", count=deleted)
    return deleted


def _shown(permit: Permit | None) -> Mapping[str, Any] | None:
    """What the audit log keeps of a permit for good: neither plates nor names."""
    if permit is None:
        return None
    return {
        "lots": sorted(permit.lot_ids),
        "kind": permit.kind.value,
        "plate_count": len(permit.plates),
        "valid_from": permit.valid_from.isoformat(),
        "valid_until": permit.valid_until.isoformat() if permit.valid_until else None,
        "times": write_times(permit.times),
        "cars_max": permit.cars_max,
        "paused": permit.paused,
        "external_id": permit.external_id,
    }


async def _note(
    action: str, before: Permit | None, after: Permit | None, account_id: int | None, now: datetime
) -> None:
    permit = after or before
    assert permit is not None
    plates = tuple(" ".join(each.plates) if each else "" for each in (before, after))
    await audit.note(
        action,
        account_id=account_id,
        lot_id=min(permit.lot_ids),
        subject=f"permit:{permit.id}",
        before=_shown(before),
        after=_shown(after),
        at=now,
        plates=(plates[0], plates[1]),
    )


async def _note_listed(action: str, listed: ListedPlate, account_id: int | None, now: datetime) -> None:
    until = listed.valid_until.isoformat() if listed.valid_until else None
    await audit.note(
        action,
        account_id=account_id,
        lot_id=listed.lot_id,
        subject=f"listed_plate:{listed.id}",
        before=None,
        after={"list": listed.list.value, "valid_until": until},
        reason=listed.reason,
        at=now,
        plates=None if listed.lot_id is None else ("", listed.plate),  # those expire by a lot's rules
    )
