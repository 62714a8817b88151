"""Publishing tariffs, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from builders import save_lot, stand_ins

from parkhub.db import tariffs as tariff_rows
from parkhub.domain.bookings import BookingRules
from parkhub.errors import ConflictError, FieldsError, InvalidInputError, NotFoundError
from parkhub.services import booking_rules, bookings, tariffs

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
TWO_AN_HOUR = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'
THREE_AN_HOUR = TWO_AN_HOUR.replace('"2.00"', '"3.00"')

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    lot_id = (await save_lot()).id
    await tariffs.publish(lot_id, None, TWO_AN_HOUR, AT - timedelta(days=1), None, AT)
    return lot_id


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


async def test_tariffs_do_not_begin_in_the_past_nor_in_another_currency(lot: int) -> None:
    with pytest.raises(InvalidInputError, match="in the past"):
        await tariffs.publish(lot, None, THREE_AN_HOUR, AT - timedelta(minutes=1), None, AT)
    with pytest.raises(InvalidInputError, match="EUR"):
        await tariffs.publish(lot, None, THREE_AN_HOUR.replace("EUR", "USD"), later(1), None, AT)
    await tariffs.publish(lot, None, THREE_AN_HOUR, later(1), None, AT)
    with pytest.raises(ConflictError):
        await tariffs.publish(lot, None, TWO_AN_HOUR, later(1), None, AT)


async def test_two_first_tariffs_at_once_do_not_give_a_lot_two_currencies() -> None:
    lot_id = (await save_lot()).id
    texts = [TWO_AN_HOUR.replace("EUR", currency) for currency in ("EUR", "USD", "GBP", "CHF")]
    calls = [tariffs.publish(lot_id, None, text, later(n), None, AT) for n, text in enumerate(texts)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(each, InvalidInputError) for each in done) == len(texts) - 1
    assert len({version.tariff.currency for version in await tariff_rows.list_versions(lot_id)}) == 1


async def test_a_tariff_that_has_not_begun_is_withdrawn_unless_somebody_booked_at_its_prices(lot):
    later = AT + timedelta(days=3)
    version = await tariffs.publish(lot, None, THREE_AN_HOUR, later, None, AT, " dearer ")
    assert version.note == "dearer"
    await booking_rules.set_rules(lot, BookingRules(), 2, [], None, AT)
    wish = bookings.Wish(lot, "AB123", later + timedelta(hours=1), later + timedelta(hours=2))
    await bookings.book(stand_ins(), wish, None, AT)
    with pytest.raises(ConflictError, match="has booked"):
        await tariffs.withdraw(version.id, None, AT)
    another = await tariffs.publish(lot, None, THREE_AN_HOUR, later + timedelta(days=9), None, AT)
    assert (await tariffs.withdraw(another.id, None, AT)).text == THREE_AN_HOUR
    with pytest.raises(NotFoundError):
        await tariffs.withdraw(another.id, None, AT)
    with pytest.raises(ConflictError, match="holds already"):
        await tariffs.withdraw(version.id, None, later)
    with pytest.raises(FieldsError):
        await tariffs.publish(lot, None, THREE_AN_HOUR, later, None, AT, "two\nlines")
