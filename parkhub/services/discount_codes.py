"""Discount codes: made by operators, used for sessions."""

import re
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final

from parkhub.db import discount_codes as code_rows
from parkhub.db import sessions as session_rows
from parkhub.db.discount_codes import StoredCode
from parkhub.db.engine import transaction
from parkhub.domain.discounts import CodeLimits, Discount, check_code
from parkhub.domain.sessions import TICKET_LETTERS, SessionState
from parkhub.errors import ConflictError, FieldsError, InvalidInputError
from parkhub.services import audit, billing
from parkhub.services.billing import Bill

CODES_MAX: Final = 500
"""So many are made at once."""
DRAWN: Final = 8
_CODE: Final = re.compile(r"[A-Z0-9-]{3,24}")
_BEGINNING: Final = re.compile(r"[A-Z0-9-]{0,15}")


async def add_code(
    lot_id: int, discount: Discount, limits: CodeLimits, account_id: int | None, now: datetime
) -> StoredCode:
    """Make a code. Raises FieldsError, ConflictError when the lot has one of that text."""
    if not _CODE.fullmatch(discount.code):
        raise FieldsError({"code": "A code has 3 to 24 capital letters, digits and hyphens."})
    if limits.starts_at and limits.ends_at and limits.starts_at >= limits.ends_at:
        raise FieldsError({"ends_at": "A code ends after it begins."})
    async with transaction():
        await code_rows.add_code(lot_id, discount, limits)
        found = await code_rows.find_code(lot_id, discount.code)
        assert found is not None
        await audit.note(
            "discount_code.added",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"discount_code:{found.id}",
            before=None,
            after={
                "code": discount.code,
                "minutes": discount.minutes,
                "percent": str(discount.percent),
                "amount_cents": discount.amount_cents,
                "uses_max": limits.uses_max,
            },
            at=now,
        )
    return found


async def add_codes(
    lot_id: int, number: int, discount: Discount, limits: CodeLimits, account_id: int | None, now: datetime
) -> list[StoredCode]:
    """Make so many codes that nobody can guess; ``discount.code`` is what all begin with, "" for nothing.

    All or none. Raises FieldsError.
    """
    if not 1 <= number <= CODES_MAX:
        raise FieldsError({"number": f"Make 1 to {CODES_MAX} codes at once."})
    if not _BEGINNING.fullmatch(discount.code):
        raise FieldsError({"code": "The beginning has at most 15 capital letters, digits and hyphens."})
    begin = f"{discount.code}-" if discount.code else ""
    drawn = set[str]()
    while len(drawn) < number:
        drawn.add(begin + "".join(secrets.choice(TICKET_LETTERS) for _ in range(DRAWN)))
    async with transaction():
        return [await add_code(lot_id, replace(discount, code=code), limits, account_id, now) for code in sorted(drawn)]


async def end_code(code_id: int, account_id: int | None, now: datetime) -> StoredCode:
    """Let a code work no longer; stays it was given with keep it. Raises NotFoundError."""
    async with transaction():
        before = await code_rows.get_code(code_id)
        if before.limits.ends_at is None or before.limits.ends_at > now:
            await code_rows.end_code(code_id, now)
            ends_at = before.limits.ends_at
            await audit.note(
                "discount_code.ended",
                account_id=account_id,
                lot_id=before.lot_id,
                subject=f"discount_code:{code_id}",
                before={"ends_at": ends_at.isoformat() if ends_at else None},
                after={"ends_at": now.isoformat()},
                at=now,
            )
        return await code_rows.get_code(code_id)


async def give_code(session_id: int, text: str, account_id: int | None, now: datetime) -> Bill:
    """Use a code for a session, as it was typed. Raises InvalidInputError with the reason, fit for the driver."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if session.state is SessionState.CANCELLED:
            raise ConflictError("This session was cancelled.")
        code = text.strip().upper()
        found = await code_rows.find_code(session.lot_id, code) if _CODE.fullmatch(code) else None
        if found is None:
            raise InvalidInputError("This code does not exist here.")
        check_code(found.limits, await code_rows.count_uses(found.id), now)
        if not await code_rows.give(session.id, found.id, now):
            raise ConflictError("This code is used for this stay already.")
        if session.state is SessionState.CLOSED:
            await billing.settle(session, f"session:{session.id}:code:{found.id}", now)
        await audit.note(
            "session.code_given",
            account_id=account_id,
            lot_id=session.lot_id,
            subject=f"session:{session.id}",
            before=None,
            after={"code": code},
            at=now,
        )
        return await billing.bill_of(session, now)
