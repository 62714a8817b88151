import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import new_spots, save_camera, save_lot, stand_ins
from httpx import Response
from visitors import Visitor, token_of

from parkhub.db import spots
from parkhub.domain.cameras import Camera
from parkhub.domain.spot_marks import mark_of
from parkhub.domain.spots import SpotKind
from parkhub.domain.spots_file import parse_spots_json
from parkhub.services.spot_versions import save_marks
from parkhub.web import spots as web_spots
from parkhub.web.spots_view import Drawing

BASE = "/console/cameras/roof/spots"


@pytest.fixture
async def camera(staff: Visitor) -> Camera:
    return await save_camera(await save_lot(), 2, public_id="roof")


async def save(staff: Visitor, document: Any, action: str = "save") -> Response:
    token = re.search(r'"x-csrftoken": "(\w+)"', (await staff.get(BASE)).text)
    assert token is not None
    files = {"document": ("spots.json", json.dumps(document), "application/json")}
    headers = {"x-csrftoken": token[1], "accept": "application/json"}
    return await staff.post(f"{BASE}/{action}", files=files, headers=headers)


async def test_the_editor_shows_without_scripts_what_is_drawn(staff: Visitor, camera: Camera) -> None:
    text = (await staff.get(BASE)).text
    assert text.count('class="poly"') == 2
    assert "2 spots" in text
    assert "There is no picture to draw on yet." in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\s(style|on\w+)=\"", text)


async def test_what_is_drawn_is_saved_and_what_is_saved_comes_back(staff: Visitor, camera: Camera) -> None:
    document = (await staff.get(f"{BASE}/document")).json()
    assert [row["id"] for row in document["spots"]] == ["A1", "A2"]
    document["spots"][0] |= {"id": "Z9", "kind": "ev", "zone": "North"}
    answer = await save(staff, document)
    assert answer.status_code == 200, answer.text
    assert answer.json()["saved"]["words"] == "1 renamed (A1 to Z9), 1 of another kind (Z9), 1 in another zone (Z9)"
    assert answer.json()["document"] == {**document, "version": 2}
    first, _ = await spots.list_camera_spots(camera.id)
    assert (first.id, first.name, first.kind, first.zone) == (document["spots"][0]["spot"], "Z9", SpotKind.EV, "North")


async def test_a_conflict_and_wrong_spots_are_told_and_nothing_is_changed(staff: Visitor, camera: Camera) -> None:
    document = (await staff.get(f"{BASE}/document")).json()
    other = {**document, "spots": document["spots"][:1]}
    assert (await save(staff, other)).status_code == 200
    late = await save(staff, document)
    assert (late.status_code, late.json()["version"]) == (409, 2)
    assert "kim@example.org saved version 2 meanwhile: 1 removed (A2)." in late.json()["detail"]
    twice = {**document, "version": 2, "spots": [document["spots"][0], {**document["spots"][1], "id": "A1"}]}
    wrong = await save(staff, twice)
    assert wrong.status_code == 422
    assert [fault["index"] for fault in wrong.json()["faults"]] == [1]
    assert [spot.name for spot in await spots.list_camera_spots(camera.id)] == ["A1"]


async def test_a_page_goes_on_from_what_it_saved_even_if_somebody_else_saves_before_it_is_told(
    staff: Visitor, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = web_spots.load_drawing

    async def after_somebody_else(found: Camera) -> Drawing:
        first, *_ = await spots.list_camera_spots(camera.id)
        if first.zone == "North":
            await save_marks(stand_ins(), None, camera.id, 2, (1280, 720), [mark_of(first)], datetime.now(UTC))
        return await real(found)

    document = (await staff.get(f"{BASE}/document")).json()
    document["spots"][0] |= {"zone": "North"}
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(web_spots, "load_drawing", after_somebody_else)
        told = (await save(staff, document)).json()
    assert (told["saved"]["number"], told["document"]["version"]) == (2, 2)
    assert (await save(staff, {**document, "version": told["document"]["version"]})).status_code == 409


@pytest.mark.parametrize("document", [None, [], {"version": 0}, {"size": [1, 1], "spots": []}, "text"])
async def test_what_is_no_drawing_is_refused(staff: Visitor, camera: Camera, document: Any) -> None:
    assert (await save(staff, document)).status_code == 422


async def test_a_version_is_restored_by_a_button(staff: Visitor, camera: Camera) -> None:
    document = (await staff.get(f"{BASE}/document")).json()
    await save(staff, {**document, "spots": []})
    shown = await staff.get(BASE)
    assert "2 removed (A1, A2)" in shown.text
    answer = await staff.post(f"{BASE}/versions/1/restore", data={"_csrf_token": token_of(shown)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}?restored=1")
    assert "Version 1 is the current one again." in (await staff.get(answer.headers["location"])).text
    assert [spot.name for spot in await spots.list_camera_spots(camera.id)] == ["A1", "A2"]
    assert len((await staff.get(f"{BASE}/versions/1")).json()["spots"]) == 2
    assert (await staff.get(f"{BASE}/versions/9")).status_code == 404


async def test_what_is_exported_can_be_read_back(staff: Visitor, camera: Camera) -> None:
    answer = await staff.get(f"{BASE}.json")
    assert "attachment" in answer.headers["content-disposition"]
    file = parse_spots_json(answer.content)
    saved = await spots.list_camera_spots(camera.id)
    assert [(spot.name, spot.kind, spot.plan) for spot in file.spots] == [(s.name, s.kind, s.plan) for s in saved]
    for read, spot in zip(file.spots, saved, strict=True):
        assert [point for corner in read.polygon for point in corner] == pytest.approx(
            [point for corner in spot.polygon for point in corner], abs=1e-4
        )


async def test_nothing_is_suggested_before_anything_is_known(staff: Visitor, camera: Camera) -> None:
    document = (await staff.get(f"{BASE}/document")).json()
    found = (await save(staff, document, "suggestions")).json()
    assert found == {"polygons": [], "samples": 0, "days": 0, "counts": False}


async def test_only_staff_may_draw(visitor: Visitor, camera: Camera) -> None:
    for path in (BASE, f"{BASE}/document", f"{BASE}.json", f"{BASE}/events"):
        assert (await visitor.get(path)).status_code == 303, path


async def test_four_hundred_spots_are_saved_at_once(staff: Visitor) -> None:
    camera = await save_camera(await save_lot(), new_spots(400), public_id="roof")
    document = (await staff.get(f"{BASE}/document")).json()
    for row in document["spots"]:
        row["zone"] = "Deck"
    assert (await save(staff, document)).status_code == 200
    assert {spot.zone for spot in await spots.list_camera_spots(camera.id)} == {"Deck"}


async def test_a_question_waits_until_somebody_answers_it(staff: Visitor, camera: Camera) -> None:
    asked = await save(staff, (await staff.get(f"{BASE}/document")).json(), "asks/rows")
    assert asked.status_code == 201, asked.text
    uid = asked.json()["uid"]
    assert (await staff.get(f"{BASE}/asks/{uid}")).status_code == 204
    assert (await staff.get(f"{BASE}/asks/none")).status_code == 404
