"""Publishing tariffs, and taking back what has not begun."""

from datetime import datetime
from typing import Final

from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.domain.text import printable
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError, FieldsError, InvalidInputError
from parkhub.services import audit

NOTE_LENGTH_MAX: Final = 200


async def publish(
    lot_id: int,
    kind: VehicleKind | None,
    text: str,
    valid_from: datetime,
    account_id: int | None,
    now: datetime,
    note: str = "",
) -> TariffVersion:
    """Make a tariff hold from an instant on, for a kind of vehicle or for any.

    Stays that began before keep theirs unless the lot says otherwise. Raises TariffError for a text that is none,
    FieldsError for a note that is none, InvalidInputError for an instant that is over or another currency than the lot
    has, ConflictError for a second tariff of the same instant.
    """
    tariff, note = parse_tariff(text), note.strip()
    if len(note) > NOTE_LENGTH_MAX or not printable(note):
        raise FieldsError({"note": f"Use at most {NOTE_LENGTH_MAX} letters on one line."})
    async with transaction():
        await session_rows.lock_lot(lot_id)
        known = await tariff_rows.list_versions(lot_id)
        if known and valid_from < now:
            raise InvalidInputError("A tariff cannot begin in the past: stays were priced by another one.")
        if any(version.tariff.currency != tariff.currency for version in known):
            raise InvalidInputError(f"This lot's prices are in {known[0].tariff.currency}, and its books with them.")
        version = await tariff_rows.add_version(lot_id, kind, text, valid_from, account_id, now, note)
        await audit.note(
            "tariff.published",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"tariff:{version.id}",
            before=None,
            after={"kind": kind.value if kind else "", "valid_from": valid_from.isoformat()},
            reason=note,
            at=now,
        )
    return version


async def withdraw(version_id: int, account_id: int | None, now: datetime) -> TariffVersion:
    """Take back a version that has not begun; answers what it was.

    Raises NotFoundError, and ConflictError when it has begun or somebody has booked at its prices.
    """
    version = await tariff_rows.get_version(version_id)
    async with transaction():
        await session_rows.lock_lot(version.lot_id)
        version = await tariff_rows.get_version(version_id)
        if version.valid_from <= now:
            raise ConflictError("This tariff holds already. Publish another one instead.")
        if await tariff_rows.is_used(version_id):
            raise ConflictError("Somebody has booked at these prices already. Publish another tariff instead.")
        await tariff_rows.delete_version(version_id)
        kind = version.kind.value if version.kind else ""
        await audit.note(
            "tariff.withdrawn",
            account_id=account_id,
            lot_id=version.lot_id,
            subject=f"tariff:{version.id}",
            before={"kind": kind, "valid_from": version.valid_from.isoformat()},
            after=None,
            at=now,
        )
    return version
