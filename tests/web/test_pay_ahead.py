"""Paying ahead on the phone: for a plate that is typed, and for a stay whose page one has."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from builders import save_camera
from drivers import PLATE, TWO_AN_HOUR, save_paid_lot, save_stay
from litestar import Litestar
from paying import handle_all
from visitors import Visitor

from parkhub.clients.payment_sandbox import Way
from parkhub.db import cameras as camera_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import fetch
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.lot_rules import LotRules, SmallDues
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.stay_tokens import make_token
from parkhub.languages import language
from parkhub.secret_key import secret_key
from parkhub.services import payment_events, payment_sandbox
from parkhub.settings import Settings
from parkhub.web.stays import StaySource

AHEAD = "/pay/harbour/ahead"


def in_the_morning() -> str:
    """A zone where it is nine or later by less than an hour: what is offered ends with the day."""
    ahead = (9 - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


async def a_lot(tariff: str = TWO_AN_HOUR, **rules: Any) -> Lot:
    lot = await save_paid_lot(tariff, slug="harbour", name="Harbour Street", time_zone=in_the_morning())
    await rule_rows.save_rules(lot.id, LotRules(paid_ahead=True, **rules))
    return lot


async def watch(lot: Lot, role: CameraRole) -> None:
    await camera_rows.set_gate((await save_camera(lot)).id, Gate(role=role))


def ends(page: httpx.Response) -> list[tuple[str, str]]:
    """The values and the prices of all that can be chosen."""
    return re.findall(r'name="until" value="(\d+,\d+)".*?class="option-price">([^<]*)<', page.text, re.DOTALL)


async def choose(visitor: Visitor, page: str = AHEAD, nth: int = 1, **fields: Any) -> httpx.Response:
    value, _ = ends(await visitor.get(page))[nth]
    return await visitor.send_form(page, until=value, do="pay", **fields)


async def finish(app: Litestar, settings: Settings, url: str) -> None:
    """Pay on the card page, and let the worker book it."""
    clients, now = app.state.clients, datetime.now(UTC)
    outcome = await payment_sandbox.sandbox_of(clients).pay(url.rpartition("/")[2], Way.SUCCEEDS, now)
    for event in outcome.now:
        await payment_events.receive(clients, settings, *payment_sandbox.signed(settings, event, now), now)
    await handle_all(clients, datetime.now(UTC))


async def paid(app: Litestar, settings: Settings, visitor: Visitor, nth: int = 1) -> str:
    """The page of a stay that was begun and paid by a plate alone."""
    answer = await choose(visitor, plate=PLATE, nth=nth)
    await finish(app, settings, answer.headers["location"])
    [row] = await fetch("SELECT id FROM parking_session ORDER BY id DESC LIMIT 1")
    return f"/pay/stays/{make_token(secret_key(settings), row['id'], datetime.now(UTC))}"


async def stays() -> list[ParkingSession]:
    rows = await fetch("SELECT id FROM parking_session ORDER BY id")
    return await session_rows.get_sessions([row["id"] for row in rows])


async def test_the_way_to_pay_leads_there_and_back(visitor: Visitor, app: Litestar) -> None:
    await a_lot()
    answer = await visitor.get("/pay/harbour")
    assert (answer.status_code, answer.headers["location"]) == (303, AHEAD)
    page = await visitor.get(AHEAD)
    assert page.headers["cache-control"] == "no-store"
    assert 'href="/pay/harbour?begun=1"' in page.text
    assert f'href="{AHEAD}"' in (await visitor.get("/pay/harbour?begun=1")).text


async def test_where_a_camera_sees_cars_come_one_finds_the_stay_first(visitor: Visitor, app: Litestar) -> None:
    await watch(await a_lot(), CameraRole.ENTRANCE)
    page = await visitor.get("/pay/harbour")
    assert page.status_code == 200
    assert f'href="{AHEAD}"' in page.text


async def test_a_lot_where_one_pays_at_the_end_has_no_such_page(visitor: Visitor, app: Litestar) -> None:
    await save_paid_lot(slug="harbour")
    assert (await visitor.get(AHEAD)).status_code == 404
    assert (await visitor.get("/pay/harbour")).status_code == 200


async def test_each_end_has_its_price_line_by_line(visitor: Visitor, app: Litestar) -> None:
    await a_lot()
    page = await visitor.get(AHEAD)
    assert [price for _, price in ends(page)][:2] == ["€2.00", "€2.00"]
    assert "<span>1 hour started at €2.00</span><span>€2.00</span>" in page.text
    assert page.text.count(" checked>") == 1
    assert "At the latest until" in page.text


async def test_who_pays_gets_a_page_that_says_until_when(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    await a_lot()
    answer = await choose(visitor, plate="pkh 4827", email="kim@example.org")
    assert (answer.status_code, answer.headers["location"][:19]) == (303, "/sandbox/checkouts/")
    [begun] = await stays()
    assert (begun.state, begun.plate, begun.begun_by) == (SessionState.BEGUN, PLATE, "driver")
    await finish(app, web_settings, answer.headers["location"])
    [there] = await stays()
    assert there.state is SessionState.OPEN
    [quote] = await fetch("SELECT public_id, language, email FROM quote")
    page = await visitor.get(f"/pay/checkouts/{quote['public_id']}")
    assert re.search(r'<h1 id="paid" class="big">Paid until [^<]*\d\d:\d\d</h1>', page.text)
    assert 'role="timer"' in page.text
    stay = await visitor.get(re.search(r'href="(/pay/stays/[\w-]+)#longer"', page.text)[1])  # type: ignore[index]
    assert "If you leave earlier, nothing is given back." in stay.text
    assert "Stay longer?" in stay.text
    assert PLATE not in re.search("<title>(.*)</title>", stay.text)[1]  # type: ignore[index]


async def test_another_time_is_priced_before_it_is_paid(visitor: Visitor, app: Litestar) -> None:
    lot = await a_lot()
    until = (datetime.now(UTC) + timedelta(hours=3, minutes=20)).astimezone(ZoneInfo(lot.time_zone))
    page = await visitor.send_form(AHEAD, time=f"{until:%H:%M}", plate=PLATE, do="pay")
    assert (page.status_code, await stays()) == (200, [])
    chosen = re.search(r'value="\d+,(\d+)" data-words="([^"]*)" checked>', page.text)
    assert chosen is not None
    assert chosen.groups() == ("800", "Pay €8.00")
    assert f'value="{PLATE}"' in page.text


WRONG = {
    "no plate": ({"plate": ""}, "Type the letters and digits"),
    "no e-mail": ({"email": "kim"}, "This is no e-mail address."),
    "no choice": ({"until": ""}, "Choose until when you stay."),
    "a made-up choice": ({"until": "tomorrow,0"}, "Choose until when you stay."),
    "no time": ({"time": "25:00"}, "Say until when"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_said_and_nothing_kept(
    visitor: Visitor, app: Litestar, given: dict[str, str], said: str
) -> None:
    await a_lot()
    fields = {"plate": PLATE, "until": ends(await visitor.get(AHEAD))[0][0], "do": "pay", **given}
    page = await visitor.send_form(AHEAD, **fields)
    assert (page.status_code, await stays()) == (422, [])
    assert said in page.text


@pytest.mark.parametrize("shift", [-86_400, 90 * 86_400], ids=["past", "far ahead"])
async def test_an_end_that_is_not_allowed_is_refused(visitor: Visitor, app: Litestar, shift: int) -> None:
    await a_lot()
    until, _, _ = ends(await visitor.get(AHEAD))[0][0].partition(",")
    page = await visitor.send_form(AHEAD, plate=PLATE, until=f"{int(until) + shift},99999")
    assert (page.status_code, await stays()) == (409, [])
    assert "This time can no longer be chosen." in page.text


async def test_nobody_pays_more_than_the_page_said(visitor: Visitor, app: Litestar) -> None:
    await a_lot()
    until, _, _ = ends(await visitor.get(AHEAD))[0][0].partition(",")
    page = await visitor.send_form(AHEAD, plate=PLATE, until=f"{until},199")
    assert (page.status_code, await stays()) == (409, [])
    assert "The price has risen" in page.text


async def test_trying_plates_ends_alike_for_all(visitor: Visitor, app: Litestar) -> None:
    await save_stay(await a_lot(), PLATE)
    answers = [await choose(visitor, plate=plate) for plate in (PLATE, "NO1234") for _ in range(6)]
    assert [each.status_code for each in answers] == [303, 303, 303, 303, 303, 429] * 2
    assert "retry-after" in answers[-1].headers


async def test_whoever_pays_for_a_plate_learns_nothing_of_its_stay(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    own = await save_stay(await a_lot(), PLATE, minutes=200)
    page = await paid(app, web_settings, visitor)
    text = (await visitor.get(page)).text
    assert [price for _, price in ends(await visitor.get(page))][:2] == ["€2.00", "€2.00"]
    assert await session_rows.get_session(own.id) == own
    left = {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": datetime.now(UTC)}
    for name, value in left.items():
        await fetch(f"UPDATE parking_session SET {name} = {{}}", getattr(value, "value", value))
    clockless = [re.sub(r"\d+:\d\d(:\d\d)?|data-left=\"\d+\"|[\d.]+ 100|value=\"[^\"]*\"", "", each) for each in
                 (text, (await visitor.get(page)).text)]  # fmt: skip
    assert clockless[0] == clockless[1]


async def test_prolonging_pays_the_difference(visitor: Visitor, app: Litestar, web_settings: Settings) -> None:
    await a_lot()
    page = await paid(app, web_settings, visitor, nth=1)
    [before] = await stays()
    assert [price for _, price in ends(await visitor.get(page))][:3] == ["€2.00", "€2.00", "€4.00"]
    answer = await choose(visitor, page, nth=1)
    await finish(app, web_settings, answer.headers["location"])
    [after] = await stays()
    assert before.paid_until is not None
    assert after.paid_until == before.paid_until + timedelta(hours=1)


async def test_what_costs_nothing_more_needs_no_payment(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    await a_lot()
    page = await paid(app, web_settings, visitor, nth=0)
    assert ends(await visitor.get(page))[0][1] == "free"
    answer = await choose(visitor, page, nth=0)
    assert (answer.status_code, answer.headers["location"][:11]) == (303, "/pay/stays/")
    assert len(await fetch("SELECT id FROM payment")) == 1


async def test_a_stay_that_a_camera_saw_begin_is_paid_from_its_beginning(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    lot = await a_lot()
    await watch(lot, CameraRole.EXIT)
    stay = await save_stay(lot, minutes=45)
    page = await visitor.get(where := f"/pay/stays/{make_token(secret_key(web_settings), stay.id, datetime.now(UTC))}")
    assert [price for _, price in ends(page)][:2] == ["€4.00", "€4.00"]
    assert "Pay €2.00 and leave now" in page.text
    assert "If you stay longer, the rest is due at the exit." in page.text
    now = await visitor.send_form(where, do="now", shown="200")
    assert now.status_code == 303
    [quote] = await fetch("SELECT amount_cents, paid_until FROM quote")
    assert (quote["amount_cents"], quote["paid_until"]) == (200, None)


async def test_when_its_time_is_over_the_rest_can_be_paid_for_a_while(
    visitor: Visitor, app: Litestar, web_settings: Settings
) -> None:
    await a_lot()
    page = await paid(app, web_settings, visitor)
    for minutes, words in ((-5, "It was paid until"), (-16, "If you are still here, pay again from now on.")):
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        await fetch("UPDATE parking_session SET paid_until = {}, entered_at = {}", until, until - timedelta(hours=1))
        text = (await visitor.get(page)).text
        assert words in text
        assert ("Stay longer?" in text) is (minutes == -5)


async def test_an_open_page_is_told_of_a_new_end(visitor: Visitor, app: Litestar, web_settings: Settings) -> None:
    await a_lot()
    await paid(app, web_settings, visitor)
    [stay] = await stays()
    source = StaySource(stay.id, language("en"))
    before = await source.read()
    assert source.tell(before, before) is None
    await fetch("UPDATE parking_session SET paid_until = {}", datetime.now(UTC) + timedelta(hours=5))
    assert source.tell(await source.read(), before) is not None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (SmallDues.LET_GO, "You need not pay it: drive out."),
        (SmallDues.CARRIED, "You may drive out. It stays owed"),
        (SmallDues.MACHINE, "Pay it at the machine or with the attendant"),
    ],
)
async def test_too_little_for_a_card_is_said_with_what_becomes_of_it(
    visitor: Visitor, app: Litestar, web_settings: Settings, rule: SmallDues, said: str
) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR.replace("2.00", "0.30"), slug="harbour")
    await rule_rows.save_rules(lot.id, LotRules(small_dues=rule))
    stay = await save_stay(lot, minutes=10)
    page = await visitor.get(f"/pay/stays/{make_token(secret_key(web_settings), stay.id, datetime.now(UTC))}")
    assert "€0.30 is too little to pay by card" in page.text
    assert said in page.text
    assert "data-pay" not in page.text


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_payment_on_its_way_says_what_that_means_for_leaving(
    visitor: Visitor, app: Litestar, web_settings: Settings, leaves: bool
) -> None:
    lot = await save_paid_lot(slug="harbour")
    await rule_rows.save_rules(lot.id, LotRules(processing_leaves=leaves))
    stay = await save_stay(lot, minutes=10)
    where = f"/pay/stays/{make_token(secret_key(web_settings), stay.id, datetime.now(UTC))}"
    answer = await visitor.send_form(where, do="pay", shown="200")
    await fetch("UPDATE payment SET state = 'processing'")
    checkout = await fetch("SELECT public_id FROM quote")
    for page in (where, f"/pay/checkouts/{checkout[0]['public_id']}"):
        text = (await visitor.get(page)).text
        assert "Your payment is on its way" in text
        assert ("You may drive out." in text, "Stay until it has arrived" in text) == (leaves, not leaves)
    assert answer.status_code == 303


async def test_a_closed_car_park_takes_no_payment(visitor: Visitor, app: Litestar) -> None:
    lot = await a_lot()
    yesterday = (datetime.now(UTC) - timedelta(days=2)).strftime("%a")[:2]
    await fetch("UPDATE lot SET opening_hours = {} WHERE id = {}", f"{yesterday} 08:00-09:00", lot.id)
    page = await visitor.get(AHEAD)
    assert "This car park is closed. It opens at" in page.text
    assert ends(page) == []
