"""The patrol's page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot, save_permit
from drivers import save_paid_lot, save_stay
from structlog.testing import capture_logs
from visitors import Visitor

from parkhub.domain.lots import Lot
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.services import permits


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_paid_lot(slug="north", name="North")


async def ask(visitor: Visitor, plate: str) -> str:
    answer = await visitor.send_form("/console/patrol", lot="north", plate=plate)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_large_words_say_what_speaks_for_a_plate(attendant, lot):
    now = datetime.now(UTC)
    await save_permit(lot.id, "PER111")
    await permits.list_plate(ListedPlate(PlateList.ALLOW, "FIRE112", lot.id, "fire brigade"), None, now)
    await save_stay(lot, "PAID22", 40, leave_by=now + timedelta(minutes=5))
    await save_stay(lot, "OWES33", 40)
    await save_stay(lot, "AHEAD4", 90, paid_until=now - timedelta(minutes=5))
    for plate, tone, words in (
        ("per-111", "good", "Permit"),
        ("FIRE112", "good", "On the allow list"),
        ("OWES33", "bad", "Came in, not paid yet"),
        ("AHEAD4", "warn", "Paid time is over"),
        ("NOBODY1", "bad", "Unknown"),
        ("PERI11", "warn", "Unknown"),
    ):
        page = await ask(attendant, plate)
        assert f'data-tone="{tone}"' in page, plate
        assert f'<h2 id="verdict">{words}</h2>' in page, plate
    assert "PER111 looks alike and may stand here" in page


async def test_every_look_up_is_noted_without_the_plate(attendant, lot):
    with capture_logs() as logs:
        await ask(attendant, "SECRET1")
    noted = [each for each in logs if each["event"] == "enforcement.looked_up"]
    assert [(each["lot"], each["allowed"]) for each in noted] == [(lot.id, False)]
    assert "SECRET1" not in str(logs)


async def test_what_is_no_plate_is_said_at_the_field(attendant, lot):
    await save_lot(slug="south")
    answer = await attendant.send_form("/console/patrol", lot="north", plate="!")
    assert (answer.status_code, "This is no plate." in answer.text) == (422, True)
    answer = await attendant.send_form("/console/patrol", lot="nowhere", plate="AB123")
    assert (answer.status_code, "Choose a car park" in answer.text) == (422, True)


async def test_without_a_car_park_it_says_so(attendant):
    assert "No car park to look after" in (await attendant.get("/console/patrol")).text
