"""Cameras that recognise by themselves in the console: their settings, and pages that have no picture to show."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import save_camera, save_frame, save_lot, seen
from litestar import Litestar
from pictures import jpeg
from visitors import Visitor, token_of

from parkhub.clients import Clients
from parkhub.db import cameras, frames, passages, spots
from parkhub.domain.cameras import Camera, CameraRole, Engine, Gate
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.passages import GatePassage
from parkhub.domain.spots import SpotState
from parkhub.services import corrections, node_configurations


@pytest.fixture
async def camera(app: Litestar) -> Camera:
    lot = await save_lot(slug="harbour", name="Harbour")
    return await save_camera(lot, 2, name="Mast", public_id="mast-1", engine=Engine.CLASSIFIER)


@pytest.fixture
async def frame(camera: Camera) -> Frame:
    """What the camera has recognised itself a moment ago."""
    now = datetime.now(UTC)
    found = await save_frame(camera, captured_at=now, received_at=now, media_type="application/json")
    await frames.finish_frame(found.id, FrameStatus.READ, 0.4, seen(SpotState.FREE, "A1", "A2"), "")
    await cameras.set_last_look(camera.id, found.id, now)
    return found


async def test_every_page_that_would_show_the_picture_says_where_it_stays(staff: Visitor, frame: Frame) -> None:
    words = "Recognised at the camera; its pictures stay there."
    shown = await staff.get("/console/cameras/mast-1")
    assert words in shown.text
    assert "latest.jpg" not in shown.text
    states = await staff.get("/console/lots/harbour/states")
    assert words in states.text
    assert "<image" not in states.text
    for path in ("/console/cameras/mast-1/latest.jpg", f"/console/lots/harbour/states/pictures/{frame.id}"):
        assert (await staff.get(path)).status_code == 404
    for path in (
        "/console/cameras/mast-1/spots",
        "/console/cameras/mast-1/care",
        "/console/cameras/mast-1/node/settings",
    ):
        page = await staff.get(path)
        assert (page.status_code, "<image" in page.text) == (200, False), path


async def test_a_person_s_word_counts_without_a_picture(app: Litestar, staff: Visitor, frame: Frame) -> None:
    clients: Clients = app.state.clients
    camera = await cameras.get_camera(frame.camera_id)
    now = datetime.now(UTC)
    for frame_id in (None, frame.id):
        label = await corrections.correct_spot(clients, None, camera.lot_id, "A1", SpotState.OCCUPIED, now, frame_id)
        assert label.frame_id is None
    tracks = await spots.load_tracks(camera.id)
    assert tracks["A1"].state is SpotState.OCCUPIED


async def test_of_a_gate_the_cut_out_is_shown_to_who_may_see_plates_and_nothing_else(
    app: Litestar, staff: Visitor, without_plates: Visitor, frame: Frame
) -> None:
    clients: Clients = app.state.clients
    crop = jpeg()
    await clients.pictures.put("passages/20261121/10/1-0.jpg", crop)
    await clients.pictures.put(frame.picture_key, b'{"plates": "of what was read"}')
    camera = await cameras.get_camera(frame.camera_id)
    seen_at = {"first_at": frame.captured_at, "last_at": frame.captured_at, "frame_id": frame.id}
    kept = GatePassage(
        0, camera.lot_id, camera.id, None, "KA417XM", 0.9, (), None, frames=1, **seen_at,
        crop_key="passages/20261121/10/1-0.jpg",
    )  # fmt: skip
    address = f"/console/passages/{await passages.save_passage(kept)}/picture"
    shown = await staff.get(address)
    assert (shown.content, shown.headers["content-type"]) == (crop, "image/jpeg")
    assert (await without_plates.get(address)).status_code == 403


async def filled(staff: Visitor, **fields: Any) -> Any:
    """The settings of the node as they are shown, with some fields changed."""
    page = "/console/cameras/mast-1/node/settings"
    shown = await staff.get(page)
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", shown.text):
        if (name := re.search(r'name="([^"]+)"', tag)) and "checkbox" not in tag:
            found[name[1]] = (re.search(r'value="([^"]*)"', tag) or ["", ""])[1]
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', shown.text, re.DOTALL):
        found[name] = (re.search(r'value="([^"]*)" selected', inner) or ["", "interval"])[1]
    return await staff.post(page, data=found | {"_csrf_token": token_of(shown)} | fields)


async def test_it_is_switched_on_and_off_in_the_node_s_settings(staff: Visitor, camera: Camera) -> None:
    assert "No picture comes here any more" in (await staff.get("/console/cameras/mast-1/node/settings")).text
    saved = await filled(staff, **{"edge-enabled": "1"})
    assert saved.headers.get("location", "").endswith("saved=2")
    edge = (await node_configurations.current(camera, datetime.now(UTC))).document.edge
    assert (edge.enabled, edge.pictures_if_broken) == (True, False)
    shown = (await staff.get("/console/cameras/mast-1/node/settings")).text
    assert re.search(r'name="edge-enabled"[^>]* checked', shown)
    await filled(staff)
    assert not (await node_configurations.current(camera, datetime.now(UTC))).document.edge.enabled


async def test_at_a_gate_it_says_that_plates_are_read_and_what_leaves(staff: Visitor, camera: Camera) -> None:
    await cameras.set_gate(camera.id, Gate(CameraRole.ENTRANCE))
    shown = (await staff.get("/console/cameras/mast-1/node/settings")).text
    assert "The node reads plates itself" in shown
    assert "a small cut-out of each plate" in shown
    saved = await filled(staff, **{"edge-enabled": "1"})
    assert saved.headers.get("location", "").endswith("saved=2")


async def test_it_is_not_offered_where_the_server_must_look(staff: Visitor, camera: Camera) -> None:
    rule = camera.debounce
    await cameras.save_camera_settings(
        camera.id, camera.name, Engine.DIFFERENCE, rule, camera.stale_after_s, enabled=True, counts_vehicles=False
    )
    assert "Recognition at the camera" not in (await staff.get("/console/cameras/mast-1/node/settings")).text
    refused = await filled(staff, **{"edge-enabled": "1"})
    assert (refused.status_code, "judged by the classifier" in refused.text) == (422, True)


async def test_it_ends_where_the_camera_becomes_one_that_the_server_must_look_at(
    staff: Visitor, camera: Camera
) -> None:
    await filled(staff, **{"edge-enabled": "1"})
    await cameras.save_camera_settings(
        camera.id, camera.name, Engine.DIFFERENCE, camera.debounce, camera.stale_after_s,
        enabled=True, counts_vehicles=False,
    )  # fmt: skip
    found = await node_configurations.current(await cameras.get_camera(camera.id), datetime.now(UTC))
    assert (found.number, found.document.edge.enabled) == (3, False)
    page = "/console/cameras/mast-1/node/settings"
    assert "recognition at the camera switched off" in (await staff.get(page)).text
    assert (await filled(staff)).status_code < 400
