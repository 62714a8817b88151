"""Plates that drivers have proven, who else says they are theirs, and the stays that an account shows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.domain.drivers import Claim, OwnStay, ProvenBy, ReceiptLine, Vehicle
from parkhub.domain.plates import fold
from parkhub.domain.sessions import SessionState

_DISPUTED = (
    "EXISTS (SELECT 1 FROM driver_claim AS c WHERE c.plate = v.plate AND c.decided_at IS NULL AND c.driver <> v.driver"
    "{since})"
)
_VEHICLE = f"SELECT v.*, {_DISPUTED.format(since='')} AS disputed FROM driver_vehicle AS v "  # noqa: S608

# Two ways into an account (`parkhub.domain.drivers`), each by an index of its own.
_OWN = (
    "SELECT d.session AS id FROM driver_stay AS d WHERE d.driver = {} UNION "  # noqa: S608
    "SELECT s.id FROM driver_vehicle AS v JOIN parking_session AS s "
    "ON s.folded = v.folded AND s.plate = v.plate AND s.entered_at >= v.proven_at "
    "WHERE v.driver = {} AND s.state = 'closed' AND (v.released_at IS NULL OR s.entered_at < v.released_at) "
    f"AND NOT (v.released_at IS NULL AND {_DISPUTED.format(since=' AND c.created_at <= s.entered_at')})"
)


async def add_vehicle(driver_id: int, plate: str, proven_by: ProvenBy, now: datetime) -> bool:
    """Make a driver a plate's holder; False when it has one."""
    rows = await fetch(
        "INSERT INTO driver_vehicle (driver, plate, folded, proven_by, proven_at) VALUES ({}, {}, {}, {}, {}) "
        'ON CONFLICT ("plate") WHERE "released_at" IS NULL DO NOTHING RETURNING id',
        driver_id,
        plate,
        fold(plate),
        proven_by.value,
        now,
    )
    return bool(rows)


async def find_holder(plate: str) -> Vehicle | None:
    """Who holds a plate, as normalised."""
    rows = await fetch(_VEHICLE + "WHERE v.plate = {} AND v.released_at IS NULL", plate)
    return _vehicle(rows[0]) if rows else None


async def list_vehicles(driver_id: int) -> list[Vehicle]:
    """The plates a driver holds."""
    rows = await fetch(_VEHICLE + "WHERE v.driver = {} AND v.released_at IS NULL ORDER BY v.plate", driver_id)
    return [_vehicle(row) for row in rows]


async def delete_vehicle(driver_id: int, vehicle_id: int) -> bool:
    """A driver does not hold a plate any more, and never did: its stays leave the account, too."""
    rows = await fetch("DELETE FROM driver_vehicle WHERE id = {} AND driver = {} RETURNING id", vehicle_id, driver_id)
    return bool(rows)


async def release(plate: str, now: datetime) -> None:
    """A plate has no holder from now on; who was keeps what they were shown."""
    await fetch("UPDATE driver_vehicle SET released_at = {} WHERE plate = {} AND released_at IS NULL", now, plate)


async def add_claim(driver_id: int, plate: str, proven_by: ProvenBy, session_id: int, now: datetime) -> int | None:
    """Ask staff whose a plate is; the claim's id, None when this driver has asked already."""
    rows = await fetch(
        "INSERT INTO driver_claim (driver, plate, proven_by, session, created_at, decision) "
        "VALUES ({}, {}, {}, {}, {}, '') "
        'ON CONFLICT ("driver", "plate") WHERE "decided_at" IS NULL DO NOTHING RETURNING id',
        driver_id,
        plate,
        proven_by.value,
        session_id,
        now,
    )
    return rows[0]["id"] if rows else None


async def find_claim(claim_id: int) -> Claim | None:
    """A claim, decided or not."""
    rows = await fetch("SELECT * FROM driver_claim WHERE id = {}", claim_id)
    return _claim(rows[0]) if rows else None


async def list_claims(after: int, limit: int) -> list[Claim]:
    """Open claims by id."""
    rows = await fetch(
        "SELECT * FROM driver_claim WHERE decided_at IS NULL AND id > {} ORDER BY id LIMIT {}", after, limit
    )
    return [_claim(row) for row in rows]


async def list_claims_of(driver_id: int) -> list[Claim]:
    """What a driver has claimed."""
    rows = await fetch("SELECT * FROM driver_claim WHERE driver = {} ORDER BY id", driver_id)
    return [_claim(row) for row in rows]


async def list_claims_to(plate: str) -> list[Claim]:
    """Open claims of a plate."""
    rows = await fetch("SELECT * FROM driver_claim WHERE plate = {} AND decided_at IS NULL ORDER BY id", plate)
    return [_claim(row) for row in rows]


async def decide_claims(plate: str, decision: str, account_id: int | None, now: datetime) -> None:
    """Note what became of every open claim of a plate, and which of the staff said so."""
    await fetch(
        "UPDATE driver_claim SET decided_at = {}, decided_by = {}, decision = {} "
        "WHERE plate = {} AND decided_at IS NULL",
        now,
        account_id,
        decision,
        plate,
    )


async def delete_decided_before(before: datetime) -> int:
    """Forget claims that were decided before then; returns how many."""
    return len(await fetch("DELETE FROM driver_claim WHERE decided_at < {} RETURNING id", before))


async def add_stay(driver_id: int, session_id: int, now: datetime) -> bool:
    """Put a session into an account; False when it is there."""
    rows = await fetch(
        "INSERT INTO driver_stay (driver, session, added_at) VALUES ({}, {}, {}) "
        'ON CONFLICT ("driver", "session") DO NOTHING RETURNING id',
        driver_id,
        session_id,
        now,
    )
    return bool(rows)


async def find_session_of_receipt(receipt_id: str) -> int | None:
    """The session that a receipt is for; None for no receipt, or one of a booking."""
    rows = await fetch(
        "SELECT quote.session FROM receipt JOIN quote ON quote.id = receipt.quote WHERE receipt.public_id = {}",
        receipt_id,
    )
    found: int | None = rows[0]["session"] if rows else None
    return found


async def list_stays(driver_id: int, before: datetime | None, limit: int) -> list[OwnStay]:
    """The stays that an account shows, the latest first; of those that began ``before``.

    Whoever has been given a receipt may add it, so a stay of a plate that is not the driver's tells what its receipt
    tells: neither the plate nor whether the car is still there.
    """
    ends = "AND s.entered_at < {} " if before else ""
    rows = await fetch(
        "SELECT s.id, s.ticket, s.plate, s.state, s.entered_at, s.exited_at, lot.name, lot.time_zone, "  # noqa: S608
        "EXISTS (SELECT 1 FROM driver_vehicle AS v WHERE v.driver = {} AND v.plate = s.plate) AS is_own "
        f"FROM parking_session AS s JOIN lot ON lot.id = s.lot WHERE s.id IN ({_OWN}) "
        f"AND s.state <> 'cancelled' {ends}ORDER BY s.entered_at DESC, s.id DESC LIMIT {{}}",
        driver_id,
        driver_id,
        driver_id,
        *([before] if before else []),
        limit,
    )
    stays = {row["id"]: _stay(row) if row["is_own"] else _of_receipt(row) for row in rows}
    receipts = await _receipts(list(stays))
    return [replace(stay, receipts=tuple(receipts.get(key, ()))) for key, stay in stays.items()]


async def _receipts(session_ids: Sequence[int]) -> dict[int, list[ReceiptLine]]:
    if not session_ids:
        return {}
    marks = ", ".join("{}" for _ in session_ids)
    rows = await fetch(
        "SELECT q.session, q.currency, r.public_id, p.paid_at, p.paid_cents, p.refunded_cents "  # noqa: S608
        "FROM quote AS q JOIN payment AS p ON p.quote = q.id JOIN receipt AS r ON r.quote = q.id "
        f"WHERE q.session IN ({marks}) ORDER BY p.paid_at, q.id",
        *session_ids,
    )
    found: dict[int, list[ReceiptLine]] = {}
    for row in rows:
        line = ReceiptLine(row["public_id"], row["paid_at"], row["paid_cents"], row["refunded_cents"], row["currency"])
        found.setdefault(row["session"], []).append(line)
    return found


def _vehicle(row: Row) -> Vehicle:
    return Vehicle(
        id=row["id"],
        driver_id=row["driver"],
        plate=row["plate"],
        proven_by=ProvenBy(row["proven_by"]),
        proven_at=row["proven_at"],
        released_at=row["released_at"],
        disputed=bool(row["disputed"]),
    )


def _claim(row: Row) -> Claim:
    return Claim(
        id=row["id"],
        driver_id=row["driver"],
        plate=row["plate"],
        proven_by=ProvenBy(row["proven_by"]),
        session_id=row["session"],
        created_at=row["created_at"],
        decided_at=row["decided_at"],
        decision=row["decision"],
    )


def _of_receipt(row: Row) -> OwnStay:
    return replace(_stay(row), ticket="", plate="", state=SessionState.CLOSED, exited_at=None)


def _stay(row: Row) -> OwnStay:
    return OwnStay(
        session_id=row["id"],
        ticket=row["ticket"],
        lot_name=row["name"],
        time_zone=row["time_zone"],
        plate=row["plate"],
        state=SessionState(row["state"]),
        entered_at=row["entered_at"],
        exited_at=row["exited_at"],
    )
