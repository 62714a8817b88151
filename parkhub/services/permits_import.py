"""Taking in a table of permits, all of it or nothing, and giving one out."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from parkhub.db import permits as permit_rows
from parkhub.db.engine import transaction
from parkhub.domain.permits import Permit
from parkhub.domain.permits_file import read_permits
from parkhub.services.permits import store_permits

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """How many permits were new, how many changed, and how many were there already just so."""

    added: int
    changed: int
    same: int


async def import_permits(
    lot_id: int, content: bytes, account_id: int | None, now: datetime, *, dry_run: bool = False
) -> Imported:
    """Take a file's permits in for a lot; those that the file does not name stay as they are.

    The same file again changes nothing. ``dry_run`` only counts. Raises PermitsFileError with every fault, and
    ConflictError when a permit of several lots would get an id that another one has there.
    """
    wanted = read_permits(content, lot_id)
    fresh: list[Permit] = []
    counts = {"added": 0, "changed": 0, "same": 0}
    async with transaction():
        await permit_rows.lock_lot(lot_id)
        known = _Known([permit async for permit in each_permit(lot_id)])
        for permit in wanted:
            before = known.find(permit)
            after = permit if before is None else _merged(before, permit)
            counts["added" if before is None else "same" if after == before else "changed"] += 1
            if after != before:
                fresh.append(after)
        if not dry_run:
            await store_permits(fresh, account_id, now)
    return Imported(**counts)


async def each_permit(lot_id: int) -> AsyncIterator[Permit]:
    """All permits of a lot, by id."""
    after_id = 0
    while page := await permit_rows.list_permits(lot_id, after_id, PAGE):
        for permit in page:
            yield permit
        after_id = page[-1].id


class _Known:
    """The permits that are there, by what a file knows them by."""

    def __init__(self, permits: Sequence[Permit]) -> None:
        self._by_id = {permit.external_id: permit for permit in permits if permit.external_id}
        self._by_name = {(permit.holder, frozenset(permit.plates)): permit for permit in reversed(permits)}

    def find(self, wanted: Permit) -> Permit | None:
        """The same permit: by its external id, or by name and plates if one of the two has no external id."""
        if wanted.external_id in self._by_id:
            return self._by_id[wanted.external_id]
        found = self._by_name.get((wanted.holder, frozenset(wanted.plates)))
        return found if found is None or not (found.external_id and wanted.external_id) else None


def _merged(before: Permit, wanted: Permit) -> Permit:
    """What a file says of a permit, and what it cannot know."""
    return replace(
        wanted,
        id=before.id,
        lot_ids=before.lot_ids,
        plates=before.plates if set(before.plates) == set(wanted.plates) else wanted.plates,
        external_id=wanted.external_id or before.external_id,
    )
