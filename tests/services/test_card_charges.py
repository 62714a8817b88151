"""A stay that has ended is paid by its driver's card once, or asked for by a letter, and by nothing else meanwhile."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from accounts_of_drivers import letters
from builders import stand_ins
from kept_cards import BEFORE, PLATE, a_driver, a_payer, a_stay_that_ended, drive_by, save_a_card, tell_all
from paying import AT, a_paid_lot, handle_all, later, pay, quoted, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox, Way
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.saved_cards import Charged, ChargeOrder
from parkhub.clients.shelf import MemoryShelf
from parkhub.db import card_charges as rows
from parkhub.db import driver_vehicles
from parkhub.db import payments as payment_rows
from parkhub.db import reviews as review_rows
from parkhub.domain.drivers import ProvenBy
from parkhub.domain.passages import Direction
from parkhub.domain.payments import PaymentState
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import ParkingSession
from parkhub.errors import BusyError, ConflictError
from parkhub.services import billing, card_charges, checkouts, ledger, payment_sandbox, refunds, saved_cards
from parkhub.services.card_charges import charge_at_exit, take_up
from parkhub.settings import Settings


class Charges(PaymentSandbox):
    """Counts what it is asked; is away, or cuts off its answer, as often as it is told to."""

    asked = 0
    away = 0
    mute = 0

    async def charge(self, order: ChargeOrder) -> Charged:
        self.asked += 1
        if self.away:
            self.away -= 1
            raise BusyError("away", retry_after_s=1)
        done = await super().charge(order)
        if self.mute:
            self.mute -= 1
            raise BusyError("cut off", retry_after_s=1)
        return done


@pytest.fixture
def clients() -> Clients:
    return replace(stand_ins(), payments=Charges(MemoryShelf()))


def provider(clients: Clients) -> Charges:
    assert isinstance(clients.payments, Charges)
    return clients.payments


async def taken(clients: Clients) -> list[int]:
    """What came in at the provider."""
    return sorted([each.amount_cents async for each in clients.payments.balance_transactions()])


async def due(session: ParkingSession) -> int:
    return (await billing.get_bill(session.id, later(9999))).due_cents


async def states(session: ParkingSession) -> list[PaymentState]:
    return [each.state for each in await payment_rows.list_of_session(session.id)]


async def test_a_stay_is_charged_when_the_car_has_left_and_paid_when_the_webhook_says_so(
    database: Settings, clients: Clients
):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    assert ("charge_stay", (session.id,)) in [(job, args) for _, job, args, _ in clients.queue.jobs]  # type: ignore[attr-defined]
    charge = await charge_at_exit(clients, database, session.id, later(90))
    assert charge is not None
    assert (charge.state, charge.amount_cents, charge.currency) == ("told", 400, "EUR")
    assert await states(session) == [PaymentState.PROCESSING]
    assert await due(session) == 400
    await tell_all(clients, database, later(91))
    assert await states(session) == [PaymentState.PAID]
    assert await due(session) == 0
    assert await take_up(clients, database, later(92)) == 1
    assert (await rows.get_charge(charge.id)).outcome == "paid"
    assert await taken(clients) == [400]
    assert await letters("card_declined") == []
    intent = await provider(clients)._shelf.get(f"intent:{(await payment_rows.list_of_session(session.id))[0].intent}")
    assert intent is not None
    assert intent["metadata"] == {
        "quote": charge.public_id, "lot": lot.slug, "session": str(session.id), "by": "saved_card"
    }  # fmt: skip
    assert PLATE not in str(intent)
    assert await ledger.verify(lot.id) == []


async def test_many_charges_at_once_charge_once(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    await asyncio.gather(
        *(charge_at_exit(clients, database, session.id, later(90)) for _ in range(6)),
        *(take_up(clients, database, later(91)) for _ in range(3)),
    )
    await tell_all(clients, database, later(92))
    assert await taken(clients) == [400]
    assert (await states(session), await due(session)) == ([PaymentState.PAID], 0)


async def test_stays_that_wait_for_a_person_hold_up_no_other(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    driver = await a_payer(clients, database)
    for number in range(21):  # more than are looked at in one go
        plate = f"WAIT{number}"
        await driver_vehicles.add_vehicle(driver.id, plate, ProvenBy.TICKET, BEFORE)
        waiting = await a_stay_that_ended(clients, later(89), lot, plate)
        await review_rows.ask(lot.id, Question.SECOND_ENTRY, None, waiting.id, (), later(89))
    session = await a_stay_that_ended(clients, later(90), lot)
    assert await take_up(clients, database, later(91)) == 1
    assert await states(session) == [PaymentState.PROCESSING]


async def test_upkeep_begins_what_a_killed_worker_did_not(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    assert await take_up(clients, database, later(91)) == 1
    assert await states(session) == [PaymentState.PROCESSING]


@pytest.mark.parametrize("fault", ["away", "mute"])
async def test_without_an_answer_the_same_is_asked_again_and_charged_once(
    database: Settings, clients: Clients, fault: str
):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    setattr(provider(clients), fault, 1)
    charge = await charge_at_exit(clients, database, session.id, later(90))
    assert charge is not None
    assert (charge.state, charge.tries) == ("asked", 1)
    with pytest.raises(ConflictError, match="on its way"):
        await checkouts.start_checkout(clients, database, session.id, "", later(91))
    assert await take_up(clients, database, later(90)) == 0
    assert await take_up(clients, database, later(95)) == 1
    await tell_all(clients, database, later(96))
    assert (provider(clients).asked, await taken(clients), await due(session)) == (2, [400], 0)


async def test_what_the_provider_never_answers_is_open_to_pay_again(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    provider(clients).away = 1
    charge = await charge_at_exit(clients, database, session.id, later(90))
    assert charge is not None
    await take_up(clients, database, later(90) + timedelta(hours=21))
    assert (await rows.get_charge(charge.id)).outcome == "unknown"
    assert (provider(clients).asked, await states(session)) == (1, [PaymentState.FAILED])
    await pay(clients, database, session, later(90) + timedelta(hours=22))
    assert await due(session) == 0


async def test_a_charge_that_goes_on_at_the_bank_is_paid_later(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database, SandboxCard.PAYS_LATE)
    session = await a_stay_that_ended(clients, later(90), lot)
    charge = await charge_at_exit(clients, database, session.id, later(90))
    assert charge is not None
    assert charge.state == "told"
    await tell_all(clients, database, later(92))
    assert (await states(session), await due(session)) == ([PaymentState.PAID], 0)


REFUSALS = [
    (SandboxCard.DECLINES, "declined", "card_declined", False),
    (SandboxCard.EXPIRED, "declined", "card_declined", True),
    (SandboxCard.CONFIRMS, "needs_confirmation", "card_confirm", False),
]


@pytest.mark.parametrize(("card", "outcome", "letter", "expired"), REFUSALS, ids=[each[0] for each in REFUSALS])
async def test_a_refusal_is_written_of_once_and_paid_on_a_checkout(
    database: Settings, clients: Clients, card: SandboxCard, outcome: str, letter: str, expired: bool
):
    lot = await a_paid_lot()
    await a_payer(clients, database, card)
    session = await a_stay_that_ended(clients, later(90), lot)
    for minute in (90, 91):
        charge = await charge_at_exit(clients, database, session.id, later(minute))
        assert charge is not None
        assert (charge.state, charge.outcome) == ("ended", outcome)
        await tell_all(clients, database, later(minute))
        await take_up(clients, database, later(minute))
    (written,) = await letters()
    assert (written["to"], written["name"], written["expired"]) == ("kim@example.org", letter, expired)
    assert (written["amount_cents"], written["currency"], len(written["last4"])) == (400, "EUR", 4)
    assert written["link"] == f"{database.address}/pay/charges/{charge.public_id}"
    assert PLATE not in str(written)
    assert (await states(session), await due(session), await taken(clients)) == ([PaymentState.FAILED], 400, [])
    assert (await card_charges.find_session(charge.public_id)).id == session.id
    await pay(clients, database, session, later(95))
    assert (await due(session), await taken(clients)) == (0, [400])


async def test_more_than_the_driver_allows_is_asked_for_and_not_charged(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database, cap_cents=399)
    session = await a_stay_that_ended(clients, later(90), lot)
    charge = await charge_at_exit(clients, database, session.id, later(90))
    assert charge is not None
    assert (charge.outcome, charge.payment_id, provider(clients).asked) == ("over_cap", None, 0)
    assert [letter["name"] for letter in await letters()] == ["card_over_cap"]
    await pay(clients, database, session, later(95))
    assert await due(session) == 0


async def test_a_page_that_is_open_ends_before_the_card_is_charged(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    await drive_by(clients, lot, Direction.ENTRY, AT)
    entered = (await drive_by(clients, lot, Direction.EXIT, later(90))).session_id
    assert entered is not None
    session = await card_charges.session_rows.get_session(entered)
    _, name = await quoted(clients, database, session, later(90))
    await charge_at_exit(clients, database, session.id, later(90))
    with pytest.raises(ConflictError, match="has ended"):
        await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(90))
    await tell_all(clients, database, later(91))
    assert (await taken(clients), await due(session)) == ([400], 0)


async def test_who_pays_by_phone_at_that_moment_does_not_pay_twice(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    _, name = await quoted(clients, database, session, later(90))
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(90))
    assert await charge_at_exit(clients, database, session.id, later(90)) is None  # paid, but nobody has been told
    await send(clients, database, outcome.now, later(91))
    await handle_all(clients, later(91))
    await take_up(clients, database, later(92))
    charge = await rows.find_of_session(session.id)
    assert charge is not None
    assert (charge.outcome, provider(clients).asked, await taken(clients)) == ("nothing_due", 0, [400])


async def test_phone_and_exit_racing_pay_once_between_them(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    driver = await a_payer(clients, database)
    for number in range(6):
        at = AT + timedelta(days=number)
        plate = f"AB12{number}"
        await driver_vehicles.add_vehicle(driver.id, plate, ProvenBy.TICKET, AT - timedelta(days=1))
        await drive_by(clients, lot, Direction.ENTRY, at, plate)
        entered = (await drive_by(clients, lot, Direction.EXIT, at + timedelta(minutes=90), plate)).session_id
        assert entered is not None
        session, now = await card_charges.session_rows.get_session(entered), at + timedelta(minutes=90)

        async def by_phone(session: ParkingSession = session, now: object = now) -> None:
            await pay(clients, database, session, now)  # type: ignore[arg-type]

        done = await asyncio.gather(
            by_phone(), charge_at_exit(clients, database, session.id, now), return_exceptions=True
        )
        assert {type(each) for each in done if isinstance(each, BaseException)} <= {ConflictError}
        await tell_all(clients, database, now)
        await take_up(clients, database, now + timedelta(minutes=1))
        await tell_all(clients, database, now + timedelta(minutes=2))
        assert await taken(clients) == [400] * (number + 1)
        assert (await billing.get_bill(session.id, now)).due_cents == 0
    assert await ledger.verify(lot.id) == []


async def test_what_is_given_back_while_a_card_is_charged_is_booked_beside_it(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    await drive_by(clients, lot, Direction.ENTRY, AT)
    open_session = await card_charges.session_rows.find_inside(lot.id, PLATE)
    assert open_session is not None
    first = await pay(clients, database, open_session, later(30))
    await drive_by(clients, lot, Direction.EXIT, later(150))
    charge = await charge_at_exit(clients, database, open_session.id, later(150))
    assert charge is not None
    assert charge.amount_cents == 400
    given = refunds.refund_payment(clients, database, first.id, 200, "a mistake", None, later(151))
    await asyncio.gather(given, tell_all(clients, database, later(151)))
    assert await taken(clients) == [-200, 200, 400]
    assert await ledger.verify(lot.id) == []
    assert sorted(await states(open_session)) == [PaymentState.PAID, PaymentState.PAID]
    back = await refunds.refund_payment(clients, database, charge.public_id, None, "a mistake", None, later(152))
    assert back.refunded_cents == 400


async def test_an_open_question_keeps_the_card_from_paying_until_it_is_answered(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    await review_rows.ask(lot.id, Question.DENIED, None, session.id, (), later(90))
    assert await charge_at_exit(clients, database, session.id, later(90)) is None
    (review,) = await review_rows.list_of_session(session.id)
    await review_rows.decide(review.id, "dismissed", None, later(95))
    assert await take_up(clients, database, later(96)) == 1
    assert provider(clients).asked == 1


async def test_a_doubtful_read_charges_nobody(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    await drive_by(clients, lot, Direction.ENTRY, AT)
    passage = await drive_by(clients, lot, Direction.EXIT, later(90), PLATE, confidence=0.55)
    assert passage.outcome == "left"
    assert passage.session_id is not None
    charge = await charge_at_exit(clients, database, passage.session_id, later(90))
    assert charge is not None
    assert (charge.outcome, provider(clients).asked, await letters()) == ("not_sure", 0, [])


async def test_only_a_plate_that_is_proven_and_undisputed_is_paid_for(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    other = await a_driver("other@example.org", "ZZ999")
    await save_a_card(clients, database, other)
    session = await a_stay_that_ended(clients, later(90), lot)
    assert await charge_at_exit(clients, database, session.id, later(90)) is None
    driver = await a_payer(clients, database)
    rival = await a_driver("rival@example.org", "ZZ888")
    await driver_vehicles.add_claim(rival.id, PLATE, ProvenBy.RECEIPT, session.id, later(80))
    assert await charge_at_exit(clients, database, session.id, later(91)) is None
    await saved_cards.switch_off(driver.id)
    assert await charge_at_exit(clients, database, session.id, later(92)) is None
    assert (provider(clients).asked, await states(session)) == (0, [])


async def test_what_was_agreed_to_after_the_car_had_left_charges_nothing(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    driver = await a_driver()
    await save_a_card(clients, database, driver)
    session = await a_stay_that_ended(clients, later(90), lot)
    await saved_cards.switch_on(driver.id, 5000, "EUR", "Pay.", later(91))
    assert await take_up(clients, database, later(92)) == 0
    assert await charge_at_exit(clients, database, session.id, later(92)) is None


async def test_what_ended_long_ago_is_not_charged_by_itself(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    late = later(90) + timedelta(hours=25)
    assert await take_up(clients, database, late) == 0
    assert await charge_at_exit(clients, database, session.id, late) is None


async def test_a_page_that_was_never_opened_holds_the_charge_up_for_minutes_only(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database)
    session = await a_stay_that_ended(clients, later(90), lot)
    checkout, _ = await quoted(clients, database, session, later(90))
    payment = (await payment_rows.list_of_session(session.id))[0]
    await payment_rows.set_checkout(payment.id, "", "")
    assert await charge_at_exit(clients, database, session.id, later(91)) is None
    charge = await charge_at_exit(clients, database, session.id, later(95))
    assert charge is not None
    assert charge.state == "told"
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.EXPIRED


async def test_which_stay_was_charged_is_forgotten_after_a_while(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await a_payer(clients, database, SandboxCard.DECLINES)
    session = await a_stay_that_ended(clients, later(90), lot)
    await charge_at_exit(clients, database, session.id, later(90))
    assert await card_charges.delete_old(later(90) + timedelta(days=399)) == 0
    assert await card_charges.delete_old(later(90) + timedelta(days=401)) == 1
    assert await take_up(clients, database, later(90) + timedelta(days=401)) == 0
