"""Lots in the console: adding, setting, closing and deleting."""

import pytest
from builders import save_camera, save_frame, save_lot, save_session
from drivers import TWO_AN_HOUR, save_paid_lot
from visitors import Visitor

from parkhub.db import audit, cameras, lot_rules, lots, tariffs
from parkhub.db.engine import fetch
from parkhub.domain.audit import EntryFilter

NEW = {"name": "Harbour", "address": "", "time_zone": "Europe/Berlin", "slug": "", "country": ""}


async def test_a_lot_begins_with_its_opening_times_and_the_country_of_its_clock(staff: Visitor) -> None:
    answer = await staff.send_form("/console/lots/new", **NEW, opening_hours="Mo-Fr 08:00-18:00; PH off")
    assert answer.status_code == 303
    lot = await lots.find_lot("harbour")
    assert lot is not None
    assert (lot.opening_hours, lot.country) == ("Mo-Fr 08:00-18:00; PH off", "DE")
    [entry] = await audit.list_entries(EntryFilter(lot_id=lot.id), None, 9)
    assert (entry.action, entry.email) == ("lot.added", "kim@example.org")


async def test_a_clock_of_a_country_whose_holidays_nobody_knows_makes_a_lot_of_no_country(staff: Visitor) -> None:
    answer = await staff.send_form("/console/lots/new", **{**NEW, "time_zone": "Asia/Baku"}, opening_hours="24/7")
    assert answer.status_code == 303
    lot = await lots.find_lot("harbour")
    assert lot is not None
    assert lot.country == ""


async def test_opening_times_that_are_not_understood_make_no_lot(staff: Visitor) -> None:
    answer = await staff.send_form("/console/lots/new", **NEW, opening_hours="whenever")
    assert answer.status_code == 422
    assert "Not understood from letter 1 on." in answer.text
    assert await lots.list_lots() == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Mo-Su 08:00-18:00", "08:00–18:00"),
        ("24/7", "Open all day, every day."),
        ("never ever", "Not understood from letter"),
        ("", "Without opening times nothing is said about them."),
    ],
    ids=["week", "always", "wrong", "none"],
)
async def test_the_week_is_shown_while_opening_times_are_typed(staff: Visitor, text: str, told: str) -> None:
    answer = await staff.get("/console/opening-times", params={"opening_hours": text, "time_zone": "Asia/Tokyo"})
    assert told in answer.text
    assert "<html" not in answer.text


async def test_a_lot_gets_another_name_and_place(staff: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    page = "/console/lots/harbour"
    given = {"name": "Old harbour", "address": "Quay 1", "opening_hours": "24/7", "country": "de", "place": "53.5,9.9"}
    answer = await staff.send_form(page, f"{page}/details", **given)
    assert "The car park is saved." in (await staff.get(answer.headers["location"])).text
    after = await lots.get_lot(lot.id)
    assert (after.name, after.opening_hours, after.country, after.place) == ("Old harbour", "24/7", "DE", (53.5, 9.9))
    wrong = await staff.send_form(page, f"{page}/details", **{**given, "name": " ", "place": "here"})
    assert wrong.status_code == 422
    assert "Give the lot a name." in wrong.text
    assert "Write latitude and longitude" in wrong.text


async def test_rules_are_saved_and_a_wrong_one_is_told_by_its_name_on_the_page(staff: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    page = "/console/lots/harbour"
    given = {
        "stay_max_minutes": "600",
        "anti_passback": "1",
        "tariff_follows": "running",
        "picture_keep_days": "3",
        "operator_name": "Quay Ltd",
    }
    assert (await staff.send_form(page, f"{page}/rules", **given)).status_code == 303
    rules = await lot_rules.get_rules(lot.id)
    assert (rules.stay_max_minutes, rules.anti_passback, rules.picture_keep_days) == (600, True, 3)
    assert (rules.operator_name, rules.processing_leaves) == ("Quay Ltd", False)
    wrong = await staff.send_form(page, f"{page}/rules", **{**given, "picture_keep_days": "many"})
    assert "Pictures of gates is a whole number from 0 to" in wrong.text


async def test_a_closed_lot_says_so_and_takes_no_pictures_until_it_opens_again(staff: Visitor) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR, slug="harbour")
    camera = await save_camera(lot)
    session = await save_session(lot.id)
    page = "/console/lots/harbour"
    refused = await staff.send_form(page, f"{page}/close")
    assert refused.status_code == 409
    assert "1 car is inside." in refused.text
    await fetch("UPDATE parking_session SET state = 'closed', exited_at = entered_at WHERE id = {}", session.id)
    assert (await staff.send_form(page, f"{page}/close")).status_code == 303
    assert not (await cameras.get_camera(camera.id)).enabled
    assert "Closed" in (await staff.get("/lots/harbour")).text
    assert "It cannot be deleted: it has 1 stay" in (await staff.get(page)).text
    assert (await staff.send_form(page, f"{page}/close")).status_code == 409
    opened = await staff.send_form(page, f"{page}/open")
    assert "The car park is open again" in (await staff.get(opened.headers["location"])).text
    assert (await cameras.get_camera(camera.id)).enabled
    assert (await lots.get_lot(lot.id)).opening_hours == lot.opening_hours
    assert (await staff.send_form(page, f"{page}/open")).status_code == 409


async def test_a_lot_that_was_only_tried_out_is_deleted_with_all_that_is_its(staff: Visitor) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR, slug="harbour", name="Harbour")
    camera = await save_camera(lot, 3)
    await save_frame(camera)
    page = "/console/lots/harbour"
    kept = await staff.send_form(page, f"{page}/delete", typed="Habour")
    assert (kept.status_code, await lots.find_lot("harbour")) != (303, None)
    assert "Type Harbour to delete it." in kept.text
    assert (
        (await staff.send_form(page, f"{page}/delete", typed="Harbour"))
        .headers["location"]
        .startswith("/console/lots?saved=deleted")
    )
    assert (await lots.list_lots(), await cameras.list_cameras(), await tariffs.list_versions(lot.id)) == ([], [], [])


async def test_a_lot_in_which_somebody_parked_is_never_deleted(staff: Visitor) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR, slug="harbour", name="Harbour")
    await save_session(lot.id)
    page = "/console/lots/harbour"
    answer = await staff.send_form(page, f"{page}/delete", typed="Harbour")
    assert (answer.status_code, len(await lots.list_lots())) == (409, 1)


async def test_attendants_see_the_list_and_set_nothing(attendant: Visitor) -> None:
    await save_lot(slug="harbour", name="Harbour")
    text = (await attendant.get("/console/lots")).text
    assert "Harbour" in text
    assert "/console/lots/harbour" not in text
    for path in ("/console/lots/harbour", "/console/lots/new", "/console/guide"):
        assert (await attendant.get(path)).status_code == 403
