from datetime import UTC, datetime

import pytest
from builders import a_head, save_label, save_lot
from litestar import Litestar
from visitors import Visitor

from parkhub.db import audit, spot_heads, spot_labels
from parkhub.db.engine import transaction
from parkhub.domain.audit import ALL
from parkhub.domain.lots import Lot
from parkhub.domain.spot_heads import HeadTrial
from parkhub.domain.spots import SpotState
from parkhub.services.adaptation import end_fit

PAGE = "/console/lots/harbour/accuracy"
CROP = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


@pytest.fixture
async def lot(staff: Visitor) -> Lot:
    return await save_lot(slug="harbour")


async def say(lot: Lot, count: int, *, occupied: bool, right: bool = True) -> None:
    said = SpotState.OCCUPIED if occupied is right else SpotState.FREE
    for _ in range(count):
        label = await save_label(lot.id, occupied=occupied, said=said)
        await spot_labels.finish_crop(label.id, CROP)


async def version(lot: Lot, before: float, after: float, sha256: str) -> None:
    async with transaction():
        await spot_heads.add_version(lot.id, a_head(), HeadTrial(30, 30, before, after), sha256, datetime.now(UTC))


async def actions() -> list[str]:
    return [each.action for each in await audit.list_entries(ALL, None, 9)]


async def test_a_lot_of_which_nobody_has_said_anything_says_where_to_begin(staff: Visitor, lot: Lot) -> None:
    text = (await staff.get(PAGE)).text
    assert "Nobody has said anything yet" in text
    assert "20 more labels needed" in text
    assert "Adapt now" not in text


async def test_few_words_make_no_percentage_and_many_do_with_their_count(staff: Visitor, lot: Lot) -> None:
    await say(lot, 9, occupied=True)
    await say(lot, 12, occupied=False)
    text = (await staff.get(PAGE)).text
    assert "too few to say" in text
    await say(lot, 1, occupied=True, right=False)
    text = (await staff.get(PAGE)).text
    assert "95.0 %" in text
    assert "of 12 free and 10 taken" in text
    assert "too few to say" not in text


async def test_a_fit_is_asked_for_and_its_end_is_told(app: Litestar, staff: Visitor, lot: Lot) -> None:
    await say(lot, 10, occupied=True)
    await say(lot, 10, occupied=False)
    answer = await staff.send_form(PAGE, f"{PAGE}/adapt")
    text = (await staff.get(answer.headers["location"])).text
    assert "A fit was asked for" in text
    assert "Fitting to 20 labels" in text
    assert await actions() == ["head.asked"]
    now = text.partition("heads?version=")[2][:12]
    assert (await staff.get(f"{PAGE}/heads?version={now}")).status_code == 204
    await end_fit(lot.id, datetime.now(UTC), "The pictures of some labels are gone.")
    answer = await staff.get(f"{PAGE}/heads?version={now}")
    assert "The fit that was asked for failed: The pictures of some labels are gone." in answer.text


async def test_too_few_words_are_refused_with_what_is_missing(staff: Visitor, lot: Lot) -> None:
    answer = await staff.send_form(PAGE, f"{PAGE}/adapt")
    assert (answer.status_code, "20 more labels needed" in answer.text) == (422, True)


async def test_versions_show_before_and_after_and_one_is_chosen_and_left_again(staff: Visitor, lot: Lot) -> None:
    await version(lot, 0.81, 0.93, "a")
    await version(lot, 0.93, 0.92, "b")
    text = (await staff.get(PAGE)).text
    assert "81.0 %" in text and "did not win" in text  # noqa: PT018
    await staff.send_form(PAGE, f"{PAGE}/use", head="1")
    assert await spot_heads.active_version(lot.id) == 1
    assert "Go back to the shipped one" in (await staff.get(PAGE)).text
    await staff.send_form(PAGE, f"{PAGE}/use", head="shipped")
    assert await spot_heads.active_version(lot.id) is None
    assert await actions() == ["head.chosen", "head.chosen"]
    assert (await staff.send_form(PAGE, f"{PAGE}/use", head="2")).status_code == 422
    assert (await staff.send_form(PAGE, f"{PAGE}/use", head="7")).status_code == 404
    assert (await staff.send_form(PAGE, f"{PAGE}/use", head="best")).status_code == 422
