"""The first-run guide: each part tells from the data whether it is done."""

import hashlib
import re
from datetime import UTC, datetime

import pytest
from builders import save_camera, save_frame, save_lot
from drivers import TWO_AN_HOUR, save_paid_lot
from litestar import Litestar
from pictures import jpeg
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.db import cameras, ledger, lots, sessions, spot_imports, spots, tariffs
from parkhub.db.engine import fetch
from parkhub.domain.frames import FrameStatus
from parkhub.domain.sessions import SessionState
from parkhub.domain.spots_file import parse_spots_json
from parkhub.services.looks import Seen, save_look
from parkhub.services.spots import finish_import

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
GUIDE = "/console/lots/harbour/guide"


def _states(text: str) -> list[str]:
    return re.findall(r'<li data-state="(done|open)">', text)


async def test_an_empty_house_begins_with_the_lot_and_goes_on_where_it_was_left(staff: Visitor) -> None:
    assert 'href="/console/guide"' in (await staff.get("/console")).text
    fields = {"name": "Harbour", "address": "", "time_zone": "Europe/Berlin", "opening_hours": "24/7"}
    answer = await staff.send_form("/console/guide", **fields)
    assert answer.headers["location"] == GUIDE
    assert (await staff.get("/console/guide")).headers["location"] == GUIDE
    text = (await staff.get(GUIDE)).text
    assert _states(text) == ["done", "open", "open", "open", "open", "done"]
    assert "Name of the camera" in text
    wrong = await staff.send_form("/console/guide?new=1", "/console/guide", **{**fields, "name": ""})
    assert (wrong.status_code, "Give the lot a name." in wrong.text) == (422, True)


async def test_a_camera_shows_its_key_once_and_its_first_picture_when_it_comes(staff: Visitor, app: Litestar) -> None:
    await save_lot(slug="harbour")
    answer = await staff.send_form(GUIDE, f"{GUIDE}/camera", name="Roof")
    key = re.search(r'id="key">([\w-]{43})<', answer.text)
    [camera] = await cameras.list_cameras()
    assert key is not None
    assert hashlib.sha256(key[1].encode()).hexdigest() == camera.key_hash
    assert f"--camera {camera.public_id}" in answer.text
    assert key[1] not in (await staff.get(GUIDE)).text
    assert f'data-waits="/console/cameras/{camera.public_id}/arrival"' in answer.text
    clients: Clients = app.state.clients
    frame = await save_frame(camera, captured_at=datetime.now(UTC))
    assert "and is being read" in (await staff.get(f"{GUIDE}/arrival")).text
    await clients.pictures.put(frame.picture_key, jpeg())
    await save_look(clients, frame.id, Seen([], 9.0))
    assert "The first picture of Roof has come." in (await staff.get(f"{GUIDE}/arrival")).text
    again = await staff.send_form(f"{GUIDE}?step=camera", f"{GUIDE}/camera", do="key")
    assert len(await cameras.list_cameras()) == 1
    assert "Copy the key now." in again.text


async def test_a_command_with_an_address_of_this_machine_only_says_so(staff: Visitor) -> None:
    camera, said = await save_camera(await save_lot(slug="north")), "This address works on this machine only."
    for page in ("/console/lots/north/guide", f"/console/cameras/{camera.public_id}"):
        assert said not in (await staff.get(page)).text
        assert said in (await staff.get(page, headers={"host": "127.0.0.1:8000"})).text


async def test_a_picture_and_a_file_with_places_are_taken_from_the_browser(staff: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    camera = await save_camera(lot)
    sent = await staff.send_files(f"{GUIDE}/picture", {"picture": ("a.jpg", jpeg(), "image/jpeg")})
    assert sent.status_code == 303
    assert "and is being read" in (await staff.get(f"{GUIDE}?step=camera")).text
    await fetch("UPDATE frame SET status = {}, ms = 9.0 WHERE camera = {}", FrameStatus.READ.value, camera.id)
    refused = await staff.send_files(f"{GUIDE}/spots", {"file": ("a.txt", b"nothing", "text/plain")})
    assert "neither a mask picture" in refused.text
    document = b'{"size":[640,480],"spots":[{"id":"A1","polygon":[[0,0],[9,0],[9,9],[0,9]]}]}'
    taken = await staff.send_files(f"{GUIDE}/spots", {"file": ("spots.json", document, "application/json")})
    assert taken.status_code == 303
    assert "The file is being read." in (await staff.get(taken.headers["location"])).text


async def test_a_file_that_is_read_while_the_page_is_made_is_not_the_last_the_page_hears_of_it(
    staff: Visitor, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: Clients = app.state.clients
    camera = await save_camera(await save_lot(slug="harbour"))
    document = b'{"size":[640,480],"spots":[{"id":"A1","polygon":[[0,0],[9,0],[9,9],[0,9]]}]}'
    await staff.send_files(f"{GUIDE}/spots", {"file": ("spots.json", document, "application/json")})
    sent = await spot_imports.latest_spot_import(camera.id)
    assert sent is not None
    counted = spots.load_lot_status

    async def counted_too_early(lot_id: int) -> object:
        status = await counted(lot_id)
        await finish_import(clients, sent, parse_spots_json(document))
        return status

    monkeypatch.setattr(spots, "load_lot_status", counted_too_early)
    assert "every 1s" in (await staff.get(f"{GUIDE}/marked")).text
    monkeypatch.setattr(spots, "load_lot_status", counted)
    text = (await staff.get(f"{GUIDE}/marked")).text
    assert "1 place is marked." in text
    assert "every 1s" not in text


async def test_a_tariff_from_an_example_in_the_lots_own_currency_holds(staff: Visitor) -> None:
    lot = await save_lot(slug="harbour", time_zone="Europe/London")
    shown = (await staff.get(f"{GUIDE}?step=tariff&example=overnight")).text
    text = re.search(r'<textarea[^>]*name="text"[^>]*>(.*?)</textarea>', shown, re.DOTALL)
    assert text is not None
    assert "currency: GBP" in text[1]
    wrong = await staff.send_form(f"{GUIDE}?step=tariff", f"{GUIDE}/tariff", text="currency: GBP\n")
    assert (wrong.status_code, 'id="f-text-error"' in wrong.text) == (422, True)
    taken = await staff.send_form(f"{GUIDE}?step=tariff", f"{GUIDE}/tariff", text=TWO_AN_HOUR)
    assert "These prices hold." in (await staff.get(taken.headers["location"])).text
    [version] = await tariffs.list_versions(lot.id)
    assert version.valid_from < datetime.now(UTC)


async def test_a_test_stay_is_priced_marked_and_taken_back(staff: Visitor) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR, slug="harbour")
    for _ in range(2):
        answer = await staff.send_form(f"{GUIDE}?step=test", f"{GUIDE}/test")
        assert answer.status_code == 200
        assert "It would have paid €" in answer.text
    found = await sessions.list_sessions(lot.id, None, BEGAN, datetime.now(UTC), 99, 9)
    assert [session.state for session in found] == [SessionState.CANCELLED] * 2
    for session in found:
        assert (await ledger.get_books(session.id)).charged_cents == 0
    assert await sessions.count_open(lot.id) == 0
    assert "tried, and taken back" in (await staff.get(GUIDE)).text


async def test_a_test_before_there_are_prices_says_so_and_does_not_count(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    answer = await staff.send_form(f"{GUIDE}?step=test", f"{GUIDE}/test")
    assert "no price held when it came" in answer.text
    assert _states(answer.text)[4] == "open"


async def test_payments_are_checked_and_the_end_leads_to_the_page_and_its_sign(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    answer = await staff.send_form(f"{GUIDE}?step=payments", f"{GUIDE}/payments")
    assert "The payment provider answers" in answer.text
    assert "http://parkhub.test/webhooks/stripe" in answer.text
    end = (await staff.get(f"{GUIDE}?step=end")).text
    assert "Left to do: first camera, places, prices, test entry and exit." in end
    sign = await staff.get("/console/lots/harbour/sign.pdf")
    assert (sign.status_code, sign.content[:5]) == (200, b"%PDF-")
    assert await lots.find_lot("harbour") is not None
