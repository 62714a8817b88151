"""Permits with their lots and plates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from parkhub.db.engine import Row, fetch, in_transaction, on_postgresql, run_many
from parkhub.domain.permits import Permit, PermitKind
from parkhub.domain.plates import fold, normalise
from parkhub.domain.weekly_times import parse_times, write_times
from parkhub.errors import ConflictError, NotFoundError

_CHUNK = 500
_COLUMNS = "kind, holder, valid_from, valid_until, times, cars_max, paused, note, created_at, changed_at"
_MARKS = "({}, {}, {}, {}, {}, {}, {}, {}, {}, {})"
_IN_LOT = "EXISTS (SELECT 1 FROM permit_lot AS held WHERE held.permit = permit.id AND held.lot = {})"
_OF_PLATE = f"id IN (SELECT permit FROM permit_plate WHERE plate = {{}} AND folded = {{}}) AND {_IN_LOT}"  # noqa: S608
_OF_PLATES_ALIKE = f"id IN (SELECT permit FROM permit_plate WHERE folded = {{}}) AND {_IN_LOT}"  # noqa: S608


class PermitState(StrEnum):
    """Whether a permit holds on a day."""

    VALID = "valid"
    COMING = "coming"
    OVER = "over"
    PAUSED = "paused"


_BEGUN, _ENDED = "valid_from <= {}", "valid_until <> '' AND valid_until < {}"
_STATES = {
    PermitState.VALID: (f"NOT paused AND {_BEGUN} AND NOT ({_ENDED})", 2),
    PermitState.COMING: (f"NOT paused AND NOT ({_BEGUN})", 1),
    PermitState.OVER: (_ENDED, 1),
    PermitState.PAUSED: (f"paused AND NOT ({_ENDED})", 1),
}


@dataclass(frozen=True, slots=True)
class PermitFilter:
    """Which permits are wanted. ``part``: of the holder's name, and with ``by_plate`` of a plate, look-alikes equal."""

    state: PermitState | None = None
    kind: PermitKind | None = None
    part: str = ""
    by_plate: bool = False


async def get_permit(permit_id: int) -> Permit:
    """The permit; NotFoundError when there is none."""
    found = await _load("id = {}", permit_id)
    if not found:
        raise NotFoundError("There is no such permit.")
    return found[0]


async def list_permits(lot_id: int, after_id: int, limit: int) -> list[Permit]:
    """Permits that hold in a lot, with ids beyond ``after_id``, by id."""
    return await _load(f"{_IN_LOT} AND id > {{}}", lot_id, after_id, limit=limit)


async def list_found(lot_id: int, wanted: PermitFilter, today: date, after_id: int, limit: int) -> list[Permit]:
    """Permits of a lot that a filter lets through, by id beyond ``after_id``. ``today``: on the lot's calendar."""
    conditions, args = [_IN_LOT, "id > {}"], list[object]([lot_id, after_id])
    if wanted.kind is not None:
        conditions.append("kind = {}")
        args.append(wanted.kind.value)
    if wanted.state is not None:
        condition, days = _STATES[wanted.state]
        conditions.append(condition)
        args += [today.isoformat()] * days
    if wanted.part:
        named = "lower(holder) LIKE {} ESCAPE '!'"
        args.append(f"%{_literal(wanted.part.lower())}%")
        folded = fold(normalise(wanted.part)) if wanted.by_plate else ""
        if folded:
            named = f"({named} OR id IN (SELECT permit FROM permit_plate WHERE folded LIKE {{}}))"  # noqa: S608
            args.append(f"%{folded}%")
        conditions.append(named)
    return await _load(" AND ".join(conditions), *args, limit=limit)


def _literal(text: str) -> str:
    """A text as it stands in a pattern whose escape is ``!``."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


async def list_of_plate(lot_id: int, plate: str, *, alike: bool = True) -> list[Permit]:
    """Permits of a lot that know a plate, or with ``alike`` one that looks the same; whether they hold is not asked."""
    if alike:
        return await _load(_OF_PLATES_ALIKE, fold(plate), lot_id)
    return await _load(_OF_PLATE, plate, fold(plate), lot_id)


async def lock_permits(permit_ids: Sequence[int]) -> None:
    """Let whoever counts the cars of these permits next wait until this transaction has ended."""
    if on_postgresql() and in_transaction() and permit_ids:  # on SQLite a transaction is alone anyway
        places = ", ".join(["{}"] * len(permit_ids))
        chosen = f"SELECT id FROM permit WHERE id IN ({places})"  # noqa: S608
        await fetch(f"{chosen} ORDER BY id FOR NO KEY UPDATE", *permit_ids)


async def lock_lot(lot_id: int) -> None:
    """Let whoever imports permits of the lot next wait until this transaction has ended."""
    if on_postgresql() and in_transaction():
        await fetch("SELECT id FROM lot WHERE id = {} FOR NO KEY UPDATE", lot_id)


async def count_inside(permit_id: int, lot_id: int, plate: str) -> int:
    """How many cars are inside on a permit, without the plate itself in this lot."""
    rows = await fetch(
        "SELECT count(*) AS number FROM parking_session WHERE state = 'open' AND permit = {} "
        "AND NOT (lot = {} AND plate = {})",
        permit_id,
        lot_id,
        plate,
    )
    return int(rows[0]["number"])


async def add_permits(permits: Sequence[Permit], now: datetime) -> list[int]:
    """Keep new permits; their ids, in the same order. Inside a transaction.

    ConflictError when another one has the external id of one of them.
    """
    ids: list[int] = []
    for start in range(0, len(permits), _CHUNK):
        chunk = permits[start : start + _CHUNK]
        marks = ", ".join([_MARKS] * len(chunk))
        rows = await fetch(
            f"INSERT INTO permit ({_COLUMNS}) VALUES {marks} RETURNING id",  # noqa: S608
            *(value for permit in chunk for value in (*_values(permit), now, now)),
        )
        ids += sorted(row["id"] for row in rows)  # given in the order of the values, but not always told so
    await _add_parts(zip(ids, permits, strict=True))
    return ids


async def save_permit(permit: Permit, now: datetime) -> None:
    """Change all of a permit that is stored. Inside a transaction. Raises NotFoundError, ConflictError."""
    rows = await fetch(
        "UPDATE permit SET kind = {}, holder = {}, valid_from = {}, valid_until = {}, times = {}, cars_max = {}, "
        "paused = {}, note = {}, changed_at = {} WHERE id = {} RETURNING id",
        *_values(permit),
        now,
        permit.id,
    )
    if not rows:
        raise NotFoundError("There is no such permit.")
    await fetch("DELETE FROM permit_lot WHERE permit = {}", permit.id)
    await fetch("DELETE FROM permit_plate WHERE permit = {}", permit.id)
    await _add_parts([(permit.id, permit)])


async def delete_permit(permit_id: int) -> None:
    """Delete it; nothing happens when it is gone."""
    await fetch("DELETE FROM permit WHERE id = {}", permit_id)


def _values(permit: Permit) -> tuple[object, ...]:
    return (
        permit.kind.value,
        permit.holder,
        permit.valid_from.isoformat(),
        permit.valid_until.isoformat() if permit.valid_until else "",
        write_times(permit.times),
        permit.cars_max,
        permit.paused,
        permit.note,
    )


async def _add_parts(permits: Iterable[tuple[int, Permit]]) -> None:
    """Lots and plates of permits with these ids."""
    numbered = list(permits)
    try:
        await run_many(
            "INSERT INTO permit_lot (permit, lot, external_id) VALUES ({}, {}, {})",
            [(number, lot_id, permit.external_id) for number, permit in numbered for lot_id in sorted(permit.lot_ids)],
        )
    except ConflictError:
        raise ConflictError("Another permit has this external id.") from None
    await run_many(
        "INSERT INTO permit_plate (permit, plate, folded) VALUES ({}, {}, {})",
        [(number, plate, fold(plate)) for number, permit in numbered for plate in permit.plates],
    )


async def _load(condition: str, *args: object, limit: int = -1) -> list[Permit]:
    chosen = f"SELECT id FROM permit WHERE {condition}"  # noqa: S608  (conditions of this file)
    if limit >= 0:
        chosen, args = f"{chosen} ORDER BY id LIMIT {{}}", (*args, limit)
    rows = await fetch(f"SELECT * FROM permit WHERE id IN ({chosen}) ORDER BY id", *args)  # noqa: S608
    if not rows:
        return []
    lots = await fetch(f"SELECT permit, lot, external_id FROM permit_lot WHERE permit IN ({chosen})", *args)  # noqa: S608
    plates = await fetch(f"SELECT permit, plate FROM permit_plate WHERE permit IN ({chosen}) ORDER BY id", *args)  # noqa: S608
    lots_of: dict[int, dict[int, str]] = {}
    for each in lots:
        lots_of.setdefault(each["permit"], {})[each["lot"]] = each["external_id"]
    plates_of: dict[int, list[str]] = {}
    for each in plates:
        plates_of.setdefault(each["permit"], []).append(each["plate"])
    return [_permit(row, lots_of.get(row["id"], {}), plates_of.get(row["id"], [])) for row in rows]


def _permit(row: Row, lots: dict[int, str], plates: list[str]) -> Permit:
    return Permit(
        id=row["id"],
        lot_ids=frozenset(lots),
        kind=PermitKind(row["kind"]),
        holder=row["holder"],
        plates=tuple(plates),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
        times=parse_times(row["times"]),
        cars_max=row["cars_max"],
        paused=bool(row["paused"]),
        note=row["note"],
        external_id=next(iter(lots.values()), ""),
    )
