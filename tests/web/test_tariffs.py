"""The tariff's editor."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from builders import save_lot
from drivers import TWO_AN_HOUR, save_paid_lot, save_stay
from visitors import Visitor

from parkhub.db import tariffs as tariff_rows
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending, SessionState

HERE = "/console/lots/north/tariff"
THREE = TWO_AN_HOUR.replace("2.00", "3.00")


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_paid_lot(slug="north", name="North")


def text_of(page: httpx.Response) -> str:
    found = re.search(r'<textarea[^>]*name="text"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert found, page.text[:300]
    return html.unescape(found[1])


def form_of(page: httpx.Response) -> dict[str, str]:
    """What a browser would send of the editor's form, but for days and choices."""
    inputs = re.findall(r'<input class="input" id="[^"]*" name="([^"]+)" type="[^"]*" value="([^"]*)"', page.text)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    chosen = re.findall(r'<select[^>]*name="([^"]+)".*?<option value="([^"]*)" selected', page.text, re.DOTALL)
    return {name: html.unescape(value) for name, value in (*inputs, *hidden, *chosen)} | {"text": text_of(page)}


async def test_it_begins_with_what_runs_and_draws_what_stays_cost(staff, lot):
    page = await staff.get(HERE)
    assert page.status_code == 200
    assert text_of(page) == TWO_AN_HOUR.lstrip("\n") or text_of(page) == TWO_AN_HOUR
    assert 'value="2.00"' in page.text
    assert "as it runs now" in page.text
    assert 'class="after" d="M64.0' in page.text
    assert "€48.00" in page.text
    assert "€2.00 per started hour" in page.text


async def test_a_lot_without_prices_begins_with_an_example_in_its_own_money(staff, lot):
    await save_lot(slug="empty")
    assert "currency: GBP" in text_of(await staff.get("/console/lots/empty/tariff"))
    assert "currency: EUR" in text_of(await staff.get(f"{HERE}?example=flat"))
    assert (await staff.get(f"{HERE}?example=none")).status_code == 404
    assert (await staff.get(f"{HERE}?version=99")).status_code == 404


async def test_while_somebody_types_the_other_side_follows(staff, lot):
    form = form_of(await staff.get(HERE))
    by_form = await staff.post(f"{HERE}/check", data={**form, "bands[0].rate.price": "2.50", "do": "form"})
    assert "price: &#39;2.50&#39;" in by_form.text
    assert 'id="text-box" class="text-box" hx-swap-oob="true"' in by_form.text
    assert 'id="fields"' not in by_form.text
    by_text = await staff.post(f"{HERE}/check", data={**form, "text": THREE, "do": "text"})
    assert 'name="bands[0].rate.price" type="text" value="3.00"' in by_text.text
    assert "right, not published" in by_text.text
    assert 'class="before"' in by_text.text


async def test_what_is_wrong_is_told_at_the_line_and_at_the_field(staff, lot):
    form = form_of(await staff.get(HERE))
    wrong = THREE.replace("3.00", "three")
    told = await staff.post(f"{HERE}/check", data={**form, "text": wrong, "do": "text"})
    assert told.status_code == 200
    assert "&#39;three&#39; is no amount, such as 2.50." in told.text
    assert 'data-line="5" data-field="bands[0].rate.price"' in told.text
    assert 'aria-describedby="t-bands[0].rate.price-error"' in told.text
    told = await staff.post(f"{HERE}/check", data={**form, "text": "bands: [", "do": "text"})
    assert "Line 1" in told.text
    assert "cannot be read, so there is no form" in told.text


async def test_without_scripts_the_buttons_do_the_same(staff, lot):
    form = form_of(await staff.get(HERE))
    page = await staff.post(HERE, data={**form, "do": "add-bands"})
    assert 'name="bands[1].name"' in page.text
    page = await staff.post(HERE, data={**form_of(page), "do": "up-bands-1"})
    assert 'name="bands[0].name" type="text" value="New"' in page.text


async def test_what_is_published_is_what_was_changed_last_on_either_side(staff, lot):
    form = form_of(await staff.get(HERE))
    answer = await staff.post(f"{HERE}/publish", data={**form, "bands[0].rate.price": "4.00", "note": "dearer"})
    assert answer.headers["location"] == f"{HERE}?done=published"
    (newest, _) = await tariff_rows.list_versions(lot.id)
    assert ("4.00" in newest.text, newest.note) == (True, "dearer")
    page = await staff.get(f"{HERE}?done=published")
    assert "The tariff is published." in page.text
    assert "dearer" in page.text
    assert "by Kim" in page.text or "by kim@example.org" in page.text
    assert "<ins>+     price: &#39;4.00&#39;</ins>" in page.text
    form = form_of(page)
    await staff.post(f"{HERE}/publish", data={**form, "text": THREE})
    assert (await tariff_rows.list_versions(lot.id))[0].text.strip() == THREE.strip()


async def test_a_later_tariff_waits_and_can_be_withdrawn_until_it_begins(staff, lot):
    form = form_of(await staff.get(HERE))
    later = {**form, "text": THREE, "when": "later", "valid_from": "2041-01-01T00:00"}
    assert (await staff.post(f"{HERE}/publish", data=later)).status_code == 303
    newest, first = await tariff_rows.list_versions(lot.id)
    assert newest.valid_from == datetime(2040, 12, 31, 23, tzinfo=UTC)
    token = {"_csrf_token": form["_csrf_token"]}
    refused = await staff.post(f"/console/lots/north/tariffs/{first.id}/withdraw", data=token)
    assert (refused.status_code, "holds already" in refused.text) == (409, True)
    page = await staff.post(f"/console/lots/north/tariffs/{newest.id}/withdraw", data=token)
    assert "was withdrawn before it began" in page.text
    assert text_of(page).strip() == THREE.strip()
    assert [each.id for each in await tariff_rows.list_versions(lot.id)] == [first.id]


async def test_what_cannot_be_published_says_why_and_keeps_what_was_typed(staff, lot):
    form = form_of(await staff.get(HERE))
    past = {**form, "text": THREE, "when": "later", "valid_from": "2020-01-01T00:00", "note": "typed"}
    answer = await staff.post(f"{HERE}/publish", data=past)
    assert (answer.status_code, "cannot begin in the past" in answer.text) == (422, True)
    assert 'value="typed"' in answer.text
    assert text_of(answer).strip() == THREE.strip()
    answer = await staff.post(f"{HERE}/publish", data={**form, "text": THREE.replace("EUR", "USD")})
    assert "prices are in EUR" in html.unescape(answer.text)
    answer = await staff.post(f"{HERE}/publish", data={**form, "text": THREE, "note": "x" * 201})
    assert "Use at most 200 letters" in answer.text


async def test_last_week_is_reckoned_by_both_and_what_is_left_out_is_said(staff, lot):
    ended = {"state": SessionState.CLOSED, "ending": Ending.EXIT}
    now = datetime.now(UTC)
    for plate, minutes, given in (
        ("AA11", 300, {}),
        ("BB22", 400, {"right": "permit"}),
        ("CC33", 500, {"ending": Ending.LOST_TICKET}),
        ("DD44", 60 * 24 * 9, {}),
    ):
        exited = now - timedelta(minutes=minutes - 90)
        await save_stay(lot, plate, minutes, **{**ended, "exited_at": exited, **given})
    form = form_of(await staff.get(HERE))
    told = html.unescape((await staff.post(f"{HERE}/trial", data={**form, "text": THREE})).text)
    assert "€4.00" in told
    assert "€6.00" in told
    assert "+€2.00" in told
    assert "1 stay on a permit or list, 0 booked, 0 paid ahead, 1 with a lost ticket" in told
    assert "no forecast" in told
    page = await staff.post(HERE, data={**form, "text": THREE, "do": "trial"})
    assert "+€2.00" in page.text


async def test_who_sets_nothing_up_may_try_but_not_publish(attendant: Visitor, lot):
    page = await attendant.get(HERE)
    assert page.status_code == 200
    assert "/publish" not in page.text
    assert (await attendant.post(f"{HERE}/publish", data=form_of(page))).status_code == 403


async def test_the_list_tells_every_lots_prices(staff, lot):
    page = await staff.get("/console/prices")
    assert "€2.00 per started hour" in page.text
    assert 'href="/console/lots/north/tariff"' in page.text
