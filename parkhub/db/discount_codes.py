"""Discount codes, and the sessions they were given with."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from parkhub.db.engine import Row, fetch
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.errors import ConflictError, NotFoundError


@dataclass(frozen=True, slots=True)
class StoredCode:
    """A lot's code: what it takes off, and its limits."""

    id: int
    lot_id: int
    discount: Discount
    limits: CodeLimits


def read_code(row: Row) -> StoredCode:
    """A row of the table, or of a statement that has all its columns."""
    discount = Discount(row["code"], row["minutes"], Fraction(row["percent"]), row["amount_cents"])
    limits = CodeLimits(row["valid_from"], row["valid_until"], row["uses_max"])
    return StoredCode(row["id"], row["lot"], discount, limits)


async def add_code(lot_id: int, discount: Discount, limits: CodeLimits) -> None:
    """Add a code; ConflictError when the lot has it."""
    rows = await fetch(
        "INSERT INTO discount_code (lot, code, percent, amount_cents, minutes, uses_max, valid_from, valid_until) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT (lot, code) DO NOTHING RETURNING id",
        lot_id,
        discount.code,
        str(discount.percent),
        discount.amount_cents,
        discount.minutes,
        limits.uses_max,
        limits.starts_at,
        limits.ends_at,
    )
    if not rows:
        raise ConflictError("There is such a code already.")


async def find_code(lot_id: int, code: str) -> StoredCode | None:
    """The lot's code of that text, as it is written."""
    rows = await fetch("SELECT * FROM discount_code WHERE lot = {} AND code = {}", lot_id, code)
    return read_code(rows[0]) if rows else None


async def get_code(code_id: int) -> StoredCode:
    """The code; NotFoundError when there is none."""
    rows = await fetch("SELECT * FROM discount_code WHERE id = {}", code_id)
    if not rows:
        raise NotFoundError("There is no such code.")
    return read_code(rows[0])


async def end_code(code_id: int, at: datetime) -> None:
    """Let a code work before ``at`` only."""
    await fetch("UPDATE discount_code SET valid_until = {} WHERE id = {}", at, code_id)


async def list_codes(lot_id: int, after_id: int, limit: int) -> list[tuple[StoredCode, int]]:
    """A lot's codes with ids beyond ``after_id``, by id, each with how many sessions it was given with."""
    rows = await fetch(
        "SELECT discount_code.*, (SELECT count(*) FROM session_code WHERE session_code.code = discount_code.id) "
        "AS uses FROM discount_code WHERE lot = {} AND id > {} ORDER BY id LIMIT {}",
        lot_id,
        after_id,
        limit,
    )
    return [(read_code(row), int(row["uses"])) for row in rows]


async def count_uses(code_id: int) -> int:
    """How many sessions a code was given with."""
    rows = await fetch("SELECT count(*) AS n FROM session_code WHERE code = {}", code_id)
    return int(rows[0]["n"])


async def give(session_id: int, code_id: int, now: datetime) -> bool:
    """Give a session a code; False when it has it."""
    rows = await fetch(
        "INSERT INTO session_code (session, code, at) VALUES ({}, {}, {}) "
        "ON CONFLICT (session, code) DO NOTHING RETURNING id",
        session_id,
        code_id,
        now,
    )
    return bool(rows)


async def list_given(session_id: int) -> list[Discount]:
    """What a session's codes take off."""
    rows = await fetch(
        "SELECT discount_code.* FROM session_code JOIN discount_code ON discount_code.id = session_code.code "
        "WHERE session_code.session = {} ORDER BY discount_code.code",
        session_id,
    )
    return [read_code(row).discount for row in rows]
