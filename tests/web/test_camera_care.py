"""The care of cameras: areas, another lot, taking one away, and what one read last."""

from datetime import UTC, datetime

import pytest
from builders import save_camera, save_frame, save_lot
from litestar import Litestar
from pictures import jpeg
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.db import audit, cameras, passages, spots
from parkhub.domain.audit import EntryFilter
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.passages import Direction, GatePassage


async def test_areas_drawn_on_the_picture_are_kept_and_nothing_else_changes(staff: Visitor) -> None:
    camera = await save_camera(stale_after_s=77)
    page = f"/console/cameras/{camera.public_id}/care"
    saved = await staff.send_form(page, page.replace("care", "areas"), excluded="0.7,0,0.3,0.1\r\n0,0.5,0.25,0.25\r\n")
    assert "The areas are saved." in (await staff.get(saved.headers["location"])).text
    after = await cameras.get_camera(camera.id)
    assert after.gate.excluded == ((0.7, 0, 0.3, 0.1), (0, 0.5, 0.25, 0.25))
    assert (after.name, after.stale_after_s, after.engine) == (camera.name, 77, camera.engine)
    wrong = await staff.send_form(page, page.replace("care", "areas"), excluded="the clock")
    assert (wrong.status_code, "the clock is not four numbers" in wrong.text) == (422, True)


async def test_areas_drawn_meanwhile_stay_when_an_older_page_saves_the_settings(staff: Visitor) -> None:
    camera = await save_camera()
    page, drawn = f"/console/cameras/{camera.public_id}", "0.7,0,0.3,0.1"
    await staff.send_form(f"{page}/care", f"{page}/areas", excluded=drawn)
    assert f'name="excluded_before" value="{drawn}"' in (await staff.get(page)).text
    older = {"engine": "classifier", "agree": "2", "window": "3", "stale_after_s": "60", "role": "overview"}
    older |= {"name": "Roof", "excluded": drawn, "excluded_before": drawn}
    await staff.send_form(f"{page}/care", f"{page}/areas", excluded=f"{drawn}\r\n0,0.5,0.25,0.25")
    await staff.send_form(page, f"{page}/settings", **older)
    after = await cameras.get_camera(camera.id)
    assert (after.name, after.gate.excluded) == ("Roof", ((0.7, 0, 0.3, 0.1), (0, 0.5, 0.25, 0.25)))
    await staff.send_form(page, f"{page}/settings", **{**older, "excluded": ""})
    assert (await cameras.get_camera(camera.id)).gate.excluded == ()


async def test_a_camera_moves_to_another_lot_with_its_spots(staff: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="harbour"), 2)
    other = await save_lot(slug="meadow", name="Meadow")
    page = f"/console/cameras/{camera.public_id}/care"
    moved = await staff.send_form(page, page.replace("care", "lot"), lot="meadow")
    assert "looks at Meadow now." in (await staff.get(moved.headers["location"])).text
    assert (await cameras.get_camera(camera.id)).lot_id == other.id
    assert [spot.name for spot in await spots.list_spots(other.id)] == ["A1", "A2"]
    assert await spots.list_spots(camera.lot_id) == []
    [entry] = await audit.list_entries(EntryFilter(action="camera.moved"), None, 9)
    assert (entry.before, entry.after) == ({"lot": camera.lot_id}, {"lot": other.id})


async def test_a_camera_stays_where_its_spots_would_have_the_names_of_others(staff: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="harbour"), 2)
    other = await save_camera(await save_lot(slug="meadow", name="Meadow"), 1)
    page = f"/console/cameras/{camera.public_id}/care"
    answer = await staff.send_form(page, page.replace("care", "lot"), lot="meadow")
    assert "Meadow has spots named A1 already." in answer.text
    assert len(await spots.list_spots(other.lot_id)) == 1


async def test_a_camera_is_removed_with_its_pictures_and_spots_once_its_name_is_typed(
    staff: Visitor, app: Litestar
) -> None:
    clients: Clients = app.state.clients
    camera = await save_camera(await save_lot(slug="harbour"), 2, name="Roof")
    frame = await save_frame(camera)
    await clients.pictures.put(frame.picture_key, jpeg())
    page = f"/console/cameras/{camera.public_id}/care"
    assert "2 places go with it" in (await staff.get(page)).text
    kept = await staff.send_form(page, page.replace("care", "remove"), typed="roof")
    assert "Type Roof to remove it." in kept.text
    gone = await staff.send_form(page, page.replace("care", "remove"), typed="Roof")
    assert (gone.status_code, await cameras.list_cameras()) == (303, [])
    assert await spots.list_spots(camera.lot_id) == []
    assert not clients.pictures.path(frame.picture_key).exists()
    assert (await staff.get(page)).status_code == 404


@pytest.mark.parametrize("action", ["remove", "lot"])
async def test_a_camera_whose_gate_proves_stays_remains(staff: Visitor, action: str) -> None:
    camera = await _gate_camera()
    await save_lot(slug="meadow")
    await _passage(camera.id, camera.lot_id)
    page = f"/console/cameras/{camera.public_id}/care"
    answer = await staff.send_form(page, page.replace("care", action), typed=camera.name, lot="meadow")
    assert answer.status_code == 409
    assert "It has 1 car seen at its gate." in answer.text
    assert (await cameras.get_camera(camera.id)).lot_id == camera.lot_id


async def test_what_was_read_is_shown_to_who_may_see_plates(staff: Visitor) -> None:
    camera = await _gate_camera()
    address = f"/console/cameras/{camera.public_id}/reads"
    assert "Nothing read yet" in (await staff.get(address)).text
    await _passage(camera.id, camera.lot_id)
    assert "PKH4827" in (await staff.get(address)).text


async def test_attendants_do_not_set_cameras_up(attendant: Visitor) -> None:
    camera = await save_camera()
    assert (await attendant.get(f"/console/cameras/{camera.public_id}/care")).status_code == 403
    assert "/care" not in (await attendant.get(f"/console/cameras/{camera.public_id}")).text


async def _gate_camera() -> Camera:
    camera = await save_camera(await save_lot(slug="harbour"))
    await cameras.set_gate(camera.id, Gate(CameraRole.ENTRANCE))
    return camera


async def _passage(camera_id: int, lot_id: int) -> None:
    now = datetime.now(UTC)
    seen = GatePassage(0, lot_id, camera_id, Direction.ENTRY, "PKH4827", 0.9, (), None, now, now, 3, heard_at=now)
    await passages.save_passage(seen)


async def test_how_sure_a_camera_must_be_and_how_long_its_pictures_are_kept_is_said(staff: Visitor) -> None:
    camera = await save_camera()
    page = f"/console/cameras/{camera.public_id}/care"
    assert "Empty: as all others, 24 hours." in (await staff.get(page)).text
    saved = await staff.send_form(page, page.replace("care", "limits"), sure="80", keep_h="48")
    assert "holds from the next picture on" in (await staff.get(saved.headers["location"])).text
    after = await cameras.get_camera(camera.id)
    assert (after.sure_min, after.gate.sure_min, after.keep_h) == (0.8, 0.0, 48)
    assert 'value="48"' in (await staff.get(page)).text
    await staff.send_form(page, page.replace("care", "areas"), excluded="0.7,0,0.3,0.1")
    assert (await cameras.get_camera(camera.id)).sure_min == 0.8


async def test_at_a_gate_plates_have_a_limit_and_pictures_the_lot_s_time(staff: Visitor) -> None:
    camera = await save_camera()
    await cameras.set_gate(camera.id, Gate(CameraRole.EXIT))
    page = f"/console/cameras/{camera.public_id}/care"
    text = (await staff.get(page)).text
    assert "kept by the car park’s rule, 7 days" in text
    await staff.send_form(page, page.replace("care", "limits"), sure="0", read_sure="70")
    assert (await cameras.get_camera(camera.id)).gate.sure_min == 0.7


@pytest.mark.parametrize(
    "wrong",
    [{"sure": "100"}, {"sure": "-1"}, {"read_sure": "x"}, {"keep_h": "0"}, {"keep_h": "9000"}, {"keep_h": "a day"}],
)
async def test_a_limit_that_is_none_is_refused(staff: Visitor, wrong: dict[str, str]) -> None:
    camera = await save_camera()
    await cameras.set_gate(camera.id, Gate(CameraRole.EXIT if "read_sure" in wrong else CameraRole.OVERVIEW))
    page = f"/console/cameras/{camera.public_id}/care"
    answer = await staff.send_form(page, page.replace("care", "limits"), **wrong)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert (await cameras.get_camera(camera.id)).keep_h is None
