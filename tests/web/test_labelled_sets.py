import io
import os
import zipfile
from datetime import UTC, datetime

import pytest
from builders import a_new_spot, save_camera, save_frame, save_label, save_lot, seen
from litestar import Litestar
from pictures import jpeg
from visitors import Visitor, token_of

from parkhub.db import labelled_sets, lots, spot_labels
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.corrections import SpotLabel, Word
from parkhub.domain.spots import SpotState
from parkhub.services.labelled_sets import new_file
from parkhub.services.labels import finish_crop
from parkhub.services.looks import Seen, save_look
from parkhub.settings import Settings
from tasks.upkeep import keep_retention

PAGE = "/console/lots/harbour/labels"
CROP = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


@pytest.fixture
async def camera(app: Litestar, staff: Visitor) -> Camera:
    """It has taken a picture in which A1 is free and A2 is not."""
    found = await save_camera(await save_lot(slug="harbour"), 2, name="South")
    now = datetime.now(UTC)
    frame = await save_frame(found, captured_at=now, received_at=now)
    await app.state.clients.pictures.put(frame.picture_key, jpeg(size=(320, 180)))
    opinions = [*seen(SpotState.FREE, "A1"), *seen(SpotState.OCCUPIED, "A2")]
    await save_look(app.state.clients, frame.id, Seen(opinions, 1))
    return found


async def saved(app: Litestar, staff: Visitor, camera: Camera) -> list[SpotLabel]:
    """Crops of both, cut."""
    answer = await staff.send_form(PAGE, f"{PAGE}/save", camera=camera.public_id)
    assert "2 places saved" in (await staff.get(answer.headers["location"])).text
    found = (await labelled_sets.list_set(camera.lot_id, None, None, None, 9))[::-1]
    for label in found:
        await finish_crop(app.state.clients, label, b"png of " + label.name.encode(), CROP)
    return found


async def test_a_pictures_places_are_saved_judged_and_taken_out(app: Litestar, staff: Visitor, camera: Camera) -> None:
    assert "No crops here" in (await staff.get(PAGE)).text
    first, _second = await saved(app, staff, camera)
    text = (await staff.get(PAGE)).text
    assert text.count('class="crop"') == 2
    assert "Download" not in text
    assert (await staff.get(f"{PAGE}/{first.id}/crop.png")).content == b"png of A1"
    answer = await staff.send_form(PAGE, f"{PAGE}/judge", label=first.id, word="occupied", show="proposed")
    assert "A1 is judged." in (await staff.get(answer.headers["location"])).text
    answer = await staff.send_form(
        PAGE, f"{PAGE}/confirm", labels=",".join(str(each) for each in (first.id, _second.id))
    )
    assert "1 crop taken as the engine said." in (await staff.get(answer.headers["location"])).text
    assert "Download 2 as a set" in (await staff.get(PAGE)).text
    answer = await staff.send_form(PAGE, f"{PAGE}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"labels.csv", "README.md", f"occupied/{first.id}.png"} <= set(archive.namelist())


@pytest.mark.parametrize("by", ["the next one", "the night"])
async def test_files_that_nobody_waited_for_go(
    app: Litestar, staff: Visitor, camera: Camera, web_settings: Settings, by: str
) -> None:
    first, _ = await saved(app, staff, camera)
    await staff.send_form(PAGE, f"{PAGE}/judge", label=first.id, word="occupied", show="proposed")
    now = datetime.now(UTC)
    left, fresh = [new_file(web_settings, now) for _ in range(2)]
    os.utime(left, (1e9, 1e9))
    if by == "the night":
        await keep_retention({"clients": app.state.clients, "settings": web_settings})
    else:
        assert (await staff.send_form(PAGE, f"{PAGE}/export")).status_code == 200
    assert list(fresh.parent.iterdir()) == [fresh]


async def test_a_judgement_is_taken_back(app: Litestar, staff: Visitor, camera: Camera) -> None:
    first, _ = await saved(app, staff, camera)
    for word in ("unusable", "free"):
        await staff.send_form(PAGE, f"{PAGE}/judge", label=first.id, word=word, show="proposed")
    await staff.send_form(PAGE, f"{PAGE}/judge", label=first.id, word="unusable", undo="1")
    assert (await spot_labels.get_label(first.id)).word is Word.UNUSABLE
    await staff.send_form(PAGE, f"{PAGE}/delete", label=first.id)
    assert (await staff.get(f"{PAGE}/{first.id}/crop.png")).status_code == 404
    assert (await staff.send_form(PAGE, f"{PAGE}/delete", label=first.id)).status_code == 404


async def test_htmx_gets_the_one_crop_back(app: Litestar, staff: Visitor, camera: Camera) -> None:
    first, _ = await saved(app, staff, camera)
    given = {"_csrf_token": token_of(await staff.get(PAGE)), "label": str(first.id), "word": "free"}
    answer = await staff.post(f"{PAGE}/judge", data=given, headers={"hx-request": "true"})
    assert answer.text.count("<form") == 1
    assert f'id="label-{first.id}"' in answer.text


async def test_what_cannot_be_done_comes_back_with_the_reason(staff: Visitor, camera: Camera) -> None:
    assert (await staff.send_form(PAGE, f"{PAGE}/export")).status_code == 422
    assert "Choose a camera" in (await staff.send_form(PAGE, f"{PAGE}/save", camera="none")).text
    label = await save_label(camera.lot_id)
    assert (await staff.send_form(PAGE, f"{PAGE}/judge", label=label.id, word="perhaps")).status_code == 422
    other = await save_label((await save_lot()).id)
    assert (await staff.send_form(PAGE, f"{PAGE}/judge", label=other.id, word="free")).status_code == 404
    assert (await staff.get(f"{PAGE}/{other.id}/crop.png")).status_code == 404


async def test_crops_of_a_camera_that_watches_a_gate_now_are_not_shown(app: Litestar, staff: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    gate = await save_camera(lot, [a_new_spot("G1")], gate=Gate(role=CameraRole.EXIT), name="At the exit")
    label = await save_label((await lots.get_lot(lot.id)).id, camera_id=gate.id)
    await finish_crop(app.state.clients, label, b"png", CROP)
    text = (await staff.get(PAGE)).text
    assert "No crops here" in text
    assert "At the exit" not in text
    assert (await staff.get(f"{PAGE}/{label.id}/crop.png")).status_code == 404
