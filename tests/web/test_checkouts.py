"""Back from paying, and the receipt: what a driver is told before, when and after the provider has told."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drivers import PLATE, TWO_AN_HOUR, save_paid_lot, save_stay
from litestar import Litestar
from paying import SETTINGS
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.db import stripe_events
from parkhub.db.engine import fetch
from parkhub.domain.lots import Lot
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.stay_tokens import LIFE
from parkhub.errors import NotFoundError
from parkhub.services import checkouts, lot_rules, payment_events, receipts
from parkhub.settings import Settings
from parkhub.web.checkouts import CheckoutSource
from parkhub.web.receipts import SHEETS, SHEETS_S


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


@pytest.fixture
async def lot(app: Litestar) -> Lot:
    return await save_paid_lot(slug="harbour", name="Harbour Street")


async def open_checkout(
    clients: Clients, settings: Settings, session: ParkingSession, at: datetime | None = None
) -> checkouts.Checkout:
    return await checkouts.start_checkout(clients, settings, session.id, "", at or datetime.now(UTC))


async def pay(visitor: Visitor, clients: Clients, checkout: checkouts.Checkout) -> None:
    """As a driver does in the sandbox, and a worker after that."""
    await visitor.send_form(checkout.url, way="succeeds")
    for event_id in await stripe_events.list_due(datetime.now(UTC) + timedelta(hours=1), 100):
        await payment_events.handle(clients, SETTINGS, event_id, datetime.now(UTC))


async def receipt_of(checkout: checkouts.Checkout) -> str:
    found = (await checkouts.find_checkout(checkout.id)).receipt_id
    assert found is not None
    return found


async def test_coming_back_proves_nothing(visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    page = await visitor.get(f"/pay/checkouts/{checkout.id}")
    assert page.headers["cache-control"] == "no-store"
    assert "<title>Waiting for the payment</title>" in page.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.text
    assert "Leave before" not in page.text
    assert (await visitor.get(f"/receipts/{checkout.id}")).status_code == 404
    assert (await visitor.get(f"/receipts/{checkout.id}/pdf")).status_code == 404


async def test_who_came_back_without_paying_is_told_so(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    page = await visitor.get(f"/pay/checkouts/{checkout.id}?cancelled=1")
    assert "You came back without paying. You have not been charged." in page.text
    [back] = re.findall(r'class="btn btn-primary[^"]*" href="(/pay/stays/[\w-]+)"', page.text)
    assert PLATE in (await visitor.get(back)).text


async def test_once_paid_it_says_when_to_leave_and_shows_the_receipt(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    await pay(visitor, clients, checkout)
    page = await visitor.get(f"/pay/checkouts/{checkout.id}")
    assert re.search(r"<title>Paid: leave before (\w+ \d+ \w+, )?\d\d:\d\d</title>", page.text)
    assert "Paid €6.00" in page.text
    assert re.search(r'role="timer"[^>]* data-left="(8[5-9]\d|900)" data-whole="900"', page.text)
    assert f'href="/receipts/{await receipt_of(checkout)}/pdf"' in page.text
    assert PLATE not in page.text


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (PaymentState.PROCESSING, "Your payment is on its way"),
        (PaymentState.FAILED, "The payment did not go through"),
        (PaymentState.EXPIRED, "The time to pay ran out"),
    ],
)
async def test_every_other_end_has_its_words(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot, state: PaymentState, says: str
) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    await fetch("UPDATE payment SET state = {}", state.value)
    page = await visitor.get(f"/pay/checkouts/{checkout.id}")
    assert f'<h1 class="big">{says}</h1>' in page.text
    assert ("You have not been charged." in page.text) == (state is not PaymentState.PROCESSING)


async def test_an_open_page_hears_when_it_is_paid_and_nothing_else(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    source = CheckoutSource(checkout.id)
    before = await source.read()
    assert source.topics(before) == {f"quote:{checkout.id}"}
    assert source.tell(before, before) is None
    await pay(visitor, clients, checkout)
    frame = source.tell(await source.read(), before)
    assert frame is not None
    assert json.loads(frame.decode().split("data: ")[1]) == {"state": "paid"}


@pytest.mark.parametrize("path", ["/pay/checkouts/{}", "/pay/checkouts/{}/events", "/receipts/{}", "/receipts/{}/pdf"])
@pytest.mark.parametrize("public_id", ["1", "x" * 24, "AAAAAAAAAAAAAAAAAAAAAAAA", "%00"])
async def test_an_id_that_was_made_up_is_none(visitor: Visitor, lot: Lot, path: str, public_id: str) -> None:
    assert (await visitor.get(path.format(public_id))).status_code == 404


async def test_ids_cannot_be_guessed(clients: Clients, web_settings: Settings, lot: Lot) -> None:
    ids = {(await open_checkout(clients, web_settings, await save_stay(lot, f"AB{n:03}"))).id for n in range(5)}
    assert len(ids) == 5
    assert all(len(each) * 6 >= 128 for each in ids)


async def test_a_receipt_tells_what_was_paid_with_its_tax_and_no_plate(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    stay = await save_stay(lot)
    checkout = await open_checkout(clients, web_settings, stay)
    await pay(visitor, clients, checkout)
    page = await visitor.get(f"/receipts/{await receipt_of(checkout)}", headers={"accept-language": "de"})
    for words in (
        f"Quittung {lot.id}-000001",
        "6,00\xa0€",
        "Netto 5,04\xa0€, Steuer 19\xa0%",
        "0,96\xa0€",
        "2 h 28 min",
    ):
        assert words in page.text, words


async def test_who_is_given_a_receipt_before_the_exit_sees_neither_plate_nor_stay(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    stay = await save_stay(lot)
    checkout = await open_checkout(clients, web_settings, stay)
    await pay(visitor, clients, checkout)
    public_id = await receipt_of(checkout)
    page = await visitor.get(f"/receipts/{public_id}")
    assert page.headers["cache-control"] == "no-store"
    for told in (PLATE, stay.ticket, checkout.id, "/pay/stays/", "/pay/checkouts/"):
        assert told not in page.text, told
    assert (await visitor.get(f"/pay/checkouts/{public_id}")).status_code == 404
    assert (await visitor.get(f"/receipts/{checkout.id}")).status_code == 404


async def test_an_old_address_of_a_payment_leads_no_more_to_the_stay(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    address = f"/pay/checkouts/{checkout.id}?cancelled=1"
    assert "/pay/stays/" in (await visitor.get(address)).text
    await fetch("UPDATE quote SET created_at = {}", datetime.now(UTC) - LIFE)
    page = await visitor.get(address)
    assert "/pay/stays/" not in page.text
    assert 'href="/pay/harbour"' in page.text
    assert PLATE not in page.text


async def test_a_receipt_can_be_printed(visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot) -> None:
    stay, told = await save_stay(lot), {"operator_name": "Quay <GmbH>", "operator_tax_number": "DE 1"}
    await lot_rules.set_rules(lot.id, told, None, datetime.now(UTC))
    checkout = await open_checkout(clients, web_settings, stay)
    await pay(visitor, clients, checkout)
    assert "Quay &lt;GmbH&gt;<br>Tax number DE 1" in (await visitor.get(f"/receipts/{await receipt_of(checkout)}")).text
    answer = await visitor.get(f"/receipts/{await receipt_of(checkout)}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="receipt-{lot.id}-000001.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert answer.content.startswith(b"%PDF-")
    assert b"/MediaBox [0 0 595.28 841.89]" in answer.content


async def test_nobody_has_a_receipt_printed_without_end(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    await pay(visitor, clients, checkout)
    public_id = await receipt_of(checkout)
    for _ in range(SHEETS):
        await clients.limiter.hit(f"receipt-pdf:{public_id}", SHEETS, SHEETS_S)
    answer = await visitor.get(f"/receipts/{public_id}/pdf")
    assert (answer.status_code, SHEETS_S - 60 < int(answer.headers["retry-after"]) <= SHEETS_S) == (429, True)
    assert (await visitor.get(f"/receipts/{public_id}")).status_code == 200


def test_the_web_process_does_not_carry_what_draws_receipts() -> None:
    told = "import sys, parkhub.app; sys.exit(bool({'fpdf', 'numpy', 'segno'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", told], timeout=60, check=False).returncode == 0


async def test_a_second_payment_has_a_receipt_of_its_own_part(
    visitor: Visitor, clients: Clients, web_settings: Settings, lot: Lot
) -> None:
    stay = await save_stay(lot, minutes=150)
    first = await open_checkout(clients, web_settings, stay)
    await pay(visitor, clients, first)
    later = datetime.now(UTC) + timedelta(minutes=45)
    second = await open_checkout(clients, web_settings, stay, later)
    await visitor.send_form(second.url, way="succeeds")
    for event_id in await stripe_events.list_due(later, 100):
        await payment_events.handle(clients, SETTINGS, event_id, later)
    receipt = await receipts.get_receipt(await receipt_of(second))
    assert receipt.number == f"{lot.id}-000002"
    told: dict[str, Any] = {"paid": receipt.paid.paid_cents, "before": receipt.before_cents, "tax": receipt.tax_cents}
    assert told == {"paid": 200, "before": 600, "tax": 32}
    page = await visitor.get(f"/receipts/{await receipt_of(second)}")
    assert "<dt>Paid before</dt><dd>-€6.00</dd>" in page.text
    assert "Net €1.68, tax 19%" in page.text


async def test_what_was_not_paid_has_no_receipt(clients: Clients, web_settings: Settings, lot: Lot) -> None:
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    with pytest.raises(NotFoundError):
        await receipts.get_receipt(checkout.id)


async def test_tax_on_top_is_told_before_the_sum(visitor: Visitor, clients: Clients, web_settings: Settings) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR.replace('"19"', '"8.25", included: false'), slug="on-top")
    checkout = await open_checkout(clients, web_settings, await save_stay(lot))
    await pay(visitor, clients, checkout)
    page = await visitor.get(f"/receipts/{await receipt_of(checkout)}")
    assert "<dt>8.25% tax</dt><dd>€0.50</dd>" in page.text
    assert "<dt>Paid</dt><dd>€6.50</dd>" in page.text
