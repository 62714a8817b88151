"""Drivers pay ahead, prolong and race themselves, on both databases."""

import asyncio
from datetime import datetime, timedelta

import pytest
from builders import save_camera, save_lot, save_session, stand_ins
from paying import AT, TARIFF, finish, handle_all, later, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.clients.payments import Raw
from parkhub.db import cameras as camera_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import passages as passage_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import fetch
from parkhub.db.ledger import get_books
from parkhub.db.quotes import get_by_public_id
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.enforcement import Verdict
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.pay_ahead import Standing
from parkhub.domain.plates import Candidate
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, TooOftenError
from parkhub.services import (
    billing,
    checkouts,
    pay_ahead,
    payment_sandbox,
    session_corrections,
    session_overlong,
    session_paid_ahead,
    sessions,
    tariffs,
)
from parkhub.services.checkouts import Checkout
from parkhub.services.enforcement import look_up
from parkhub.settings import Settings

PLATE = "AB123"


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def a_lot(tariff: str = TARIFF, **rules: object) -> Lot:
    """A lot at two euros an hour where one pays ahead."""
    lot = await save_lot()
    await tariffs.publish(lot.id, None, tariff, AT - timedelta(days=1), None, AT)
    await rule_rows.save_rules(lot.id, LotRules(paid_ahead=True, **rules))  # type: ignore[arg-type]
    return lot


async def ask(
    clients: Clients, settings: Settings, lot: Lot, until: datetime, at: datetime = AT, address: str = "10.0.0.1"
) -> tuple[ParkingSession, Checkout]:
    """A driver types the plate, chooses and goes to pay."""
    session = await pay_ahead.begin(clients, lot, PLATE, until, address, at)
    return session, await go_on(clients, settings, session, until, at)


async def go_on(
    clients: Clients, settings: Settings, session: ParkingSession, until: datetime, at: datetime, email: str = ""
) -> Checkout:
    return await checkouts.start_checkout(clients, settings, session.id, email, at, until)


async def paid(clients: Clients, settings: Settings, lot: Lot, until: datetime, at: datetime = AT) -> ParkingSession:
    """A stay that its driver began and paid until then."""
    session, checkout = await ask(clients, settings, lot, until, at)
    await finish(clients, settings, checkout, at)
    return await session_rows.get_session(session.id)


async def seen(lot: Lot, direction: Direction, minutes: float, plate: str = PLATE, told: float | None = None) -> int:
    """A car went by a camera; answers the passage's id."""
    camera = await save_camera(lot)
    at = later(minutes)
    passage = GatePassage(
        0, lot.id, camera.id, direction, plate, 0.95, (Candidate(plate, 0.95),), None, at, at, 5,
        state=PassageState.ACCEPTED, decided_at=at,
    )  # fmt: skip
    passage_id = await passage_rows.save_passage(passage)
    await sessions.take_passage(stand_ins(), passage_id, later(minutes if told is None else told))
    return passage_id


async def watch_exit(lot: Lot) -> None:
    await camera_rows.set_gate((await save_camera(lot)).id, Gate(role=CameraRole.EXIT))


async def verdict(lot: Lot, minutes: float) -> Verdict:
    return await look_up(stand_ins(), 1, lot, PLATE, later(minutes), later(minutes))


async def open_ones(lot: Lot) -> list[ParkingSession]:
    return await session_rows.list_sessions(lot.id, SessionState.OPEN, AT - timedelta(days=1), later(9999), 10**9, 99)


async def everything(lot: Lot) -> list[ParkingSession]:
    return await session_rows.list_sessions(lot.id, None, AT - timedelta(days=1), later(9999), 10**9, 99)


async def test_a_payment_begins_the_stay_and_nobody_hears_of_it_before(database: Settings, clients: Clients):
    lot = await a_lot()
    session, checkout = await ask(clients, database, lot, later(120))
    assert checkout.amount_cents == 400
    assert (session.state, await everything(lot), await verdict(lot, 1)) == (
        SessionState.BEGUN,
        [],
        Verdict(False, paid=Standing.NOT_PAID),
    )
    assert await session_rows.search(lot.id, PLATE, 10) == []
    await finish(clients, database, checkout, later(2))
    [now_there] = await open_ones(lot)
    assert (now_there.id, now_there.entered_at, now_there.paid_until) == (session.id, AT, later(120))
    assert now_there.leave_by is None
    books = await get_books(session.id)
    assert (books.charged_cents, books.open_cents, books.credit_cents) == (400, 0, 0)
    noted = await fetch("SELECT action FROM audit_entry WHERE subject = {} ORDER BY id", f"session:{session.id}")
    assert [row["action"] for row in noted] == ["session.begun_by_driver", "payment.taken"]
    assert await verdict(lot, 119) == Verdict(True, later(120), paid=Standing.PAID, paid_until=later(120))
    assert await verdict(lot, 121) == Verdict(False, later(120), paid=Standing.EXPIRED, paid_until=later(120))


async def test_prolonging_costs_the_difference(database: Settings, clients: Clients):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(60))
    more = await go_on(clients, database, session, later(150), later(40))
    assert more.amount_cents == 400
    await finish(clients, database, more, later(41))
    session = await session_rows.get_session(session.id)
    assert (session.paid_until, session.state) == (later(150), SessionState.OPEN)
    assert (await get_books(session.id)).charged_cents == 600
    quote = await get_by_public_id(more.id)
    assert (quote.quote.gross_cents, quote.amount_cents, quote.quote.span.end) == (600, 400, later(150))


async def test_what_costs_nothing_more_is_not_paid_for(database: Settings, clients: Clients):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(30))
    with pytest.raises(InvalidInputError, match="nothing to pay"):
        await go_on(clients, database, session, later(60), later(20))
    assert (await pay_ahead.prolong_free(clients, session.id, later(60), later(20))).paid_until == later(60)
    with pytest.raises(ConflictError):
        await pay_ahead.prolong_free(clients, session.id, later(61), later(20))
    with pytest.raises(InvalidInputError):
        await pay_ahead.prolong_free(clients, session.id, later(50), later(20))


@pytest.mark.parametrize("first", [0, 1], ids=["the nearer end first", "the further end first"])
async def test_two_phones_that_prolong_at_once_lose_no_money(database: Settings, clients: Clients, first: int):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(60))
    near = await go_on(clients, database, session, later(120), later(30))
    far = await go_on(clients, database, session, later(180), later(30))
    assert (near.amount_cents, far.amount_cents) == (200, 400)
    # the second ended the first's page; the first was paid at that very moment
    await fetch("UPDATE payment SET state = 'open' WHERE quote = (SELECT id FROM quote WHERE public_id = {})", near.id)
    for checkout in (near, far) if first == 0 else (far, near):
        await told_paid(clients, database, checkout, later(31))
    session = await session_rows.get_session(session.id)
    books = await get_books(session.id)
    assert (session.paid_until, books.charged_cents) == (later(180), 600)
    assert (books.open_cents, books.credit_cents) == (0, 200)


async def test_two_payments_that_are_told_at_the_same_moment_twice_are_booked_once_each(
    database: Settings, clients: Clients
):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(60))
    asked = [await go_on(clients, database, session, later(minutes), later(30)) for minutes in (120, 180)]
    await send(clients, database, [await paid_event(checkout, later(31)) for checkout in asked], later(31))
    await asyncio.gather(*(handle_all(clients, later(31)) for _ in range(3)))
    books = await get_books(session.id)
    assert (await session_rows.get_session(session.id)).paid_until == later(180)
    assert (books.charged_cents, books.open_cents, books.credit_cents) == (600, 0, 200)


async def told_paid(clients: Clients, settings: Settings, checkout: Checkout, at: datetime) -> None:
    """The provider tells that a checkout was paid, whatever it was told before."""
    await send(clients, settings, [await paid_event(checkout, at)], at)
    await handle_all(clients, at)


async def paid_event(checkout: Checkout, at: datetime) -> Raw:
    quote = await get_by_public_id(checkout.id)
    return {
        "id": f"evt_{checkout.id}",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(at.timestamp()),
        "livemode": False,
        "data": {
            "object": {
                "id": f"cs_{checkout.id}",
                "object": "checkout.session",
                "client_reference_id": checkout.id,
                "payment_intent": f"pi_{checkout.id}",
                "payment_status": "paid",
                "amount_total": quote.amount_cents,
                "currency": "eur",
                "metadata": {},
            }
        },
    }


async def test_two_phones_that_begin_at_once_each_have_what_they_paid_for(database: Settings, clients: Clients):
    lot = await a_lot()
    asked = await asyncio.gather(
        *(ask(clients, database, lot, later(minutes), address=f"10.{minutes}.0.1") for minutes in (60, 120))
    )
    await gather_in_turn(finish(clients, database, checkout, later(1)) for _, checkout in asked)
    first, second = [await session_rows.get_session(session.id) for session, _ in asked]
    assert (first.state, first.paid_until) == (SessionState.OPEN, later(60))
    assert (second.state, second.ending, second.exited_at) == (SessionState.CLOSED, Ending.PAID_AHEAD, later(120))
    assert [(await get_books(each.id)).open_cents for each in (first, second)] == [0, 0]
    assert await verdict(lot, 90) == Verdict(True, later(120), paid=Standing.PAID, paid_until=later(120))


async def gather_in_turn(waiting) -> None:
    for each in waiting:
        await each


@pytest.mark.parametrize("told", [70, 76, 300], ids=["in the grace", "after it was closed", "after the new end"])
async def test_a_payment_that_is_told_late_counts_from_when_it_was_made(
    database: Settings, clients: Clients, told: float
):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(60))
    more = await go_on(clients, database, session, later(180), later(55))
    outcome = await payment_sandbox.sandbox_of(clients).pay(more.url.rpartition("/")[2], Way.SUCCEEDS, later(58))
    await session_paid_ahead.close_over(clients, later(told))
    closed = (await session_rows.get_session(session.id)).state
    assert closed is (SessionState.OPEN if told == 70 else SessionState.CLOSED)
    await send(clients, database, outcome.now, later(told))
    await handle_all(clients, later(told))
    session = await session_rows.get_session(session.id)
    books = await get_books(session.id)
    assert (session.paid_until, books.charged_cents, books.open_cents, books.credit_cents) == (later(180), 600, 0, 0)
    over = told == 300
    assert (session.state, session.exited_at) == (
        (SessionState.CLOSED, later(180)) if over else (SessionState.OPEN, None)
    )


async def test_told_twice_it_is_the_same(database: Settings, clients: Clients):
    lot = await a_lot()
    session, checkout = await ask(clients, database, lot, later(60))
    await finish(clients, database, checkout, later(1))
    before, books = await session_rows.get_session(session.id), await get_books(session.id)
    await told_paid(clients, database, checkout, later(3))
    assert (await session_rows.get_session(session.id), await get_books(session.id)) == (before, books)


async def test_it_ends_by_the_clock_after_the_time_to_leave_and_costs_no_more(database: Settings, clients: Clients):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(60))
    assert await session_paid_ahead.close_over(clients, later(75)) == 0
    assert await session_paid_ahead.close_over(clients, later(75.1)) == 1
    assert await session_paid_ahead.close_over(clients, later(76)) == 0
    session = await session_rows.get_session(session.id)
    assert (session.state, session.ending, session.exited_at) == (SessionState.CLOSED, Ending.PAID_AHEAD, later(60))
    assert (await billing.get_bill(session.id, later(999))).due_cents == 0


async def test_one_that_is_paid_for_as_long_as_the_lot_allows_is_not_asked_about(database: Settings, clients: Clients):
    lot = await a_lot(stay_max_minutes=60)
    session = await paid(clients, database, lot, later(60))
    assert await session_overlong.close_overlong(clients, later(61)) == 0
    assert await session_paid_ahead.close_over(clients, later(76)) == 1
    assert (await session_rows.get_session(session.id)).ending is Ending.PAID_AHEAD


async def test_where_a_camera_sees_the_exit_the_rest_is_due_there(database: Settings, clients: Clients):
    lot = await a_lot()
    await watch_exit(lot)
    session = await paid(clients, database, lot, later(60))
    assert await session_paid_ahead.close_over(clients, later(200)) == 0
    assert (await billing.get_bill(session.id, later(75))).due_cents == 0
    await seen(lot, Direction.EXIT, 130)
    session = await session_rows.get_session(session.id)
    assert (session.state, session.ending) == (SessionState.CLOSED, Ending.EXIT)
    assert (await get_books(session.id)).open_cents == 400


@pytest.mark.parametrize("begins", ["a camera sees it come", "its driver pays, too"])
async def test_a_car_that_comes_after_a_stranger_paid_for_its_plate_owes_nothing_of_before(
    database: Settings, clients: Clients, begins: str
):
    lot = await a_lot()
    await watch_exit(lot)
    strange = await paid(clients, database, lot, later(60))
    if begins == "a camera sees it come":
        await seen(lot, Direction.ENTRY, 600)
    else:
        await paid(clients, database, lot, later(660), later(600))
    [own] = await open_ones(lot)
    assert (own.id != strange.id, own.entered_at) == (True, later(600))
    await seen(lot, Direction.EXIT, 655)
    closed = [await session_rows.get_session(each) for each in (own.id, strange.id)]
    assert [each.ending for each in closed] == [Ending.EXIT, Ending.PAID_AHEAD]
    assert [(await get_books(each.id)).charged_cents for each in closed] == [200, 200]


async def test_who_leaves_early_gets_nothing_back(database: Settings, clients: Clients):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(180))
    await seen(lot, Direction.EXIT, 20)
    books = await get_books(session.id)
    assert (books.charged_cents, books.credit_cents) == (600, 0)


@pytest.mark.parametrize(("came", "told"), [(3, 3), (50, 50), (-20, 90)], ids=["soon", "much later", "told late"])
async def test_the_camera_at_the_entrance_sees_the_car_of_the_same_stay(
    database: Settings, clients: Clients, came: float, told: float
):
    lot = await a_lot()
    session = await paid(clients, database, lot, later(180))
    passage_id = await seen(lot, Direction.ENTRY, came, told=told)
    [same] = await everything(lot)
    assert (same.id, same.entered_at, same.entry_passage_id) == (session.id, AT, passage_id)
    await seen(lot, Direction.ENTRY, 120)
    assert [each.id for each in await everything(lot)] == [session.id]
    assert (await billing.get_bill(session.id, later(180))).due_cents == 0


async def test_who_pays_by_plate_soon_after_the_camera_saw_him_pays_once(database: Settings, clients: Clients):
    lot = await a_lot()
    passage_id = await seen(lot, Direction.ENTRY, -10)
    session = await paid(clients, database, lot, later(60))
    cancelled, there = sorted(await everything(lot), key=lambda each: each.id)
    assert (cancelled.state, there.id, there.entry_passage_id) == (SessionState.CANCELLED, session.id, passage_id)
    assert (there.state, (await billing.get_bill(there.id, later(60))).due_cents) == (SessionState.OPEN, 0)
    assert (await get_books(cancelled.id)).charged_cents == 0


async def test_a_strangers_payment_touches_no_other_stay_of_the_plate(database: Settings, clients: Clients):
    lot = await a_lot()
    await seen(lot, Direction.ENTRY, -300)
    [own] = await open_ones(lot)
    stranger = await paid(clients, database, lot, later(60))
    assert await session_rows.get_session(own.id) == own
    assert (stranger.state, stranger.exited_at) == (SessionState.CLOSED, later(60))
    assert (await verdict(lot, 30)).paid is Standing.PAID
    offer = await pay_ahead.offer(stranger, later(10))
    assert [choice.bill.due_cents for choice in offer.choices][:2] == [200, 200]


async def test_the_price_is_alike_for_every_plate(database: Settings, clients: Clients):
    lot = await a_lot(TARIFF + "free_minutes: {minutes: 60, per: day}\n")
    version = await tariffs.tariff_rows.find_in_force(lot.id, None, AT)
    assert version is not None
    gone = {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": later(-5)}
    await save_session(lot.id, PLATE, entered_at=later(-60), tariff_id=version.id, **gone)
    asked = [await pay_ahead.imagine(lot, plate, AT) for plate in (PLATE, "XY999")]
    prices = [[choice.bill.due_cents for choice in (await pay_ahead.offer(each, AT)).choices] for each in asked]
    assert prices[0] == prices[1]


async def test_trying_plates_ends(database: Settings, clients: Clients):
    lot = await a_lot()
    for _ in range(5):
        await pay_ahead.begin(clients, lot, PLATE, later(60), "10.0.0.1", AT)
    with pytest.raises(TooOftenError):
        await pay_ahead.begin(clients, lot, PLATE, later(60), "10.0.0.1", AT)


@pytest.mark.parametrize("minutes", [0, -5, 10_081], ids=["now", "before", "beyond a week"])
async def test_an_end_that_is_not_allowed_is_refused(database: Settings, clients: Clients, minutes: float):
    lot = await a_lot(stay_max_minutes=0)
    with pytest.raises(InvalidInputError):
        await pay_ahead.begin(clients, lot, PLATE, later(minutes), "10.0.0.1", AT)


async def test_nobody_pays_ahead_where_the_lot_does_not_say_so(database: Settings, clients: Clients):
    lot = await a_lot()
    await rule_rows.save_rules(lot.id, LotRules())
    with pytest.raises(InvalidInputError):
        await pay_ahead.begin(clients, lot, PLATE, later(60), "10.0.0.1", AT)


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_payment_in_a_banks_hands_counts_by_the_lots_rule(database: Settings, clients: Clients, leaves: bool):
    lot = await a_lot(processing_leaves=leaves)
    session, checkout = await ask(clients, database, lot, later(60))
    await finish(clients, database, checkout, later(1), way=Way.FAILS_LATE)
    there = await session_rows.get_session(session.id)
    assert there.state is (SessionState.OPEN if leaves else SessionState.BEGUN)
    assert (await get_books(session.id)).open_cents == (200 if leaves else 0)


async def test_what_was_never_paid_is_forgotten(database: Settings, clients: Clients):
    lot = await a_lot()
    session, _ = await ask(clients, database, lot, later(60))
    other = await paid(clients, database, lot, later(60))
    await checkouts.expire_untold(later(200))
    assert await pay_ahead.forget_unpaid(later(60 * 95)) == 0
    assert await pay_ahead.forget_unpaid(later(60 * 97)) == 1
    assert [each.id for each in await session_rows.get_sessions([session.id, other.id])] == [other.id]


async def test_a_payment_told_after_three_days_of_silence_is_booked(database: Settings, clients: Clients):
    lot, told = await a_lot(), later(3 * 24 * 60)
    session, checkout = await ask(clients, database, lot, later(60))
    outcome = await payment_sandbox.sandbox_of(clients).pay(checkout.url.rpartition("/")[2], Way.SUCCEEDS, AT)
    await checkouts.expire_untold(told)
    await pay_ahead.forget_unpaid(told)
    await send(clients, database, outcome.now, told)
    await handle_all(clients, told)
    books = await get_books(session.id)
    assert (books.charged_cents, books.open_cents, books.credit_cents) == (200, 0, 0)


async def test_staff_change_nothing_of_a_stay_that_is_still_to_be_paid(database: Settings, clients: Clients):
    session, _ = await ask(clients, database, await a_lot(), later(60))
    with pytest.raises(NotFoundError):
        await session_corrections.edit_plate(clients, session.id, "CD456", "a misread plate", None, AT)
    with pytest.raises(NotFoundError):
        await session_corrections.cancel(clients, session.id, "it was never there", None, AT)
    assert await session_rows.get_session(session.id) == session


async def letters() -> list[tuple[str, str]]:
    rows = await fetch("SELECT address, language FROM letter WHERE name = 'reminder' ORDER BY id")
    return [(row["address"], row["language"]) for row in rows]


async def test_one_letter_reminds_of_each_end(database: Settings, clients: Clients):
    lot = await a_lot(remind_minutes=10)
    session = await pay_ahead.begin(clients, lot, PLATE, later(60), "10.0.0.1", AT)
    checkout = await checkouts.start_checkout(
        clients, database, session.id, "kim@example.org", AT, later(60), language="de"
    )
    await finish(clients, database, checkout, later(1))
    assert [await pay_ahead.remind(clients, database, later(minutes)) for minutes in (49, 50, 51)] == [0, 1, 0]
    assert await letters() == [("kim@example.org", "de")]
    more = await go_on(clients, database, session, later(90), later(52))
    await finish(clients, database, more, later(53))
    assert [await pay_ahead.remind(clients, database, later(minutes)) for minutes in (55, 79, 81, 82)] == [0, 0, 1, 0]


async def test_nobody_is_reminded_who_has_left_or_has_just_chosen(database: Settings, clients: Clients):
    lot = await a_lot(remind_minutes=10)
    session = await pay_ahead.begin(clients, lot, PLATE, later(9), "10.0.0.1", AT)
    await finish(clients, database, await go_on(clients, database, session, later(9), AT, "kim@example.org"), AT)
    assert await pay_ahead.remind(clients, database, later(1)) == 0
    more = await go_on(clients, database, session, later(90), later(5), "kim@example.org")
    await finish(clients, database, more, later(6))
    await seen(lot, Direction.EXIT, 30)
    assert await pay_ahead.remind(clients, database, later(85)) == 0
    assert await letters() == []
