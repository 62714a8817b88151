"""A stay's page: what it costs, why, and the way to pay."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import httpx
import pytest
from builders import save_lot
from drivers import PLATE, TWO_AN_HOUR, save_paid_lot, save_stay
from litestar import Litestar
from visitors import Visitor, token_of

from parkhub.clients.payment_sandbox import PaymentSandbox
from parkhub.clients.payments import CheckoutOrder, OpenCheckout
from parkhub.clients.shelf import MemoryShelf
from parkhub.db import discount_codes
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.stay_tokens import LIFE, make_token
from parkhub.errors import BusyError
from parkhub.languages import language
from parkhub.secret_key import secret_key
from parkhub.services import payments
from parkhub.settings import Settings
from parkhub.web.stays import StaySource


@pytest.fixture
async def lot(app: Litestar) -> Lot:
    return await save_paid_lot(slug="harbour", name="Harbour Street")


def address(settings: Settings, session: ParkingSession, ago: timedelta = timedelta()) -> str:
    """Of its page, as it was given out so long ago."""
    return f"/pay/stays/{make_token(secret_key(settings), session.id, datetime.now(UTC) - ago)}"


def amounts(page: httpx.Response) -> list[tuple[str, str]]:
    """The lines of the price."""
    lines = re.findall(r"<div[^>]*><dt>(.*?)</dt><dd>(.*?)</dd></div>", page.text)
    return [(words, amount) for words, amount in lines if "stat" not in words]


async def pay(session: ParkingSession, cents: int, uid: str = "p", at: datetime | None = None) -> None:
    await payments.pay(session.id, cents, Account.CASH, uid, at or datetime.now(UTC))


async def test_it_says_how_long_how_much_and_why(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    page = await visitor.get(address(web_settings, await save_stay(lot, minutes=148)))
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "<title>Pay for your parking</title>" in page.text
    assert '<dd>2<span class="unit"> h</span> 28<span class="unit"> min</span></dd>' in page.text
    assert [line for line in amounts(page) if line[0] not in ("Parked for", "To pay now")] == [
        ("3 hours started at €2.00", "€6.00"),
        ("To pay", "€6.00"),
        ("of which 19% tax", "€0.96"),
    ]
    assert re.search(r"<button [^>]*data-pay>Pay €6.00</button>", page.text)
    assert "the same until" in page.text
    assert "After paying you have 15 min to drive out." in page.text


async def test_tax_that_comes_on_top_has_a_line_of_its_own(visitor: Visitor, web_settings: Settings) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR.replace('"19"', '"8.25", included: false'), slug="on-top")
    page = await visitor.get(address(web_settings, await save_stay(lot, minutes=148)))
    assert amounts(page)[-3:] == [
        ("3 hours started at €2.00", "€6.00"),
        ("8.25% tax", "€0.50"),
        ("To pay", "€6.50"),
    ]


@pytest.mark.parametrize("code", ["de", "es", "fr", "pt"])
async def test_it_speaks_the_drivers_language(visitor: Visitor, web_settings: Settings, lot: Lot, code: str) -> None:
    where = address(web_settings, await save_stay(lot))
    english, other = await visitor.get(where), await visitor.get(where, headers={"accept-language": code})
    assert f'<html lang="{code}">' in other.text
    for words in ("Pay for your parking", "Parked for", "How the price is made", "Discount code", "Apply"):
        assert words in english.text
        assert f">{words}<" not in other.text
    assert language(code).money(600, "EUR") in other.text


async def test_a_lot_without_prices_charges_nothing(visitor: Visitor, web_settings: Settings) -> None:
    page = await visitor.get(address(web_settings, await save_stay(await save_lot())))
    assert "This car park charges nothing." in page.text
    assert "data-pay" not in page.text


async def test_before_anything_is_due_it_says_until_when(visitor: Visitor, web_settings: Settings) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR + "free_minutes: {minutes: 90, per: stay}\n", slug="free-first")
    page = await visitor.get(address(web_settings, await save_stay(lot, minutes=20)))
    assert re.search(r"There is nothing to pay until (\w+ \d+ \w+, )?\d\d:\d\d\.", page.text)
    assert "data-pay" not in page.text


async def test_a_permit_is_told(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    page = await visitor.get(address(web_settings, await save_stay(lot, right="allowed")))
    assert "parks here by a permit or by invitation" in page.text
    assert "data-pay" not in page.text


async def test_after_paying_it_says_when_to_leave(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    stay = await save_stay(lot, minutes=70)
    await pay(stay, 400)
    page = await visitor.get(address(web_settings, stay))
    assert re.search(r"<h1[^>]*>Leave before (\w+ \d+ \w+, )?\d\d:\d\d</h1>", page.text)
    ring = re.search(r'data-left="(\d+)" data-whole="900"', page.text)
    assert ring is not None
    assert 880 <= int(ring[1]) <= 900
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page.text
    assert "data-pay" not in page.text


async def test_of_a_stay_that_is_paid_the_page_says_what_was_paid(
    visitor: Visitor, web_settings: Settings, lot: Lot
) -> None:
    stay = await save_stay(lot, minutes=118)
    await pay(stay, 400, at=datetime.now(UTC) - timedelta(minutes=40))
    page = await visitor.get(address(web_settings, stay))
    assert amounts(page)[-3:-1] == [("Already paid", "-€4.00"), ("To pay", "nothing")]


async def test_when_the_time_to_leave_is_over_the_rest_is_due(
    visitor: Visitor, web_settings: Settings, lot: Lot
) -> None:
    stay = await save_stay(lot, minutes=150)
    await pay(stay, 400, at=datetime.now(UTC) - timedelta(minutes=80))
    page = await visitor.get(address(web_settings, stay))
    assert "the time to drive out ended at" in page.text
    assert amounts(page)[-5:] == [
        ("3 hours started at €2.00", "€6.00"),
        ("The stay in all", "€6.00"),
        ("Already paid", "-€4.00"),
        ("To pay", "€2.00"),
        ("19% tax in the price of the stay", "€0.96"),
    ]
    assert "Pay €2.00</button>" in page.text


async def test_a_car_that_is_gone_and_paid_owes_nothing(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    gone = {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": datetime.now(UTC), "right": "staff"}
    page = await visitor.get(address(web_settings, await save_stay(lot, **gone)))
    assert "Nothing is left to pay." in page.text


@pytest.mark.parametrize("token", ["x", "A" * 43, "../1", "1"], ids=["short", "made up", "a path", "a number"])
@pytest.mark.parametrize("path", ["", "/events"], ids=["page", "stream"])
async def test_a_made_up_address_is_none(visitor: Visitor, lot: Lot, token: str, path: str) -> None:
    await save_stay(lot)
    assert (await visitor.get(f"/pay/stays/{token}{path}")).status_code == 404


async def test_an_address_that_has_ended_shows_nothing_of_the_stay_but_the_way_back(
    visitor: Visitor, web_settings: Settings, lot: Lot
) -> None:
    where = address(web_settings, await save_stay(lot), LIFE)
    page = await visitor.get(where)
    assert page.status_code == 410
    assert PLATE not in page.text
    assert 'href="/pay/harbour"' in page.text
    assert (await visitor.get(f"{where}/events")).status_code == 404
    data = {"_csrf_token": token_of(await visitor.get("/pay/harbour")), "do": "pay", "shown": "9999"}
    assert (await visitor.post(where, data=data)).status_code == 410


async def save_code(lot: Lot) -> None:
    await discount_codes.add_code(lot.id, Discount("HOTEL", percent=Fraction(50)), CodeLimits())


@pytest.mark.parametrize("button", ["code", "pay"])
async def test_a_code_is_taken_off_and_the_e_mail_stays(
    visitor: Visitor, web_settings: Settings, lot: Lot, button: str
) -> None:
    await save_code(lot)
    where = address(web_settings, await save_stay(lot))
    page = await visitor.send_form(where, do=button, code="hotel ", email="kim@example.org", shown="600")
    assert page.status_code == 200
    assert ("Code HOTEL", "-€3.00") in amounts(page)
    assert "Pay €3.00</button>" in page.text
    assert 'value="kim@example.org"' in page.text


async def test_codes_cannot_be_guessed_for_long(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    await save_code(lot)
    where = address(web_settings, await save_stay(lot))
    answers = [await visitor.send_form(where, do="code", code=f"TRY{number}") for number in range(11)]
    assert [each.status_code for each in answers] == [422] * 10 + [429]
    assert "This code does not exist here." in answers[0].text


async def test_an_e_mail_must_be_one_or_nothing(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    where = address(web_settings, await save_stay(lot))
    for wrong in ("kim", "kim@", "kim@host", "a b@example.org", "@example.org", "k" * 300 + "@example.org"):
        answer = await visitor.send_form(where, do="pay", email=wrong, shown="600")
        assert answer.status_code == 422, wrong
        assert "This is no e-mail address." in answer.text


class Provider(PaymentSandbox):
    """Takes no money; answers with its own page, or not at all."""

    def __init__(self) -> None:
        super().__init__(MemoryShelf())
        self.orders: list[CheckoutOrder] = []
        self.url = "http://parkhub.test/card"
        self.fails: Exception | None = None

    async def create_checkout(self, order: CheckoutOrder) -> OpenCheckout:
        self.orders.append(order)
        if self.fails:
            raise self.fails
        return OpenCheckout(f"cs_{order.key}", self.url)


@pytest.fixture
def provider(app: Litestar) -> Provider:
    found = Provider()
    app.state.clients = replace(app.state.clients, payments=found)
    return found


async def test_paying_leads_to_the_checkout(
    visitor: Visitor, web_settings: Settings, lot: Lot, provider: Provider
) -> None:
    where = address(web_settings, await save_stay(lot))
    answer = await visitor.send_form(where, do="pay", email=" kim@example.org ", shown="600")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://parkhub.test/card")
    again = await visitor.send_form(where, do="pay", email="kim@example.org", shown="600")
    assert again.headers["location"] == "http://parkhub.test/card"
    [order] = provider.orders
    assert (order.amount_cents, order.currency, order.email) == (600, "EUR", "kim@example.org")
    assert PLATE not in str(order)


async def test_another_site_is_reached_by_a_page_that_names_it(
    visitor: Visitor, web_settings: Settings, lot: Lot, provider: Provider
) -> None:
    provider.url = "https://checkout.stripe.test/c/1"
    answer = await visitor.send_form(address(web_settings, await save_stay(lot)), do="pay", shown="600")
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=https://checkout.stripe.test/c/1">' in answer.text
    assert "You pay at checkout.stripe.test." in answer.text


@pytest.mark.parametrize("shown", ["599", "", "-600", "६००", "1e9", "x"])
async def test_nobody_pays_more_than_the_button_said(
    visitor: Visitor, web_settings: Settings, lot: Lot, provider: Provider, shown: str
) -> None:
    answer = await visitor.send_form(address(web_settings, await save_stay(lot)), do="pay", shown=shown)
    assert answer.status_code == 409
    assert "It is €6.00 now. You have not been charged." in answer.text
    assert provider.orders == []


async def test_without_the_provider_it_says_that_nothing_was_charged(
    visitor: Visitor, web_settings: Settings, lot: Lot, provider: Provider
) -> None:
    provider.fails = BusyError("It is away.")
    answer = await visitor.send_form(address(web_settings, await save_stay(lot)), do="pay", shown="600")
    assert answer.status_code == 503
    assert "You have not been charged." in answer.text


async def test_who_owes_nothing_is_not_sent_to_pay(
    visitor: Visitor, web_settings: Settings, lot: Lot, provider: Provider
) -> None:
    where = address(web_settings, stay := await save_stay(lot, minutes=70))
    data = {"_csrf_token": token_of(await visitor.get(where)), "do": "pay", "shown": "9999"}
    await pay(stay, 400)
    assert (await visitor.post(where, data=data)).headers["location"] == where
    assert provider.orders == []


async def test_an_open_page_is_told_when_a_minute_is_full_and_when_the_price_rises(app: Litestar, lot: Lot) -> None:
    source = StaySource((await save_stay(lot, minutes=59.5)).id, language("en"))
    view = await source.read()
    assert 20 < source.due_s(view) <= 31
    assert source.topics(view) == {f"session:{view.session.id}", f"sessions:{lot.id}"}
    frame = source.tell(view, None)
    assert frame is not None
    told = json.loads(frame.decode().split("data: ")[1])
    assert (told["state"], told["pay"], told["shown"]) == ("due", "Pay €2.00", 200)
    assert source.tell(view, view) is None


async def test_the_page_is_small(visitor: Visitor, web_settings: Settings, lot: Lot) -> None:
    page = await visitor.get(address(web_settings, await save_stay(lot)))
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    answers = [await visitor.get(part, headers={"accept-encoding": "gzip"}) for part in parts]
    sizes = [len(page.content), *(int(answer.headers["content-length"]) for answer in answers)]
    assert sum(sizes) < 40 * 1024, sizes
