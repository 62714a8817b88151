"""Sessions in the console: looking for one, putting it right, taking its money."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from drivers import save_paid_lot, save_stay
from gated import a_side
from litestar import Litestar
from paying import a_stay_until_now, pay
from visitors import Visitor, token_of

from parkhub.db import ledger as ledger_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.services import billing, payments, session_overlong
from parkhub.settings import Settings

WHY = "the picture shows it"
LIST = "/console/sessions"


@pytest.fixture
async def lot(app: Litestar) -> Lot:
    return await save_paid_lot(slug="harbour", name="Harbour")


def page_of(session: ParkingSession) -> str:
    return f"{LIST}/{session.id}"


async def now_is(session: ParkingSession) -> ParkingSession:
    return await session_rows.get_session(session.id)


async def due(session: ParkingSession) -> int:
    return (await billing.get_bill(session.id, datetime.now(UTC))).due_cents


def plates(text: str) -> list[str]:
    return re.findall(r'<tr><td><a href="[^"]+">(?:<span class="plate">)?([^<]+)<', text)


async def test_an_empty_list_says_how_sessions_begin(staff: Visitor) -> None:
    assert "No car park yet" in (await staff.get(LIST)).text


async def test_sessions_are_filtered_by_what_stands_in_the_address(staff: Visitor, lot: Lot) -> None:
    assert "No session yet" in (await staff.get(LIST)).text
    await save_stay(lot, "OLD1", 3 * 24 * 60)
    await save_stay(lot, "NEW1", 5)
    gone = await save_stay(lot, "GONE1", 90, state=SessionState.CLOSED, ending=Ending.BY_HAND)
    await billing.correct(gone, "ended", datetime.now(UTC))
    await save_stay(await save_paid_lot(slug="mill", name="Mill"), "MILL1", 1)
    assert plates((await staff.get(LIST)).text) == ["MILL1", "NEW1", "GONE1", "OLD1"]
    assert plates((await staff.get(f"{LIST}?lot=harbour&state=open")).text) == ["NEW1", "OLD1"]
    assert plates((await staff.get(f"{LIST}?unpaid=1")).text) == ["GONE1"]
    assert plates((await staff.get(f"{LIST}?lot=nowhere&state=other&when=ever")).text)[0] == "MILL1"
    shown = (await staff.get(f"{LIST}?lot=harbour&when=week&unpaid=1")).text
    assert '<option value="week" selected>' in shown
    assert "€4.00" in shown
    assert "Nothing found" in (await staff.get(f"{LIST}?state=cancelled")).text


async def test_questions_that_wait_are_a_filter_too(staff: Visitor, lot: Lot, app: Litestar) -> None:
    long = await save_stay(lot, "LONG1", 9 * 24 * 60)
    await save_stay(lot, "NEW1", 5)
    await session_overlong.close_overlong(app.state.clients, datetime.now(UTC))
    shown = (await staff.get(f"{LIST}?asked=1")).text
    assert (plates(shown), "in review" in shown) == (["LONG1"], True)
    assert "Is it still there?" in (await staff.get(page_of(long))).text


async def test_a_list_is_leafed_through_a_page_at_a_time(staff: Visitor, lot: Lot) -> None:
    for number in range(53):
        await save_stay(lot, f"PG{number:03}", 100 - number)
    first = (await staff.get(f"{LIST}?lot=harbour")).text
    older = re.search(r'href="(\?lot=harbour&amp;before=\d+)"', first)
    assert older is not None
    second = (await staff.get(LIST + older[1].replace("&amp;", "&"))).text
    assert (len(plates(first)), plates(second)) == (50, ["PG002", "PG001", "PG000"])
    assert f'href="{LIST}?lot=harbour"' in second


async def test_a_plate_is_found_by_a_part_with_look_alikes_and_stands_in_no_address(staff: Visitor, lot: Lot) -> None:
    await save_stay(lot, "KAB800", 5)
    await save_stay(lot, "XY1234", 5)
    found = await staff.send_form(LIST, f"{LIST}/search", q="a88o")
    assert (found.status_code, plates(found.text)) == (200, ["KAB800"])
    assert "KAB800" not in str(found.url)
    assert "Try fewer letters" in (await staff.send_form(LIST, f"{LIST}/search", q="ZZZ99")).text
    assert "Type a part" in (await staff.send_form(LIST, f"{LIST}/search", q="?")).text


async def test_a_ticket_leads_straight_to_its_session(staff: Visitor, lot: Lot) -> None:
    session = await save_stay(lot, "", 5)
    ticket = f"{session.ticket[:3]} {session.ticket[3:]}".lower()
    answer = await staff.send_form(LIST, f"{LIST}/search", q=ticket)
    assert (answer.status_code, answer.headers["location"]) == (303, page_of(session))


async def test_a_plate_is_put_right_and_taken_back(attendant: Visitor, lot: Lot) -> None:
    session = await save_stay(lot, "AB1234", 5)
    given = {"do": "plate", "plate": "AB-1235", "reason-plate": " "}
    wrong = await attendant.send_form(page_of(session), f"{page_of(session)}/correct", **given)
    assert (wrong.status_code, "Say why" in wrong.text, 'value="AB-1235"' in wrong.text) == (422, True, True)
    done = await attendant.send_form(page_of(session), f"{page_of(session)}/correct", **{**given, "reason-plate": WHY})
    assert (await now_is(session)).plate == "AB1235"
    shown = await attendant.get(done.headers["location"])
    assert "AB1234 became AB1235" in shown.text
    entry = re.search(r'name="entry" value="(\d+)"', shown.text)
    assert entry is not None
    fields = {"_csrf_token": token_of(shown), "entry": entry[1]}
    assert (await attendant.post(f"{page_of(session)}/undo", data=fields)).status_code == 303
    assert (await now_is(session)).plate == "AB1234"
    again = await attendant.post(f"{page_of(session)}/undo", data=fields)
    assert (again.status_code, "taken back already" in again.text) == (409, True)


async def test_every_correction_is_a_form(attendant: Visitor, lot: Lot) -> None:
    session, other = await save_stay(lot, "AB1234", 300), await save_stay(lot, "AB1235", 60)
    address = page_of(session)

    def clock(minutes: int) -> str:
        at = (datetime.now(UTC) - timedelta(minutes=minutes)).astimezone(ZoneInfo(lot.time_zone))
        return f"{at:%Y-%m-%dT%H:%M:%S}"

    async def do(what: str, **given: str) -> str:
        fields = {"do": what, f"reason-{what}": WHY, **given}
        return (await attendant.send_form(address, f"{address}/correct", **fields)).headers.get("location", "refused")

    assert await do("close", exited_at="half past") == "refused"
    assert await do("merge", other="nothing") == "refused"
    assert await do("burn") == "refused"
    assert await do("merge", other=other.ticket) != "refused"
    assert (await now_is(other)).state is SessionState.CANCELLED
    assert await do("close", exited_at=clock(1500)) == "refused"
    assert await do("close", exited_at=clock(10)) != "refused"
    assert await do("reopen") != "refused"
    split = await do("split", left_at=clock(200), came_at=clock(100))
    shown = (await attendant.get(split)).text
    assert ("Made two visits." in shown, "Undo" in shown) == (True, True)
    assert (await now_is(session)).exited_at is not None
    assert await do("cancel") != "refused"
    assert (await now_is(session)).state is SessionState.CANCELLED


async def test_cash_is_taken_once_and_far_too_much_is_asked_about(attendant: Visitor, lot: Lot) -> None:
    session = await save_stay(lot, "AB1234", 150)
    shown = await attendant.get(page_of(session))
    uid = re.search(r'name="uid" value="(\w+)"', shown.text)
    assert uid is not None
    given = {"_csrf_token": token_of(shown), "uid": uid[1], "amount": "60,00", "tender": "terminal"}
    asked = await attendant.post(f"{page_of(session)}/pay", data=given)
    assert (asked.status_code, "Yes, it is right" in asked.text) == (409, True)
    assert f'value="{uid[1]}"' in asked.text
    assert await due(session) == 600
    for amount in ("6.00", "6.00"):
        paid = await attendant.post(f"{page_of(session)}/pay", data={**given, "amount": amount})
        assert paid.status_code == 303
    posted = [each.transaction for each in await ledger_rows.list_of_session(session.id)]
    assert [each.kind for each in posted] == [Kind.CHARGE, Kind.PAYMENT]
    assert "by card terminal" in (await attendant.get(paid.headers["location"])).text
    for amount in ("", "much", "0.001"):
        refused = await attendant.post(f"{page_of(session)}/pay", data={**given, "uid": "till-0002", "amount": amount})
        assert refused.status_code == 422


async def test_what_was_paid_is_given_back_and_what_is_owed_is_waived_with_a_reason(
    attendant: Visitor, lot: Lot
) -> None:
    session = await save_stay(lot, "AB1234", 150)
    await payments.pay(session.id, 600, Account.CASH, "till-0001", datetime.now(UTC))
    address = page_of(session)
    give = {"do": "refund", "uid": "give-0001", "reason-refund": WHY, "amount-refund": "2.00"}
    assert (await attendant.send_form(address, f"{address}/forgo", **give)).status_code == 303
    assert (await billing.get_bill(session.id, datetime.now(UTC))).books.refundable_cents == 400
    more = {**give, "uid": "give-0002", "amount-refund": "9"}
    refused = await attendant.send_form(address, f"{address}/forgo", **more)
    assert (refused.status_code, "more than was paid" in refused.text) == (422, True)
    other = await save_stay(lot, "XY1234", 150)
    waive = {"do": "waive", "uid": "waive-0001", "reason-waive": WHY, "amount-waive": ""}
    assert (await attendant.send_form(page_of(other), f"{page_of(other)}/forgo", **waive)).status_code == 303
    assert await due(other) == 0


async def test_a_barrier_is_opened_from_the_session_with_a_reason(attendant: Visitor, app: Litestar) -> None:
    side = await a_side()
    session = await save_stay(side.lot, "AB1234", 5)
    given = {"barrier": side.barrier.public_id, "uid": "open-00001", "reason-open": "wheelchair"}
    address = page_of(session)
    assert (await attendant.send_form(address, f"{address}/open", **given)).status_code == 303
    assert [each.reason for each in await side.openings()] == ["wheelchair"]
    assert (await attendant.send_form(address, f"{address}/open", **{**given, "barrier": "x"})).status_code == 422


async def test_a_session_is_begun_by_hand(attendant: Visitor, lot: Lot) -> None:
    given = {"lot": "harbour", "plate": "ab 77", "kind": "car", "reason": WHY, "entered_at": "2026-99-01T12:00"}
    wrong = await attendant.send_form(f"{LIST}/new", **given)
    assert (wrong.status_code, 'value="ab 77"' in wrong.text) == (422, True)
    at = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}"
    begun = await attendant.send_form(f"{LIST}/new", **{**given, "entered_at": at})
    assert begun.status_code == 303
    assert "Begun by hand" in (await attendant.get(begun.headers["location"])).text


@pytest.mark.parametrize(("came", "left"), [("00:10", "00:40"), ("00:50", "01:40")])
async def test_who_left_in_the_hour_that_the_clock_shows_twice_left_after_they_came(
    attendant: Visitor, came: str, left: str
) -> None:
    lot = await save_paid_lot(slug="harbour", time_zone="Europe/Berlin")
    entered_at, exited_at = (datetime.fromisoformat(f"2025-10-26T{at}:00Z") for at in (came, left))
    session = await save_stay(lot, "AB1234", entered_at=entered_at)
    page, form = page_of(session), {"do": "close", "exited_at": "2025-10-26T02:40", "reason": WHY}
    assert (await attendant.send_form(page, f"{page}/correct", **form)).status_code == 303
    assert (await now_is(session)).exited_at == exited_at


async def test_a_session_in_a_car_park_with_another_clock_begins_now_unless_a_time_is_given(
    attendant: Visitor, lot: Lot
) -> None:
    await save_paid_lot(slug="pier", time_zone="Asia/Tokyo")
    assert 'name="entered_at" type="datetime-local" value=""' in (await attendant.get(f"{LIST}/new")).text
    given = {"lot": "pier", "plate": "ab 77", "kind": "car", "reason": WHY, "entered_at": ""}
    begun = await attendant.send_form(f"{LIST}/new", **given)
    assert begun.status_code == 303
    session = await session_rows.get_session(int(re.findall(r"\d+", begun.headers["location"])[0]))
    assert abs(datetime.now(UTC) - session.entered_at) < timedelta(minutes=5)


async def test_who_may_not_see_plates_sees_none_and_looks_for_tickets_only(without_plates: Visitor, lot: Lot) -> None:
    session = await save_stay(lot, "KAB800", 5)
    for address in (LIST, page_of(session)):
        shown = (await without_plates.get(address)).text
        assert ("KAB800" in shown, "•••" in shown) == (False, True)
    refused = await without_plates.send_form(LIST, f"{LIST}/search", q="KAB")
    assert ("tickets only" in refused.text, plates(refused.text)) == (True, [])
    assert (await without_plates.send_form(LIST, f"{LIST}/search", q=session.ticket)).status_code == 303
    assert (await without_plates.get("/console/passages/1/picture")).status_code == 403


@pytest.mark.parametrize(
    ("amount", "told"),
    [("5 Euro", "&#39;5Euro&#39; is no amount"), ("2.555", "2.555 has more digits after the point than EUR")],
)
async def test_what_is_wrong_with_an_amount_is_told_as_it_was_typed(
    attendant: Visitor, lot: Lot, amount: str, told: str
) -> None:
    session = await save_stay(lot, "AB1234", 60)
    given = {"amount": amount, "tender": "cash", "uid": "told-as-typed"}
    wrong = await attendant.send_form(page_of(session), f"{page_of(session)}/pay", **given)
    assert (wrong.status_code, told in wrong.text) == (422, True)


async def test_what_was_paid_by_card_goes_back_through_the_provider(
    attendant: Visitor, app: Litestar, web_settings: Settings
) -> None:
    session, now = await a_stay_until_now(150), datetime.now(UTC)
    checkout = await pay(app.state.clients, web_settings, session, now)
    address = page_of(session)
    given = {"do": "provider", "payment": checkout.id, f"amount-{checkout.id}": "1,50", f"reason-{checkout.id}": WHY}
    assert "paid through the sandbox" in (await attendant.get(address)).text
    for _ in range(2):
        done = await attendant.send_form(address, f"{address}/forgo", **given, uid="back-0001")
        assert done.status_code == 303, done.text
    assert (await billing.get_bill(session.id, now)).books.refundable_cents == 450
    other = await save_stay(await save_paid_lot(), "XY1")
    wrong = await attendant.send_form(page_of(other), f"{page_of(other)}/forgo", **given, uid="back-0002")
    assert wrong.status_code == 422
