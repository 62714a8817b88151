"""Sessions through every order of events, with writes that fail in the middle, on both databases: what always holds.

A trigger of the database refuses a write to a chosen table, as if the process had died just before it: all that the
event had written until then is gone, and the event is told again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import save_camera, save_lot, stand_ins
from hypothesis import HealthCheck, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from parkhub.db import ledger as ledger_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import close_database, current_engine, fetch, open_database
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.ledger import Account
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError, InvalidInputError, ParkHubError
from parkhub.services import (
    audit,
    billing,
    discount_codes,
    payments,
    reviews,
    session_changes,
    session_corrections,
    session_overlong,
    sessions,
    tariffs,
)
from parkhub.services.ledger import verify
from parkhub.settings import Settings, load_settings

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
TARIFF = """
currency: EUR
exit_grace_minutes: 15
entry_grace_minutes: 5
tax: {percent: "19"}
cap: {price: "12.00", per: day}
bands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""
EVER, NEVER = AT - timedelta(days=9), AT + timedelta(days=9999)
WHY = "the picture shows it"
PLATES = st.sampled_from(["AB1234", "AB1235", "CD5678", "CD56788", "XY900"])
TABLES = (
    "parking_session",
    "ledger_transaction",
    "ledger_posting",
    "ledger_balance",
    "audit_entry",
    "passage",
    "review",
)
CRASHES = st.none() | st.sampled_from(TABLES)

pytestmark = pytest.mark.slow


async def lay_mines() -> None:
    """Triggers that refuse writes to the table that `armed` names."""
    engine = current_engine()
    assert engine is not None
    await engine.run_ddl("CREATE TABLE armed (name TEXT)")
    if engine.engine_type == "postgres":
        await engine.run_ddl(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM armed WHERE name = TG_TABLE_NAME) THEN "
            "RAISE EXCEPTION 'killed' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
    for table in TABLES:
        for event in ("INSERT", "UPDATE"):
            name = f"die_{table}_{event.lower()}"
            if engine.engine_type == "postgres":
                how = "FOR EACH ROW EXECUTE FUNCTION die()"
            else:
                how = (
                    f"WHEN EXISTS (SELECT 1 FROM armed WHERE name = '{table}') BEGIN SELECT RAISE(ABORT, 'killed'); END"
                )
            await engine.run_ddl(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {how}")


class Lot(RuleBasedStateMachine):
    """One lot, its cars, its cash box and its staff."""

    runner: asyncio.Runner

    def do(self, told: Callable[[], Awaitable[Any]], crash: str | None) -> Any:
        """Let something happen; with a crash it is told again afterwards. What is refused changes nothing."""
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
        except (ConflictError, InvalidInputError) as error:
            note(f"refused: {error}")
            return None

    @initialize()
    def begin(self) -> None:
        async def build() -> tuple[int, int]:
            lot = await save_lot()
            await tariffs.publish(lot.id, None, TARIFF, AT, None, AT)
            await discount_codes.add_code(lot.id, Discount("SHOP", minutes=60), CodeLimits(uses_max=3), None, AT)
            return lot.id, (await save_camera(lot)).id

        self.lot_id, self.camera_id = self.runner.run(build())
        self.now, self.count, self.cash = AT, 0, 0
        self.clients = stand_ins()

    @rule(minutes=st.sampled_from([1, 4, 20, 61, 700, -30]))
    def time_passes(self, minutes: int) -> None:
        self.now = max(AT, self.now + timedelta(minutes=minutes))  # a clock may be set back

    @rule(
        direction=st.sampled_from([*Direction, None]),
        plate=PLATES,
        late=st.sampled_from([0, 0, 0, 30, 90]),
        times=st.integers(1, 2),
        crash=CRASHES,
    )
    def passes(self, direction: Direction | None, plate: str, late: int, times: int, crash: str | None) -> None:
        at = max(AT, self.now - timedelta(minutes=late))
        candidates = (Candidate(plate, 0.9),)
        passage = GatePassage(
            0,
            self.lot_id,
            self.camera_id,
            direction,
            plate,
            0.9,
            candidates,
            None,
            at,
            at,
            3,
            state=PassageState.ACCEPTED,
            decided_at=at,
        )
        passage_id = self.runner.run(passage_rows.save_passage(passage))
        for _ in range(times):
            self.do(lambda: sessions.take_passage(self.clients, passage_id, self.now), crash)

    @rule(
        number=st.integers(0, 9),
        share=st.sampled_from([1, 2, 3]),
        into=st.sampled_from([Account.CASH, Account.CLEARING]),
        times=st.integers(1, 2),
        crash=CRASHES,
    )
    def pays(self, number: int, share: int, into: Account, times: int, crash: str | None) -> None:
        session = self.pick(number)
        if session is None:
            return
        due = self.runner.run(billing.get_bill(session.id, self.now)).due_cents
        self.count += 1
        amount, uid = due * share // 2, f"pay-{self.lot_id}-{self.count}"
        for _ in range(times):
            self.do(lambda: payments.pay(session.id, amount, into, uid, self.now), crash)
        if self.runner.run(ledger_rows.find_transaction(uid)) is not None:
            self.cash += amount

    @rule(number=st.integers(0, 9), amount=st.sampled_from([None, 50, 5000]), crash=CRASHES)
    def is_refunded(self, number: int, amount: int | None, crash: str | None) -> None:
        session = self.pick(number)
        if session is None:
            return
        self.count += 1
        uid = f"refund-{self.lot_id}-{self.count}"
        self.do(lambda: payments.refund(session.id, amount, Account.CASH, WHY, uid, None, self.now), crash)
        posted = self.runner.run(ledger_rows.find_transaction(uid))
        if posted is not None:
            self.cash += sum(p.amount_cents for p in posted.transaction.postings if p.account is Account.CASH)

    @rule(number=st.integers(0, 9), won=st.booleans(), times=st.integers(1, 2), crash=CRASHES)
    def is_disputed(self, number: int, won: bool, times: int, crash: str | None) -> None:
        session = self.pick(number)
        if session is None:
            return
        amount = self.runner.run(ledger_rows.get_books(session.id))[Account.CLEARING]
        self.count += 1
        uid = f"dispute-{self.lot_id}-{self.count}"
        decide = payments.win_dispute if won else payments.lose_dispute
        for _ in range(times):
            self.do(lambda: payments.dispute(session.id, amount, uid, self.now), crash)
            self.do(lambda: decide(session.id, amount, f"{uid}-decided", self.now), crash)
        if not won and self.runner.run(ledger_rows.find_transaction(f"{uid}-decided")) is not None:
            self.cash -= amount

    @rule(number=st.integers(0, 9), other=st.integers(0, 9), give=st.booleans(), crash=CRASHES)
    def staff_answer(self, number: int, other: int, give: bool, crash: str | None) -> None:
        session, asked = self.pick(other), self.runner.run(review_rows.list_open(self.lot_id))
        if session is None or not asked:
            return
        review = asked[number % len(asked)]
        if give:
            self.do(lambda: reviews.assign_exit(self.clients, review.id, session.id, WHY, None, self.now), crash)
        else:
            self.do(lambda: reviews.dismiss(self.clients, review.id, WHY, None, self.now), crash)

    @rule(number=st.integers(0, 9), crash=CRASHES)
    def gives_a_code(self, number: int, crash: str | None) -> None:
        session = self.pick(number)
        if session is not None:
            self.do(lambda: discount_codes.give_code(session.id, "SHOP", None, self.now), crash)

    @rule(number=st.integers(0, 9), amount=st.sampled_from([None, 50]), crash=CRASHES)
    def is_waived(self, number: int, amount: int | None, crash: str | None) -> None:
        session = self.pick(number)
        if session is not None:
            self.count += 1
            uid = f"waive-{self.lot_id}-{self.count}"
            self.do(lambda: payments.waive(session.id, amount, WHY, uid, None, self.now), crash)

    @rule(number=st.integers(0, 9), what=st.sampled_from(["close", "reopen", "cancel", "split"]), crash=CRASHES)
    def staff_correct(self, number: int, what: str, crash: str | None) -> None:
        session = self.pick(number)
        if session is None:
            return
        end = session.exited_at or self.now
        middle = session.entered_at + (end - session.entered_at) / 2
        calls: dict[str, Callable[[], Awaitable[Any]]] = {
            "close": lambda: session_corrections.close_by_hand(self.clients, session.id, middle, WHY, None, self.now),
            "reopen": lambda: session_corrections.reopen(self.clients, session.id, WHY, None, self.now),
            "cancel": lambda: session_corrections.cancel(self.clients, session.id, WHY, None, self.now),
            "split": lambda: session_corrections.split(self.clients, session.id, middle, middle, WHY, None, self.now),
        }
        self.do(calls[what], crash)

    @rule(number=st.integers(0, 9), plate=PLATES, crash=CRASHES)
    def staff_edit_the_plate(self, number: int, plate: str, crash: str | None) -> None:
        session = self.pick(number)
        if session is not None:
            self.do(lambda: session_corrections.edit_plate(self.clients, session.id, plate, WHY, None, self.now), crash)

    @rule(number=st.integers(0, 9), other=st.integers(0, 9), crash=CRASHES)
    def staff_merge(self, number: int, other: int, crash: str | None) -> None:
        one, two = self.pick(number), self.pick(other)
        if one is not None and two is not None:
            self.do(lambda: session_corrections.merge(self.clients, one.id, two.id, WHY, None, self.now), crash)

    @rule(back=st.integers(0, 3), crash=CRASHES)
    def staff_undo(self, back: int, crash: str | None) -> None:
        entries = self.runner.run(audit.list_entries(audit.EntryFilter(lot_id=self.lot_id)))
        if len(entries) > back:
            self.do(lambda: session_changes.undo(self.clients, entries[back].id, None, self.now), crash)

    @rule(crash=CRASHES)
    def the_clock_closes_what_is_open_for_too_long(self, crash: str | None) -> None:
        self.now += timedelta(days=3)
        self.do(lambda: session_overlong.close_overlong(self.clients, self.now), crash)

    def pick(self, number: int) -> ParkingSession | None:
        found = self.all()
        return found[number % len(found)] if found else None

    def all(self) -> list[ParkingSession]:
        page = session_rows.list_sessions(
            self.lot_id, None, AT - timedelta(days=9), AT + timedelta(days=999), 2**62, 99
        )
        return self.runner.run(page)

    def teardown(self) -> None:
        self.runner.run(self.check())

    async def check(self) -> None:
        """All that always holds, after everything that has happened."""
        assert await verify(self.lot_id) == []
        balances = await ledger_rows.get_balances(self.lot_id)
        held = (Account.CASH, Account.CLEARING, Account.DISPUTED)
        assert sum(balances.get(("EUR", account), 0) for account in held) == self.cash
        found = await session_rows.list_sessions(self.lot_id, None, EVER, NEVER, 2**62, 999)
        inside = [session.plate for session in found if session.state is SessionState.OPEN and session.plate]
        assert len(inside) == len(set(inside))
        live = [session for session in found if session.state is not SessionState.CANCELLED]
        for taken in ([s.entry_passage_id for s in live], [s.exit_passage_id for s in live]):
            known = [passage_id for passage_id in taken if passage_id is not None]
            assert len(known) == len(set(known))
        await self.check_that_nobody_is_forgotten(found)
        owed = 0
        for session in found:
            books = await ledger_rows.get_books(session.id)
            owed += books.open_cents - books.credit_cents
            bill = await billing.get_bill(session.id, self.now)
            if session.is_priced:
                assert books.charged_cents == (bill.quote.gross_cents if bill.quote else 0)
            if session.state is SessionState.CLOSED and not session.is_priced and not books.is_settled_partly:
                assert books.charged_cents == 0
        kept = balances.get(("EUR", Account.RECEIVABLE), 0) + balances.get(("EUR", Account.CREDIT), 0)
        assert kept == owed

    async def check_that_nobody_is_forgotten(self, found: list[ParkingSession]) -> None:
        """Whoever ended without a price is asked about or was dismissed; who left is in a session or asked about."""
        rows = await fetch("SELECT * FROM review WHERE lot = {}", self.lot_id)
        about = {row["session"] for row in rows if row["decided_at"] is None or row["decision"] == "dismissed"}
        for session in found:
            if session.state is SessionState.CLOSED and not session.is_priced:
                assert session.id in about, session
        asked = {row["passage"] for row in rows if row["decided_at"] is None or row["decision"] == "dismissed"}
        for row in await fetch(
            "SELECT id FROM passage WHERE lot = {} AND outcome = 'asked' AND direction = 'exit'", self.lot_id
        ):
            assert row["id"] in asked


@pytest.fixture
async def mined_settings(
    request: pytest.FixtureRequest, postgresql_server: Path, postgresql_databases: Any
) -> AsyncIterator[Settings]:
    """Settings of a PostgreSQL database that nobody else gets after us, because of the triggers."""
    name = await postgresql_databases.create("TEMPLATE template_parkhub")
    folder = request.getfixturevalue("tmp_path")
    yield load_settings(data_dir=folder, database_url=f"postgresql://parkhub@/{name}?host={postgresql_server}")
    await postgresql_databases.drop(name)


@pytest.fixture(params=["sqlite_settings", "mined_settings"], ids=["sqlite", "postgresql"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """What runs the services on an open database with mines."""
    settings = request.getfixturevalue(request.param)
    with asyncio.Runner() as runner:
        runner.run(open_database(settings))
        try:
            runner.run(lay_mines())
            yield runner
        finally:
            runner.run(close_database())


def test_whatever_happens_the_books_balance_and_nobody_is_charged_twice(runner: asyncio.Runner) -> None:
    machine = type("LotOnADatabase", (Lot,), {"runner": runner})
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
