"""Publishing tariffs."""

from datetime import datetime

from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import InvalidInputError
from parkhub.services import audit


async def publish(
    lot_id: int, kind: VehicleKind | None, text: str, valid_from: datetime, account_id: int | None, now: datetime
) -> TariffVersion:
    """Make a tariff hold from an instant on, for a kind of vehicle or for any.

    Stays that began before keep theirs unless the lot says otherwise. Raises TariffError for a text that is none,
    InvalidInputError for an instant that is over or another currency than the lot has, ConflictError for a second
    tariff of the same instant.
    """
    tariff = parse_tariff(text)
    async with transaction():
        await session_rows.lock_lot(lot_id)
        known = await tariff_rows.list_versions(lot_id)
        if known and valid_from < now:
            raise InvalidInputError("A tariff cannot begin in the past: stays were priced by another one.")
        if any(version.tariff.currency != tariff.currency for version in known):
            raise InvalidInputError(f"This lot's prices are in {known[0].tariff.currency}, and its books with them.")
        version = await tariff_rows.add_version(lot_id, kind, text, valid_from, account_id, now)
        await audit.note(
            "tariff.published",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"tariff:{version.id}",
            before=None,
            after={"kind": kind.value if kind else "", "valid_from": valid_from.isoformat()},
            at=now,
        )
    return version
