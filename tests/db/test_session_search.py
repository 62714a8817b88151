"""Sessions as staff look for them, in both databases."""

from datetime import timedelta

import pytest
from builders import NOW, save_lot
from drivers import save_stay
from stays import TARIFF, come, go, later, owed

from parkhub.db import ledger as ledger_rows
from parkhub.db import reviews as review_rows
from parkhub.db.session_search import Found, SessionFilter, list_found
from parkhub.domain.ledger import Account
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import SessionState
from parkhub.services import payments, tariffs

pytestmark = pytest.mark.usefixtures("database")


def plates(found: list[Found]) -> list[str]:
    return [each.session.plate for each in found]


async def test_pages_follow_each_other_over_several_lots_also_where_cars_came_at_once() -> None:
    lots = [await save_lot() for _ in range(3)]
    for number in range(9):
        at = NOW - timedelta(minutes=number // 3)
        await save_stay(lots[number % 3], f"AB{number}", entered_at=at)
    for wanted in (None, frozenset({lots[0].id, lots[1].id}), frozenset({lots[2].id})):
        whole = plates(await list_found(SessionFilter(wanted), None, 99))
        leafed: list[str] = []
        last = None
        while page := await list_found(SessionFilter(wanted), last, 2):
            leafed += plates(page)
            last = page[-1].session.id
        assert leafed == whole
        assert len(whole) == {None: 9}.get(wanted, 3 * len(wanted or ()))
    assert await list_found(SessionFilter(frozenset()), None, 9) == []


async def test_filters_are_taken_together() -> None:
    lot, other = await save_lot(), await save_lot()
    await save_stay(lot, "KAB800", entered_at=NOW)
    await save_stay(lot, "KAB801", entered_at=NOW - timedelta(days=2), state=SessionState.CANCELLED)
    await save_stay(other, "KAB802", entered_at=NOW - timedelta(days=3))
    await save_stay(lot, "KAB803", entered_at=NOW, state=SessionState.BEGUN)
    for wanted, expected in (
        (SessionFilter(), ["KAB800", "KAB801", "KAB802"]),
        (SessionFilter(state=SessionState.OPEN), ["KAB800", "KAB802"]),
        (SessionFilter(frozenset({lot.id}), state=SessionState.OPEN), ["KAB800"]),
        (SessionFilter(state=SessionState.CANCELLED), ["KAB801"]),
        (SessionFilter(since=NOW - timedelta(days=2), until=NOW), ["KAB801"]),
        (SessionFilter(part="A88O"), ["KAB800", "KAB801", "KAB802"]),
        (SessionFilter(frozenset({other.id}), part="B80"), ["KAB802"]),
        (SessionFilter(part="AB"), ["KAB800", "KAB802"]),
        (SessionFilter(part="ZZZ"), []),
    ):
        assert plates(await list_found(wanted, None, 9)) == expected, wanted


async def test_what_a_session_owes_is_kept_with_it() -> None:
    lot = await save_lot()
    await tariffs.publish(lot.id, None, TARIFF, later(-9999), None, later(0))
    session = await come(lot.id, "AB1234")
    await go(session, 90)
    unpaid = SessionFilter(frozenset({lot.id}), unpaid=True)
    (found,) = await list_found(unpaid, None, 9)
    assert found.owed_cents == await owed(session.id) == 400
    await payments.pay(session.id, 300, Account.CASH, "till-0001", later(100))
    (found,) = await list_found(unpaid, None, 9)
    assert found.owed_cents == await owed(session.id) == 100
    await payments.waive(session.id, None, "goodwill", "waive-0001", None, later(101))
    assert await list_found(unpaid, None, 9) == []
    assert await ledger_rows.list_currencies({lot.id}) == {lot.id: "EUR"}


async def test_questions_that_wait_are_found_with_their_sessions() -> None:
    lot = await save_lot()
    first, _ = await save_stay(lot, "AB1"), await save_stay(lot, "AB2")
    await review_rows.ask(lot.id, Question.TOO_LONG, None, first.id, (), NOW)
    assert plates(await list_found(SessionFilter(asked=True), None, 9)) == ["AB1"]
    assert {each.session.plate: each.asked for each in await list_found(SessionFilter(), None, 9)} == {
        "AB1": True,
        "AB2": False,
    }
    (review,) = await review_rows.list_open(lot.id)
    await review_rows.decide(review.id, "dismissed", None, NOW)
    assert await list_found(SessionFilter(asked=True), None, 9) == []
