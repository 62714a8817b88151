"""What a lot would have taken in with another tariff: its own past stays, priced by both."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.db import lots as lot_rows
from parkhub.db import tariff_trials as trial_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariff_trials import PastStays
from parkhub.domain.tariff_trial import Trial, try_on
from parkhub.domain.tariffs import Tariff
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import InvalidInputError

STAYS_MAX: Final = 3000
"""So many are priced, the last to come: about a second's work, in a thread beside the process's other work."""
LAST: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TriedTariff:
    """A trial over the stays that began in the `LAST` days, and what it had to work with."""

    trial: Trial
    past: PastStays
    currency: str

    @property
    def cut(self) -> bool:
        """Whether there were more stays than were priced."""
        return len(self.past.stays) == STAYS_MAX


async def try_tariff(lot_id: int, kind: VehicleKind | None, tariff: Tariff, now: datetime) -> TriedTariff:
    """Hold a tariff for a kind of vehicle (None: any without its own) against the one that runs now.

    Raises InvalidInputError where none runs, or one in another currency.
    """
    running = await tariff_rows.find_in_force(lot_id, kind, now)
    if running is None:
        raise InvalidInputError("No tariff runs here yet, so there is nothing to hold it against.")
    if running.tariff.currency != tariff.currency:
        raise InvalidInputError(f"This lot's prices are in {running.tariff.currency}.")
    zone = ZoneInfo((await lot_rows.get_lot(lot_id)).time_zone)
    past = await trial_rows.load_past(lot_id, await _kinds(lot_id, kind, now), now - LAST, now, STAYS_MAX)
    trial = await asyncio.to_thread(try_on, past.stays, running.tariff, tariff, zone)
    return TriedTariff(trial, past, tariff.currency)


async def _kinds(lot_id: int, kind: VehicleKind | None, now: datetime) -> tuple[VehicleKind | None, ...]:
    """Which vehicles pay by it: of the one for any, those that have none of their own."""
    if kind is not None:
        return (kind,)
    own = {each.kind for each in await tariff_rows.list_versions(lot_id) if each.valid_from <= now}
    return (None, *(each for each in VehicleKind if each not in own))
