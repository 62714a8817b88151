"""Stays that were to be paid by a kept card when they ended: at most one charge for each."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.domain.payments import PaymentState
from parkhub.domain.saved_cards import ChargeEnd, ChargeState
from parkhub.errors import NotFoundError

_UNFINISHED = "state <> 'ended'"
"""As the index of them says it: SQLite does not see that another state is not this one."""
# Few stays ended just now, and many drivers have come hundreds of times: CROSS JOIN is in this order in SQLite.
_UNASKED = (
    "FROM lot CROSS JOIN parking_session AS s CROSS JOIN driver_vehicle AS v CROSS JOIN driver_card AS c "
    "WHERE s.lot = lot.id AND s.exited_at >= {} AND s.state = 'closed' AND s.ending = 'exit' "
    "AND v.plate = s.plate AND v.released_at IS NULL AND v.proven_at <= s.exited_at "
    "AND c.driver = v.driver AND c.automatic AND c.method <> '' AND c.provider = {} AND c.automatic_at <= s.exited_at "
    "AND NOT EXISTS (SELECT 1 FROM card_charge AS k WHERE k.session = s.id) "
)
_WAITS_FOR_NOBODY = (
    "AND NOT EXISTS (SELECT 1 FROM driver_claim AS o WHERE o.plate = v.plate AND o.decided_at IS NULL) "
    "AND NOT EXISTS (SELECT 1 FROM review AS r WHERE r.session = s.id AND r.decided_at IS NULL) "
    "AND NOT EXISTS "
    "(SELECT 1 FROM review AS r WHERE r.passage IN (s.entry_passage, s.exit_passage) AND r.decided_at IS NULL) "
    "AND NOT EXISTS (SELECT 1 FROM quote AS q JOIN payment AS p ON p.quote = q.id "
    "WHERE q.session = s.id AND p.state = 'processing') "
)


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge. ``payment_id`` None: the provider was never asked; ``code``: why it refused, in its word."""

    id: int
    public_id: str
    session_id: int
    driver_id: int | None
    payment_id: int | None
    customer: str
    method: str
    amount_cents: int
    currency: str
    state: ChargeState
    outcome: ChargeEnd
    code: str
    tries: int
    created_at: datetime


async def add_charge(
    public_id: str,
    session_id: int,
    driver_id: int,
    payment_id: int | None,
    customer: str,
    method: str,
    amount_cents: int,
    currency: str,
    outcome: ChargeEnd,
    now: datetime,
    next_at: datetime | None,
) -> Charge:
    """Note a charge; one with an outcome has ended, another is asked for again at ``next_at``.

    With the lot held, so that nobody adds the same stay's twice.
    """
    state = ChargeState.ENDED if outcome else ChargeState.ASKED
    rows = await fetch(
        "INSERT INTO card_charge (public_id, session, driver, payment, customer, method, amount_cents, currency, "
        "state, outcome, code, tries, created_at, next_at) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, '', 0, {}, {}) RETURNING *",
        public_id,
        session_id,
        driver_id,
        payment_id,
        customer,
        method,
        amount_cents,
        currency,
        state.value,
        outcome.value,
        now,
        next_at,
    )
    return _charge(rows[0])


async def move(charge_id: int, before: ChargeState, state: ChargeState, outcome: ChargeEnd, code: str) -> bool:
    """Note how far a charge is; False when somebody else has moved it on."""
    rows = await fetch(
        "UPDATE card_charge SET state = {}, outcome = {}, code = {}, next_at = NULL "
        "WHERE id = {} AND state = {} RETURNING id",
        state.value,
        outcome.value,
        code,
        charge_id,
        before.value,
    )
    return bool(rows)


async def put_off(charge_id: int, next_at: datetime) -> None:
    """Note when the provider is asked again."""
    await fetch(
        "UPDATE card_charge SET next_at = {}, tries = tries + 1 WHERE id = {} AND state = 'asked'", next_at, charge_id
    )


async def get_charge(charge_id: int) -> Charge:
    """The charge. Raises NotFoundError."""
    return _needed(await _find("id = {}", charge_id))


async def get_by_public_id(public_id: str) -> Charge:
    """The charge. Raises NotFoundError."""
    return _needed(await _find("public_id = {}", public_id))


async def find_of_session(session_id: int) -> Charge | None:
    """A stay's charge."""
    return await _find("session = {}", session_id)


async def list_due(now: datetime, limit: int) -> list[Charge]:
    """Charges of which the provider is to be asked by now, the longest due first."""
    rows = await fetch(
        f"SELECT * FROM card_charge WHERE {_UNFINISHED} AND state = 'asked' AND next_at <= {{}} "  # noqa: S608
        "ORDER BY next_at, id LIMIT {}",
        now,
        limit,
    )
    return [_charge(row) for row in rows]


async def list_settled(limit: int) -> list[tuple[Charge, PaymentState]]:
    """Charges whose payment has come to an end by what the provider told, and its end."""
    rows = await fetch(
        "SELECT k.*, p.state AS paid FROM card_charge AS k JOIN payment AS p ON p.id = k.payment "  # noqa: S608
        f"WHERE k.{_UNFINISHED} AND k.state IN ('asked', 'told') "
        "AND (k.state = 'told' AND p.state IN ('paid', 'failed') OR k.state = 'asked' AND p.state = 'paid') "
        "ORDER BY k.id LIMIT {}",
        limit,
    )
    return [(_charge(row), PaymentState(row["paid"])) for row in rows]


async def delete_ended_before(before: datetime) -> int:
    """Forget charges that ended and were begun before then; answers how many."""
    return len(await fetch("DELETE FROM card_charge WHERE state = 'ended' AND created_at < {} RETURNING id", before))


async def list_of_driver(driver_id: int) -> list[Charge]:
    """What a driver's card was charged or was not, the newest first."""
    rows = await fetch("SELECT * FROM card_charge WHERE driver = {} ORDER BY id DESC", driver_id)
    return [_charge(row) for row in rows]


async def list_unasked(provider: str, since: datetime, limit: int) -> list[int]:
    """Sessions that ended since then, of cars whose driver lets a card pay, of which nobody has thought yet.

    Those that wait for a person or a payment are left out, so that however many do they hold up no other.
    """
    rows = await fetch(
        f"SELECT s.id {_UNASKED}{_WAITS_FOR_NOBODY}ORDER BY s.exited_at, s.id LIMIT {{}}",
        since,
        provider,
        limit,
    )
    return [row["id"] for row in rows]


async def _find(condition: str, arg: object) -> Charge | None:
    rows = await fetch(f"SELECT * FROM card_charge WHERE {condition}", arg)  # noqa: S608
    return _charge(rows[0]) if rows else None


def _needed(charge: Charge | None) -> Charge:
    if charge is None:
        raise NotFoundError("There is no such charge.")
    return charge


def _charge(row: Row) -> Charge:
    return Charge(
        id=row["id"],
        public_id=row["public_id"],
        session_id=row["session"],
        driver_id=row["driver"],
        payment_id=row["payment"],
        customer=row["customer"],
        method=row["method"],
        amount_cents=row["amount_cents"],
        currency=row["currency"],
        state=ChargeState(row["state"]),
        outcome=ChargeEnd(row["outcome"]),
        code=row["code"],
        tries=row["tries"],
        created_at=row["created_at"],
    )
