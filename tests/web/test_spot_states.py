import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from builders import a_new_spot, save_camera, save_frame, save_lot, seen
from litestar import Litestar
from pictures import jpeg
from visitors import Visitor, token_of

from parkhub.db import audit, lots, spot_labels, spots
from parkhub.domain.audit import ALL
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.frames import Frame
from parkhub.domain.spots import SpotState
from parkhub.services.better_views import join
from parkhub.services.looks import Seen, save_look

PAGE = "/console/lots/harbour/states"
FREE, OCCUPIED = SpotState.FREE, SpotState.OCCUPIED


async def look(app: Litestar, camera: Camera, *names: str, age_s: float = 0, state: SpotState = OCCUPIED) -> Frame:
    taken = datetime.now(UTC) - timedelta(seconds=age_s)
    frame = await save_frame(camera, captured_at=taken, received_at=taken)
    await app.state.clients.pictures.put(frame.picture_key, jpeg(size=(320, 180)))
    await save_look(app.state.clients, frame.id, Seen(seen(state, *names), 1))
    return frame


@pytest.fixture
async def camera(staff: Visitor) -> Camera:
    return await save_camera(await save_lot(slug="harbour"), 2, name="South")


async def say(staff: Visitor, camera: Camera, spot: str, word: str, **given: Any) -> Any:
    return await staff.send_form(PAGE, f"{PAGE}/correct", camera=camera.public_id, **{word: spot}, **given)


async def shown(camera: Camera) -> dict[str, SpotState]:
    return {name: track.state for name, track in (await spots.load_tracks(camera.id)).items()}


async def test_a_place_is_corrected_by_one_press_with_the_picture_that_was_shown_and_taken_back(
    app: Litestar, staff: Visitor, camera: Camera
) -> None:
    frame = await look(app, camera, "A1", "A2")
    text = (await staff.get(PAGE)).text
    assert f"{PAGE}/pictures/{frame.id}" in text
    answer = await say(staff, camera, "A1", "free", frame=frame.id)
    text = (await staff.get(answer.headers["location"])).text
    assert "A1 is free now, because you say so." in text
    assert "said by hand" in text
    assert await shown(camera) == {"A1": FREE, "A2": OCCUPIED}
    (label,) = await spot_labels.list_labels(camera.lot_id)
    assert (label.frame_id, label.said, label.occupied) == (frame.id, OCCUPIED, False)
    answer = await staff.send_form(PAGE, f"{PAGE}/undo", camera=camera.public_id, label=label.id)
    assert "Taken back" in (await staff.get(answer.headers["location"])).text
    assert await shown(camera) == {"A1": OCCUPIED, "A2": OCCUPIED}
    actions = [each.action for each in await audit.list_entries(ALL, None, 9)]
    assert actions == ["spot.correction_undone", "spot.corrected"]


async def test_a_word_counts_also_when_the_picture_is_old_but_then_without_it(
    app: Litestar, staff: Visitor, camera: Camera
) -> None:
    frame = await look(app, camera, "A1", "A2", age_s=3600)
    assert "too long ago" in (await staff.get(PAGE)).text
    await say(staff, camera, "A1", "free", frame=frame.id)
    assert (await shown(camera))["A1"] is FREE
    (label,) = await spot_labels.list_labels(camera.lot_id)
    assert label.picture_sha256 == ""


def had(text: str) -> str:
    return unescape(text.partition('name="had" value="')[2].partition('"')[0])


async def test_an_open_page_gets_only_what_it_lacks_and_nothing_when_nothing_is_new(
    app: Litestar, staff: Visitor, camera: Camera
) -> None:
    first = await look(app, camera, "A1", "A2")
    text = (await staff.get(PAGE)).text
    query = {"camera": camera.public_id, "had": had(text)}
    assert (await staff.get(f"{PAGE}/grid", params=query)).status_code == 204
    given = {"_csrf_token": token_of(await staff.get(PAGE)), **query, "free": "A2"}
    answer = await staff.post(f"{PAGE}/correct", data=given, headers={"hx-request": "true"})
    assert "A2 is free now" in answer.text
    assert (answer.text.count('class="said"'), "<form" in answer.text, f"/{first.id}" in answer.text) == (
        1,
        False,
        False,
    )
    other = (await staff.get(f"{PAGE}/grid", params=query)).text  # another's page
    assert (other.count('class="said"'), "A2 is free now" in other) == (1, False)
    query["had"] = had(answer.text)
    assert (await staff.get(f"{PAGE}/grid", params=query)).status_code == 204
    second = await look(app, camera, "A1", "A2")
    news = (await staff.get(f"{PAGE}/grid", params=query)).text
    assert (f"pictures/{second.id}" in news, news.count('class="said"')) == (True, 0)
    undo = {"_csrf_token": given["_csrf_token"], "camera": camera.public_id, "had": had(news)}
    undo["label"] = str((await spot_labels.list_labels(camera.lot_id))[0].id)
    answer = await staff.post(f"{PAGE}/undo", data=undo, headers={"hx-request": "true"})
    assert ("Taken back" in answer.text, answer.text.count('class="said"')) == (True, 1)


@pytest.mark.parametrize("before", ["", "x", "1.2.3.----", "é" * 9])
async def test_a_page_of_other_places_loads_itself_anew(
    app: Litestar, staff: Visitor, camera: Camera, before: str
) -> None:
    answer = await staff.get(f"{PAGE}/grid", params={"camera": camera.public_id, "had": before})
    assert (answer.text, answer.headers["hx-refresh"]) == ("", "true")


async def test_many_changes_come_bit_by_bit_and_never_more_than_ten_kilobytes(app: Litestar, staff: Visitor) -> None:
    names = [f"A{number}" for number in range(1, 41)]
    camera = await save_camera(await save_lot(slug="harbour"), [a_new_spot(name) for name in names])
    query = {"camera": camera.public_id, "had": had((await staff.get(PAGE)).text)}
    await look(app, camera, *names)
    seen_names: list[str] = []
    for _ in range(4):
        answer = await staff.get(f"{PAGE}/grid", params=query)
        assert len(answer.content) <= 10_000
        seen_names += re.findall(r"<b>(A\d+)</b>", answer.text)
        assert ("load delay" in answer.text) == (len(seen_names) < len(names))
        query["had"] = had(answer.text)
    assert sorted(seen_names) == sorted(names)
    assert (await staff.get(f"{PAGE}/grid", params=query)).status_code == 204


async def test_what_cannot_be_said_comes_back_with_the_reason(staff: Visitor, camera: Camera) -> None:
    assert "Say free or occupied" in (await say(staff, camera, "A1", "perhaps")).text
    answer = await say(staff, camera, "Z9", "free")
    assert (answer.status_code, "There is no spot Z9" in answer.text) == (404, True)
    assert (await staff.send_form(PAGE, f"{PAGE}/undo", label="12")).status_code == 404


async def test_pictures_of_gates_and_of_other_lots_are_never_shown(app: Litestar, staff: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    gate = await save_camera(lot, [a_new_spot("G1")], gate=Gate(role=CameraRole.ENTRANCE))
    frame = await look(app, gate, "G1")
    text = (await staff.get(PAGE)).text
    assert "Pictures of gates are not shown here" in text
    assert f"pictures/{frame.id}" not in text
    assert (await staff.get(f"{PAGE}/pictures/{frame.id}")).status_code == 404
    other = await look(app, await save_camera(None, 1), "A1")
    assert (await staff.get(f"{PAGE}/pictures/{other.id}")).status_code == 404


async def test_a_place_that_two_cameras_see_says_who_decides_and_how_it_counts(
    app: Litestar, staff: Visitor, camera: Camera
) -> None:
    north = await save_camera(await lots.get_lot(camera.lot_id), [a_new_spot("N1")], name="North")
    await join(app.state.clients, None, camera.lot_id, "A1", "N1", datetime.now(UTC))
    await look(app, camera, "A1", "A2")
    assert "South decides; counted as A1" in (await staff.get(f"{PAGE}?camera={north.public_id}")).text
    assert '<td data-label="Said by">South</td>' in (await staff.get(PAGE)).text


async def test_a_lot_without_places_says_where_to_begin(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    assert "No places yet" in (await staff.get(PAGE)).text


async def test_an_open_page_waits_for_what_it_asks_no_longer_than_ten_seconds(staff: Visitor, camera: Camera) -> None:
    pulse = re.search(r'id="pulse"[^>]*hx-request=\'([^\']+)\'', (await staff.get(PAGE)).text)
    assert pulse is not None
    assert json.loads(pulse[1]) == {"timeout": 10_000}
