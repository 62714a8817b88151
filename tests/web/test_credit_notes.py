"""Credit notes and receipts of the desk as pages, sheets and a book; a refused refund with its button."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import save_lot
from drivers import save_paid_lot, save_stay
from litestar import Litestar
from paying import a_stay_until_now, handle_all, pay, send
from visitors import Visitor

from parkhub.db import receipts as receipt_rows
from parkhub.domain.sessions import ParkingSession
from parkhub.services import payment_sandbox, receipts, refunds
from parkhub.settings import Settings


@pytest.fixture
async def stay(staff: Visitor) -> ParkingSession:
    return await save_stay(await save_paid_lot(slug="harbour", name="Harbour"), "AB123", 90)


async def taken(staff: Visitor, stay: ParkingSession, tender: str = "cash") -> receipts.Receipt:
    page = f"/console/sessions/{stay.id}"
    answer = await staff.send_form(page, f"{page}/pay", amount="4.00", tender=tender, uid="desk-0001")
    assert answer.status_code == 303, answer.text
    (found,) = await receipt_rows.list_of_session(stay.id)
    return await receipts.get_receipt(found)


async def test_what_staff_take_has_a_receipt_to_print(staff: Visitor, stay: ParkingSession) -> None:
    receipt = await taken(staff, stay, "terminal")
    text = (await staff.get(f"/console/sessions/{stay.id}")).text
    assert f'<a href="/receipts/{receipt.paid.public_id}">Receipt {receipt.number}</a>' in text
    page = await staff.get(f"/receipts/{receipt.paid.public_id}")
    assert receipt.number in page.text
    assert stay.plate not in page.text
    sheet = await staff.get(f"/receipts/{receipt.paid.public_id}/pdf")
    assert sheet.content.startswith(b"%PDF-")


async def test_what_is_given_back_has_a_page_and_a_sheet_that_name_the_receipt(
    staff: Visitor, stay: ParkingSession
) -> None:
    receipt = await taken(staff, stay)
    page = f"/console/sessions/{stay.id}"
    form = {"do": "refund", "amount": "1.50", "reason": "Stood in the sun", "uid": "back-0001"}
    assert (await staff.send_form(page, f"{page}/forgo", **form)).status_code == 303
    (note,) = (await receipts.get_receipt(receipt.paid.public_id)).notes
    shown = (await staff.get(f"/credit-notes/{note.public_id}")).text
    assert f"{stay.lot_id}-C000001" in shown
    assert receipt.number in shown
    assert "-€1.50" in shown or "−€1.50" in shown or "-1.50" in shown
    assert stay.plate not in shown
    assert f"/credit-notes/{note.public_id}" in (await staff.get(f"/receipts/{receipt.paid.public_id}")).text
    sheet = await staff.get(f"/credit-notes/{note.public_id}/pdf")
    assert sheet.content.startswith(b"%PDF-")
    assert f'filename="credit-note-{stay.lot_id}-C000001.pdf"' in sheet.headers["content-disposition"]
    assert (await staff.get("/credit-notes/none")).status_code == 404


async def test_a_refund_that_came_back_is_shown_with_why_and_given_again_by_a_button(
    app: Litestar, staff: Visitor, web_settings: Settings
) -> None:
    clients, now = app.state.clients, datetime.now(UTC)
    stay = await a_stay_until_now(90)
    checkout = await pay(clients, web_settings, stay, now)
    await refunds.refund_payment(clients, web_settings, checkout.id, 150, "Stood in the sun", None, now)
    sandbox = payment_sandbox.sandbox_of(clients)
    (source,) = [each.source async for each in sandbox.balance_transactions() if each.kind == "refund"]
    await send(clients, web_settings, await sandbox.fail_refund(source, now), now)
    await handle_all(clients, now + timedelta(minutes=1))
    page = f"/console/sessions/{stay.id}"
    shown = (await staff.get(page)).text
    assert "€1.50 that were given back came back: the driver’s bank did not take them" in shown
    assert "(expired or canceled card)" in shown
    assert "Came back of what was given back: €1.50" in shown
    refund = shown.split('name="refund" value="')[1].split('"')[0]
    assert (await staff.send_form(page, f"{page}/forgo", do="retry", refund=refund)).status_code == 303
    after = (await staff.get(page)).text
    assert "did not take them" not in after
    assert after.count("Given back €1.50") == 2 * shown.count("Given back €1.50") > 0


async def test_the_book_of_a_month_is_looked_at_and_taken_away(staff: Visitor, stay: ParkingSession) -> None:
    receipt = await taken(staff, stay)
    page = f"/console/sessions/{stay.id}"
    form = {"do": "refund", "amount": "1.50", "reason": "Stood in the sun", "uid": "back-0001"}
    await staff.send_form(page, f"{page}/forgo", **form)
    book = (await staff.get("/console/lots/harbour/receipts")).text
    assert f">{receipt.number}</a>" in book
    assert f"Credit note of {receipt.number}" in book
    table = (await staff.get("/console/lots/harbour/receipts.csv")).text.splitlines()
    assert table[0].lstrip("\ufeff").startswith("number,issued_at,kind,corrects")
    assert [line.split(",")[0] for line in table[1:]] == [receipt.number, f"{stay.lot_id}-C000001"]
    assert [line.split(",")[-2] for line in table[1:]] == ["4.00", "-1.50"]
    earlier = await staff.get("/console/lots/harbour/receipts?month=2020-01")
    assert "No receipts in this month" in earlier.text
    assert "January 2020" in earlier.text


@pytest.mark.parametrize("month", ["", "x", "9999-12", "0001-01", "2026-13"])
async def test_a_month_that_is_none_is_answered(staff: Visitor, month: str) -> None:
    await save_lot(slug="harbour")
    assert (await staff.get(f"/console/lots/harbour/receipts?month={month}")).status_code == 200
