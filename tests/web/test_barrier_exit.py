"""An exit's page: who stands there pays for the car that stands there, and learns nothing else of it."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from builders import save_session
from drivers import save_paid_lot
from gated import Side, a_side
from litestar import Litestar
from visitors import Visitor, token_of

from parkhub.clients import Clients
from parkhub.db import barrier_calls as call_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db.tariffs import find_in_force
from parkhub.domain.barriers import CallCause, OpeningOutcome
from parkhub.domain.ledger import Account
from parkhub.domain.sessions import ParkingSession
from parkhub.secret_key import secret_key
from parkhub.services import barrier_calls, barrier_commands, barrier_openings, payments
from parkhub.services.barrier_commands import Answer
from parkhub.settings import Settings
from parkhub.web.barrier_exit import ExitSource

PLATE = "HHAB123"


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


@pytest.fixture
async def side(app: Litestar) -> Side:
    lot = await save_paid_lot(slug="harbour", name="Harbour Street")
    return await a_side(lot=lot)


@pytest.fixture
async def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


async def a_stay(side: Side, plate: str = PLATE) -> ParkingSession:
    version = await find_in_force(side.lot.id, None, ago(0))
    assert version is not None
    return await save_session(side.lot.id, plate, entered_at=ago(5400), tariff_id=version.id)


def heading(page: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text)
    assert found is not None, page.text
    return found[1]


def address(side: Side) -> str:
    return f"/exit/{side.barrier.code}"


def form_of(page: httpx.Response) -> dict[str, str]:
    """What the pay button sends."""
    return dict(re.findall(r'<input type="hidden" name="(car|shown)" value="([^"]*)">', page.text))


async def test_it_shows_what_the_car_owes_and_neither_plate_nor_times(
    visitor: Visitor, side: Side, clients: Clients
) -> None:
    page = await visitor.get(address(side))
    assert (page.status_code, heading(page)) == (200, "No car is seen at the barrier")
    session = await a_stay(side)
    await side.drives_up(clients, PLATE, ago(6))
    page = await visitor.get(address(side))
    assert heading(page) == "Your parking costs €4.00"
    assert page.headers["cache-control"] == "no-store"
    for secret in (PLATE, session.ticket, f"{session.entered_at:%H:%M}"):
        assert secret not in page.text


async def test_paying_leads_to_the_provider_and_then_the_barrier_opens(
    visitor: Visitor, side: Side, clients: Clients
) -> None:
    session = await a_stay(side)
    await side.drives_up(clients, PLATE, ago(6))
    page = await visitor.get(address(side))
    told = await visitor.post(address(side), data={"_csrf_token": token_of(page), **form_of(page)})
    assert (told.status_code, told.headers["location"].startswith("/sandbox/")) == (303, True)
    quote = await quote_rows.get_quote((await payment_rows.list_of_session(session.id))[0].quote_id)
    back = await visitor.get(f"/pay/checkouts/{quote.public_id}", params={"cancelled": "1"})
    assert f'href="{address(side)}">Go on to pay' in back.text
    await payments.pay(session.id, 400, Account.CASH, "in-the-test", datetime.now(UTC))
    await barrier_openings.open_for(clients, session.id, datetime.now(UTC))
    assert heading(await visitor.get(address(side))) == "The barrier opens"
    (opening,) = await side.openings()
    answer = Answer(outcome=OpeningOutcome.ACKNOWLEDGED.value)
    await barrier_commands.answered(clients, opening.uid, answer, datetime.now(UTC), {side.barrier.id})
    assert heading(await visitor.get(address(side))) == "The barrier is open"


async def test_nobody_pays_for_another_car_or_more_than_was_shown(
    visitor: Visitor, side: Side, clients: Clients
) -> None:
    await a_stay(side)
    await a_stay(side, "HHCD456")
    await side.drives_up(clients, PLATE, ago(20))
    page = await visitor.get(address(side))
    given = {"_csrf_token": token_of(page), **form_of(page)}
    less = await visitor.post(address(side), data={**given, "shown": "100"})
    await side.drives_up(clients, "HHCD456", ago(6))
    other = await visitor.post(address(side), data=given)
    for refused in (less, other):
        assert (refused.status_code, "Another car stands at the barrier now." in refused.text) == (409, True)


async def test_a_driver_calls_somebody_once_and_is_told_who_comes(
    visitor: Visitor, side: Side, clients: Clients
) -> None:
    first = await visitor.send_form(address(side), f"{address(side)}/call")
    page = await visitor.get(address(side))
    assert "An attendant has been called." in page.text
    assert "Call an attendant" not in page.text
    token = token_of(await visitor.get("/sign-in"))
    more = [await visitor.post(f"{address(side)}/call", data={"_csrf_token": token}) for _ in range(3)]
    assert [each.status_code for each in (first, *more)] == [303, 303, 303, 429]
    (call,) = await call_rows.list_open(side.lot.id)
    assert call.cause is CallCause.DRIVER
    await barrier_calls.take(clients, call.id, 1, datetime.now(UTC))
    assert "An attendant is on the way." in (await visitor.get(address(side))).text


async def test_a_barrier_that_did_not_answer_is_said_and_somebody_is_called(
    visitor: Visitor, side: Side, clients: Clients
) -> None:
    session = await a_stay(side)
    await payments.pay(session.id, 400, Account.CASH, "in-the-test", ago(60))
    await side.drives_up(clients, PLATE, ago(20))
    await barrier_commands.end_all(clients, datetime.now(UTC))
    page = await visitor.get(address(side))
    assert heading(page) == "The barrier did not answer"
    assert "An attendant has been called." in page.text


async def test_an_open_page_hears_when_it_changes(side: Side, clients: Clients, web_settings: Settings) -> None:
    source = ExitSource(side.barrier.code, secret_key(web_settings))
    before = await source.read()
    assert source.tell(before, before) is None
    await a_stay(side)
    await side.drives_up(clients, PLATE, ago(6))
    after = await source.read()
    told = json.loads((source.tell(after, before) or b"").split(b"data: ")[1])
    assert told["state"].startswith("due:")
    assert f"barrier:{side.barrier.id}" in source.topics(after)


async def test_other_codes_and_entrances_have_no_page(visitor: Visitor, side: Side) -> None:
    assert (await visitor.get("/exit/guessed-code")).status_code == 404
    off = await a_side(lot=side.lot, enabled=False)
    assert (await visitor.get(address(off))).status_code == 404
