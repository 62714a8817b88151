"""Codes that make stays cheaper, on both databases."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from builders import save_lot, stand_ins

from parkhub.db import discount_codes as code_rows
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.sessions import ParkingSession
from parkhub.errors import ConflictError, FieldsError, InvalidInputError
from parkhub.services import audit, discount_codes, session_corrections, tariffs
from parkhub.services.ledger import verify

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday
TWO_AN_HOUR = """
currency: EUR
exit_grace_minutes: 15
tax: {percent: "19"}
bands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""
WHY = "the barrier was broken"
clients = stand_ins()

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    lot_id = (await save_lot()).id
    await tariffs.publish(lot_id, None, TWO_AN_HOUR, AT - timedelta(days=1), None, AT)
    return lot_id


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


async def enter(lot_id: int, plate: str = "AB123") -> ParkingSession:
    return await session_corrections.open_by_hand(clients, lot_id, plate, None, AT, WHY, None, AT)


async def leave(session: ParkingSession) -> None:
    await session_corrections.close_by_hand(clients, session.id, later(61), WHY, None, later(61))


async def make(lot_id: int, discount: Discount, limits: CodeLimits) -> int:
    return (await discount_codes.add_code(lot_id, discount, limits, None, AT)).id


async def test_a_code_takes_off_until_it_is_used_up(lot: int) -> None:
    await make(lot, Discount("SHOP", minutes=60), CodeLimits(uses_max=1))
    first, second = await enter(lot), await enter(lot, "CD456")
    assert (await discount_codes.give_code(first.id, " shop ", None, later(90))).due_cents == 200
    with pytest.raises(InvalidInputError, match="used up"):
        await discount_codes.give_code(second.id, "SHOP", None, later(90))
    with pytest.raises(InvalidInputError, match="does not exist"):
        await discount_codes.give_code(second.id, "SHOPS", None, later(90))


async def test_a_code_after_leaving_lowers_what_is_owed(lot: int) -> None:
    await make(lot, Discount("HALF", percent=Fraction(50)), CodeLimits())
    session = await enter(lot)
    await leave(session)
    assert (await discount_codes.give_code(session.id, "HALF", None, later(70))).books.open_cents == 200
    assert await verify(lot) == []


async def test_a_code_that_was_ended_works_no_longer_but_stays_keep_it(lot: int) -> None:
    code = await make(lot, Discount("SHOP", minutes=60), CodeLimits())
    first, second = await enter(lot), await enter(lot, "CD456")
    await discount_codes.give_code(first.id, "SHOP", None, later(10))
    for _ in range(2):
        ended = await discount_codes.end_code(code, None, later(20))
        assert ended.limits.ends_at == later(20)
    with pytest.raises(InvalidInputError, match="expired"):
        await discount_codes.give_code(second.id, "SHOP", None, later(21))
    await leave(first)
    ((_, uses),) = await code_rows.list_codes(lot, 0, 9)
    assert uses == 1
    actions = [entry.action for entry in await audit.list_entries()]
    assert actions.count("discount_code.ended") == actions.count("session.code_given") == 1


async def test_a_cancelled_stay_uses_up_no_code(lot: int) -> None:
    await make(lot, Discount("SHOP", minutes=60), CodeLimits(uses_max=1))
    session = await enter(lot)
    await session_corrections.cancel(clients, session.id, WHY, None, later(5))
    with pytest.raises(ConflictError, match="cancelled"):
        await discount_codes.give_code(session.id, "SHOP", None, later(6))


@pytest.mark.parametrize("code", ["", "AB", "SHOP 1", "shop", "A" * 25, "NUL\x00", "SHÖP"])
async def test_a_code_is_short_and_plain(lot: int, code: str) -> None:
    with pytest.raises(FieldsError):
        await make(lot, Discount(code, minutes=60), CodeLimits())
    with pytest.raises(InvalidInputError, match="does not exist"):
        await discount_codes.give_code((await enter(lot)).id, code, None, later(6))


async def test_a_code_begins_before_it_ends_and_is_there_once(lot: int) -> None:
    with pytest.raises(FieldsError):
        await make(lot, Discount("SHOP", minutes=60), CodeLimits(later(5), later(5)))
    await make(lot, Discount("SHOP", minutes=60), CodeLimits(later(5), later(6)))
    with pytest.raises(ConflictError):
        await make(lot, Discount("SHOP", minutes=30), CodeLimits())
