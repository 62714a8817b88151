"""Payments through every order of what can happen, with writes that fail in the middle, on both databases.

Drivers pay, the provider tells late, twice, in any order or never, staff and the provider give back, banks dispute. At
the end everything is told, and then the ledger and the provider's account must agree to the cent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import save_session, stand_ins
from hypothesis import HealthCheck, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from mines import lay_mines
from paying import AT, a_paid_lot, handle_all, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox, Way
from parkhub.clients.payments import Raw, RefundOrder
from parkhub.clients.shelf import MemoryShelf
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import close_database, fetch, open_database
from parkhub.db.tariffs import find_in_force
from parkhub.domain.ledger import Account
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.services import checkouts, payment_sandbox, payments, refunds, session_corrections
from parkhub.services.ledger import verify
from parkhub.services.reconciliation import Matter, differences
from parkhub.settings import Settings, load_settings

WHY = "the barrier did not open"
BOOKS = ("ledger_transaction", "ledger_posting", "audit_entry")
TABLES = ("quote", "payment", "payment_refund", "stripe_event", "receipt", "letter", *BOOKS)
CRASHES = st.none() | st.none() | st.sampled_from(TABLES)
NUMBERS = st.integers(0, 9)

pytestmark = pytest.mark.slow


class Payments(RuleBasedStateMachine):
    """One lot, its drivers, its staff, the provider and the drivers' banks."""

    runner: asyncio.Runner
    settings: Settings

    @initialize()
    def begin(self) -> None:
        async def build() -> tuple[int, int]:
            lot = await a_paid_lot()
            version = await find_in_force(lot.id, None, AT)
            assert version is not None
            return lot.id, version.id

        self.lot_id, self.tariff_id = self.runner.run(build())
        self.now: datetime = AT
        self.cars, self.refunds, self.cash = 0, 0, 0
        given = stand_ins()
        sandbox = type("Sandbox", (PaymentSandbox,), {"name": f"sandbox-{self.lot_id}"})(MemoryShelf())
        self.clients = Clients(given.pictures, given.queue, given.live, given.limiter, sandbox)
        self.events: list[Raw] = []
        for _ in range(3):
            self.a_car_comes()
        self.now += timedelta(minutes=70)
        for number in range(3):
            self.begins_to_pay(number, "", None)

    @property
    def provider(self) -> PaymentSandbox:
        return payment_sandbox.sandbox_of(self.clients)

    def do(self, told: Callable[[], Awaitable[Any]], crash: str | None = None) -> Any:
        """Let something happen, first with a crash if there is one; what is refused changes nothing."""
        return self.runner.run(self._do(told, crash))

    async def _do(self, told: Callable[[], Awaitable[Any]], crash: str | None) -> Any:
        if crash is not None:
            await fetch("INSERT INTO armed (name) VALUES ({})", crash)
            try:
                return await told()
            except ParkHubError as error:
                note(f"crashed or refused: {error}")
            finally:
                await fetch("DELETE FROM armed")
        try:
            return await told()
        except (ConflictError, InvalidInputError, NotFoundError) as error:
            note(f"refused: {error}")
            return None

    @rule(minutes=st.sampled_from([1, 10, 40, 61]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def a_car_comes(self) -> None:
        self.cars += 1
        self.do(
            lambda: save_session(
                self.lot_id, f"AB{self.lot_id}X{self.cars}", entered_at=self.now, tariff_id=self.tariff_id
            )
        )

    @rule(number=NUMBERS, email=st.sampled_from(["", "kim@example.org"]), crash=CRASHES)
    def begins_to_pay(self, number: int, email: str, crash: str | None) -> None:
        session = self.pick(number)
        if session is not None:
            self.do(lambda: checkouts.start_checkout(self.clients, self.settings, session.id, email, self.now), crash)

    @rule(
        number=NUMBERS,
        way=st.sampled_from([Way.SUCCEEDS, Way.SUCCEEDS, Way.SUCCEEDS_LATE, Way.FAILS_LATE, Way.DECLINED]),
    )
    def pays_on_the_page(self, number: int, way: Way) -> None:
        found = self.runner.run(self.provider._shelf.list("checkout:"))
        if found:
            checkout = found[number % len(found)]
            outcome = self.do(lambda: self.provider.pay(checkout["id"], way, self.now))
            if outcome is not None:
                self.events += [*outcome.now, *outcome.late]

    @rule(number=NUMBERS, times=st.integers(1, 2), crash=CRASHES)
    def the_provider_tells(self, number: int, times: int, crash: str | None) -> None:
        if self.events:
            event = self.events[number % len(self.events)]
            self.do(lambda: send(self.clients, self.settings, [event] * times, self.now), crash)

    @rule(number=NUMBERS)
    def all_goes_well(self, number: int) -> None:
        self.begins_to_pay(number, "", None)
        self.pays_on_the_page(number, Way.SUCCEEDS)
        self.do(lambda: send(self.clients, self.settings, self.events, self.now))
        self.the_worker_works(None)

    @rule(crash=CRASHES)
    def the_worker_works(self, crash: str | None) -> None:
        self.do(lambda: handle_all(self.clients, self.now), crash)

    @rule(number=NUMBERS, cents=st.sampled_from([None, 50, 5000]), crash=CRASHES)
    def staff_give_back(self, number: int, cents: int | None, crash: str | None) -> None:
        paid = [each for each in self.all_payments() if each.state is PaymentState.PAID]
        if paid:
            quote = self.runner.run(quote_rows.get_quote(paid[number % len(paid)].quote_id)).public_id
            self.refunds += 1
            uid = f"refund-{self.lot_id}-{self.refunds}"
            self.do(
                lambda: refunds.refund_payment(self.clients, self.settings, quote, cents, WHY, None, self.now, uid),
                crash,
            )

    @rule(number=NUMBERS, crash=CRASHES)
    def upkeep_runs(self, number: int, crash: str | None) -> None:
        self.do(lambda: refunds.ask_again(self.clients, self.settings, self.now), crash)
        self.do(lambda: checkouts.expire_untold(self.now), crash)

    @rule(number=NUMBERS, cents=st.sampled_from([70, 200]))
    def the_provider_gives_back(self, number: int, cents: int) -> None:
        intent = self.an_intent(number)
        if intent:
            self.refunds += 1
            order = RefundOrder(f"at the provider {self.lot_id} {self.refunds}", intent, cents, "EUR", self.now)
            told = self.do(lambda: self.provider.refund_told(order))
            self.events += told[1] if told else ()

    @rule(number=NUMBERS)
    def what_was_given_back_comes_back(self, number: int) -> None:
        made = self.runner.run(self.provider._shelf.list("refund:"))
        if made:
            self.events += self.do(lambda: self.provider.fail_refund(made[number % len(made)]["id"], self.now))

    @rule(number=NUMBERS, won=st.booleans(), whole=st.booleans())
    def a_bank_disputes_and_decides(self, number: int, won: bool, whole: bool) -> None:
        intent = self.an_intent(number)
        charge = self.runner.run(self.provider._shelf.get(f"charge:{intent}"))
        if charge is None or charge["disputed"]:
            return
        opened = self.do(lambda: self.provider.dispute(intent, self.now, whole=whole))
        closed = self.do(lambda: self.provider.decide_dispute(opened[0]["data"]["object"]["id"], self.now, won=won))
        self.events += [*opened, *closed]

    @rule()
    def the_provider_pays_out(self) -> None:
        self.events += self.do(lambda: self.provider.pay_out(self.now)) or ()

    @rule(number=NUMBERS, cents=st.sampled_from([100, 200]))
    def pays_the_attendant(self, number: int, cents: int) -> None:
        session = self.pick(number)
        if session is not None:
            self.refunds += 1
            uid = f"staff:{self.lot_id}-{self.refunds}"
            self.do(lambda: payments.pay(session.id, cents, Account.CASH, uid, self.now))
            self.cash += cents

    @rule(number=NUMBERS)
    def leaves(self, number: int) -> None:
        session = self.pick(number)
        if session is not None and session.state is SessionState.OPEN:
            self.do(lambda: session_corrections.close_by_hand(self.clients, session.id, self.now, WHY, None, self.now))

    def an_intent(self, number: int) -> str:
        found = self.runner.run(self.provider._shelf.list("charge:"))
        return str(found[number % len(found)]["payment_intent"]) if found else ""

    def pick(self, number: int) -> ParkingSession | None:
        found = self.runner.run(session_rows.list_sessions(self.lot_id, None, AT, AT + timedelta(days=99), 2**62, 99))
        return found[number % len(found)] if found else None

    def all_payments(self) -> list[payment_rows.Payment]:
        return self.runner.run(self._all_payments())

    async def _all_payments(self) -> list[payment_rows.Payment]:
        found = await session_rows.list_sessions(self.lot_id, None, AT, AT + timedelta(days=99), 2**62, 99)
        return [payment for session in found for payment in await payment_rows.list_of_session(session.id)]

    def teardown(self) -> None:
        self.runner.run(self.check())

    async def check(self) -> None:
        """Once everything was told, in the end."""
        for _ in range(3):
            await send(self.clients, self.settings, reversed(self.events), self.now)
            self.now += timedelta(hours=7)
            await handle_all(self.clients, self.now)
            await refunds.ask_again(self.clients, self.settings, self.now)
        assert await handle_all(self.clients, self.now + timedelta(days=1)) == []
        assert await verify(self.lot_id) == []
        told = [each async for each in self.provider.balance_transactions()]
        payouts = {each.source for each in told if each.kind == "payout"}
        found = await differences(self.clients.payments, AT, self.now + timedelta(days=2))
        # payouts of other runs' providers stand in the ledger, too, and name no provider
        found = [each for each in found if each.matter is not Matter.PAYOUT or each.reference in payouts]
        assert found == [], found
        assert await fetch("SELECT id FROM payment_refund WHERE state = 'asked'") == []
        balances = await ledger_rows.get_balances(self.lot_id)
        assert balances.get(("EUR", Account.CLEARING), 0) == sum(each.amount_cents for each in told)
        assert balances.get(("EUR", Account.CASH), 0) == self.cash
        assert balances.get(("EUR", Account.DISPUTED), 0) == 0
        numbers = await fetch("SELECT number FROM receipt WHERE lot = {} ORDER BY number", self.lot_id)
        paid = [each for each in await self._all_payments() if each.state is PaymentState.PAID]
        assert [row["number"] for row in numbers] == list(range(1, len(paid) + 1))
        for payment in await self._all_payments():
            if payment.checkout:
                there = await self.provider.get_checkout(payment.checkout)
                assert (there["payment_status"] == "paid") == (payment.state is PaymentState.PAID), payment


@pytest.fixture
async def mined_settings(
    request: pytest.FixtureRequest, postgresql_server: Path, postgresql_databases: Any
) -> AsyncIterator[Settings]:
    """Settings of a PostgreSQL database that nobody else gets after us, because of the triggers."""
    name = await postgresql_databases.create("TEMPLATE template_parkhub")
    folder = request.getfixturevalue("tmp_path")
    yield load_settings(data_dir=folder, database_url=f"postgresql://parkhub@/{name}?host={postgresql_server}")
    await postgresql_databases.drop(name)


@pytest.mark.parametrize("name", ["sqlite_settings", "mined_settings"], ids=["sqlite", "postgresql"])
def test_whatever_happens_the_ledger_and_the_providers_account_agree(request: pytest.FixtureRequest, name: str):
    settings = request.getfixturevalue(name)
    with asyncio.Runner() as runner:
        runner.run(open_database(settings))
        try:
            runner.run(lay_mines(TABLES))
            machine = type("PaymentsOnADatabase", (Payments,), {"runner": runner, "settings": settings})
            run_state_machine_as_test(
                machine,
                settings=hypothesis_settings(
                    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
                ),
            )
        finally:
            runner.run(close_database())
