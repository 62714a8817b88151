"""What is due when a car leaves, and what is forgone, on both databases."""

import pytest
from builders import stand_ins
from paying import TARIFF, a_paid_lot, a_stay, later, pay

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.db import lot_rules as rule_rows
from parkhub.db.ledger import get_books
from parkhub.domain.dues import Due
from parkhub.domain.lot_rules import LotRules, SmallDues
from parkhub.domain.sessions import Ending
from parkhub.services import dues, session_spans
from parkhub.settings import Settings

CHEAP = TARIFF.replace("2.00", "0.30")


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def test_a_payment_on_its_way_is_told_and_lets_go_by_the_rule(database: Settings, clients: Clients):
    session = await a_stay()
    assert (await dues.look(session.id, later(10))).due is Due.PAY
    await pay(clients, database, session, later(10), Way.FAILS_LATE)
    found = await dues.look(session.id, later(11))
    assert (found.due, found.may_leave, found.bill.due_cents) == (Due.ON_ITS_WAY, True, 200)
    await rule_rows.save_rules(session.lot_id, LotRules(processing_leaves=False))
    assert not (await dues.look(session.id, later(11))).may_leave


@pytest.mark.parametrize(
    ("rule", "owed", "waived"),
    [(SmallDues.LET_GO, 0, 30), (SmallDues.CARRIED, 30, 0), (SmallDues.MACHINE, 30, 0)],
)
async def test_what_no_card_takes_is_forgone_at_the_exit_by_the_rule(
    database: Settings, rule: SmallDues, owed: int, waived: int
):
    session = await a_stay(await a_paid_lot(CHEAP))
    await rule_rows.save_rules(session.lot_id, LotRules(small_dues=rule))
    assert (await dues.look(session.id, later(10))).due is Due.SMALL
    await session_spans.close_session(session, later(10), Ending.EXIT, "exit", later(10))
    books = await get_books(session.id)
    assert (books.open_cents, books.given_up_cents) == (owed, waived)


async def test_what_a_card_takes_is_owed(database: Settings):
    session = await a_stay()
    await rule_rows.save_rules(session.lot_id, LotRules(small_dues=SmallDues.LET_GO))
    await session_spans.close_session(session, later(10), Ending.EXIT, "exit", later(10))
    assert (await get_books(session.id)).open_cents == 200
