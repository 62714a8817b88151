"""What was paid through the provider, for programs of staff: seen, and given back once."""

from datetime import UTC, datetime

import pytest
from litestar import Litestar
from paying import a_stay_until_now
from visitors import Desk, Visitor, token_of

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.db import stripe_events
from parkhub.services import checkouts, payment_events, payment_sandbox
from parkhub.settings import Settings

WHY = "The barrier did not open"


@pytest.fixture
async def desk(staff: Visitor) -> Desk:
    return Desk(staff, token_of(await staff.get("/console/lots/new")))


@pytest.fixture
async def paid(app: Litestar, web_settings: Settings) -> tuple[int, str]:
    """A session and the quote of €4 that was paid for it."""
    clients: Clients = app.state.clients
    now = datetime.now(UTC)
    session = await a_stay_until_now(90)
    checkout = await checkouts.start_checkout(clients, web_settings, session.id, "", now)
    sandbox = payment_sandbox.sandbox_of(clients)
    for event in (await sandbox.pay(checkout.url.rpartition("/")[2], Way.SUCCEEDS, now)).now:
        await payment_events.keep(clients, web_settings, event, now)
    for event_id in await stripe_events.list_due(now, 9):
        await payment_events.handle(clients, web_settings, event_id, now)
    return session.id, checkout.id


async def test_staff_see_what_was_paid_and_give_a_part_back_once(desk: Desk, paid: tuple[int, str]):
    session_id, quote = paid
    (shown,) = (await desk.get(f"/sessions/{session_id}/quotes"))["items"]
    assert (shown["id"], shown["state"], shown["provider"]) == (quote, "paid", "sandbox")
    assert (shown["paid_cents"], shown["refunded_cents"]) == (400, 0)
    order = {"amount_cents": 150, "reason": WHY, "uid": "desk-1-0001"}
    for _ in range(2):
        answer = await desk.ask("POST", f"/payments/{quote}/refunds", order)
        assert (answer.status_code, answer.json()["refunded_cents"]) == (201, 150)
    other = await desk.ask("POST", f"/payments/{quote}/refunds", {**order, "amount_cents": 100})
    assert other.status_code == 409


WRONG = {
    "no reason": {"reason": " ", "uid": "desk-1-0001"},
    "no uid": {"reason": WHY, "uid": ""},
    "too much": {"reason": WHY, "uid": "desk-1-0001", "amount_cents": 401},
}


@pytest.mark.parametrize("order", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_order_is_refused(desk: Desk, paid: tuple[int, str], order: dict[str, object]):
    assert (await desk.ask("POST", f"/payments/{paid[1]}/refunds", order)).status_code == 422


async def test_strangers_see_and_give_back_nothing(program: Visitor, paid: tuple[int, str]):
    assert (await program.get(f"/api/v1/sessions/{paid[0]}/quotes")).status_code == 401
    answer = await program.post(f"/api/v1/payments/{paid[1]}/refunds", json={"reason": WHY, "uid": "desk-1-0001"})
    assert answer.status_code in (401, 403)
