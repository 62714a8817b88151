"""The allow list and the deny list."""

from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.plates import fold

_INSERT = (
    "INSERT INTO listed_plate (list, lot, plate, folded, reason, valid_until, created_at) "
    "VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT"
)
_UPDATE = "DO UPDATE SET reason = excluded.reason, valid_until = excluded.valid_until RETURNING id"
_ADD = f"{_INSERT} (list, lot, plate) WHERE lot IS NOT NULL {_UPDATE}"
_ADD_FOR_ALL = f"{_INSERT} (list, plate) WHERE lot IS NULL {_UPDATE}"


async def add_listed(listed: ListedPlate, now: datetime) -> int:
    """Keep an entry, or change reason and end of the one that the plate has there already; its id."""
    rows = await fetch(
        _ADD_FOR_ALL if listed.lot_id is None else _ADD,
        listed.list.value,
        listed.lot_id,
        listed.plate,
        fold(listed.plate),
        listed.reason,
        listed.valid_until,
        now,
    )
    return int(rows[0]["id"])


async def find_listed(
    plate_list: PlateList, lot_id: int, plate: str, at: datetime | None, *, alike: bool = True
) -> ListedPlate | None:
    """The entry that holds for a plate in a lot at ``at``, exactly the plate before one that looks the same.

    ``at`` None: also one that has run out.
    """
    args: tuple[object, ...] = (plate_list.value, lot_id, fold(plate))
    condition = "list = {} AND (lot IS NULL OR lot = {}) AND folded = {}"
    if not alike:
        condition, args = f"{condition} AND plate = {{}}", (*args, plate)
    if at is not None:
        condition, args = f"{condition} AND (valid_until IS NULL OR valid_until > {{}})", (*args, at)
    rows = await fetch(f"SELECT * FROM listed_plate WHERE {condition} ORDER BY id", *args)  # noqa: S608
    found = [_listed(row) for row in rows]
    return next((each for each in found if each.plate == plate), found[0] if found else None)


async def list_listed(lot_id: int, after_id: int, limit: int, plate_list: PlateList | None = None) -> list[ListedPlate]:
    """Entries that are for a lot or for all, with ids beyond ``after_id``, by id; of one list, or of both."""
    rows = await fetch(
        "SELECT * FROM listed_plate WHERE (lot IS NULL OR lot = {}) AND id > {} AND ({} = '' OR list = {}) "
        "ORDER BY id LIMIT {}",
        lot_id,
        after_id,
        plate_list.value if plate_list else "",
        plate_list.value if plate_list else "",
        limit,
    )
    return [_listed(row) for row in rows]


async def delete_listed(listed_id: int) -> ListedPlate | None:
    """Take an entry off its list; answers what it was."""
    rows = await fetch("DELETE FROM listed_plate WHERE id = {} RETURNING *", listed_id)
    return _listed(rows[0]) if rows else None


async def delete_listed_before(before: datetime) -> int:
    """Take off what ran out before an instant; how many."""
    return len(await fetch("DELETE FROM listed_plate WHERE valid_until < {} RETURNING id", before))


def _listed(row: Row) -> ListedPlate:
    return ListedPlate(PlateList(row["list"]), row["plate"], row["lot"], row["reason"], row["valid_until"], row["id"])
