"""The console: lots, cameras, their forms and files."""

import hashlib
import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, a_track, save_camera, save_frame, save_lot
from litestar import Litestar
from pictures import draw, encode, jpeg
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import cameras, frames, lots, spot_imports, spots
from parkhub.domain.cameras import Camera, CameraRole, Engine, SpotsFileKind
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import Debounce, SpotState

SETTINGS = {"name": "Roof", "engine": "difference", "agree": "3", "window": "5", "stale_after_s": "90", "enabled": "1"}


async def test_an_empty_console_leads_the_way(staff: Visitor) -> None:
    text = (await staff.get("/console")).text
    assert "No car park yet" in text
    assert 'href="/console/guide"' in text
    assert (await staff.get("/console/cameras/new")).headers["location"] == "/console/lots/new"
    assert "Add the car park first" in (await staff.get("/console/cameras")).text


async def test_a_lot_is_made_and_leads_to_its_first_camera(staff: Visitor) -> None:
    answer = await staff.send_form(
        "/console/lots/new", name="Große Straße 1", address="Here 1", time_zone="Asia/Tokyo", slug=""
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/cameras/new?lot=grosse-strasse-1")
    lot = await lots.find_lot("grosse-strasse-1")
    assert lot is not None
    assert (lot.name, lot.address, lot.time_zone) == ("Große Straße 1", "Here 1", "Asia/Tokyo")
    assert '<option value="grosse-strasse-1" selected>' in (await staff.get(answer.headers["location"])).text
    assert "has no camera" in (await staff.get("/console")).text


async def test_a_wrong_lot_comes_back_as_it_was_typed(staff: Visitor) -> None:
    await save_lot(slug="taken")
    answer = await staff.send_form(
        "/console/lots/new", name="Old <Mill>", address="x", time_zone="Mars/Base", slug="taken"
    )
    assert answer.status_code == 422
    assert 'value="Old &lt;Mill&gt;"' in answer.text
    assert "Choose a time zone from the list." in answer.text
    again = await staff.send_form("/console/lots/new", name="Mill", address="", time_zone="Europe/Berlin", slug="taken")
    assert "Another lot has the address taken already." in again.text
    assert 'aria-describedby="f-slug-error f-slug-hint"' in again.text


async def test_a_camera_is_added_and_its_key_is_shown_once(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    answer = await staff.send_form("/console/cameras/new", lot="harbour", name="North gate", engine="classifier")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r'id="key"[^>]*>([\w-]{43})<', answer.text)
    command = re.search(r'id="command">(.*?)<', answer.text, re.DOTALL)
    assert found is not None
    assert command is not None
    [camera] = await cameras.list_cameras()
    assert camera.public_id.startswith("north-gate-")
    assert re.sub(r"\s+\\\s+", " ", html.unescape(command[1])) == (
        "parkhub-node upload pictures --watch --server http://parkhub.test "
        f"--camera {camera.public_id} --key-file camera.key"
    )
    assert camera.key_hash == hashlib.sha256(found[1].encode()).hexdigest()
    assert answer.headers["hx-push-url"] == f"/console/cameras/{camera.public_id}"
    assert found[1] not in (await staff.get(f"/console/cameras/{camera.public_id}")).text


async def test_a_camera_at_a_gate_reads_plates_from_its_first_picture_on(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    given = {"lot": "harbour", "name": "Entrance", "engine": "classifier", "role": "entrance"}
    assert (await staff.send_form("/console/cameras/new", **given)).status_code == 201
    [camera] = await cameras.list_cameras()
    assert camera.gate.role is CameraRole.ENTRANCE


async def test_what_is_not_found_in_the_console_leads_back_to_it(staff: Visitor) -> None:
    answer = await staff.get("/console/cameras/none")
    assert answer.status_code == 404
    assert 'href="/console"' in answer.text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lot": "none"}, "Choose a lot from the list."),
        ({"name": "  "}, "Give the camera a name."),
        ({"engine": "magic"}, "Choose an engine from the list."),
        ({"role": "porter"}, "Choose "),
    ],
    ids=["lot", "name", "engine", "role"],
)
async def test_a_wrong_camera_is_not_added(staff: Visitor, given: dict[str, str], sentence: str) -> None:
    await save_lot(slug="harbour")
    fields = {"lot": "harbour", "name": "Roof", "engine": "classifier", **given}
    answer = await staff.send_form("/console/cameras/new", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await cameras.list_cameras() == []


async def test_every_engine_can_be_chosen_where_a_camera_or_a_recording_is_set_up(staff: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="harbour"))
    for address in ("/console/cameras/new", f"/console/cameras/{camera.public_id}", "/console/recordings"):
        shown = (await staff.get(address)).text
        assert re.findall(r'<option value="(classifier|difference|detector)"', shown) == [each.value for each in Engine]
    answer = await staff.send_form("/console/cameras/new", lot="harbour", name="Gate", engine="detector")
    assert answer.status_code == 201


async def test_a_new_key_replaces_the_old_one(staff: Visitor) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    answer = await staff.send_form(address, f"{address}/key")
    assert answer.status_code == 200
    found = re.search(r'id="key"[^>]*>([\w-]{43})<', answer.text)
    assert found is not None
    assert (await cameras.get_camera(camera.id)).key_hash == hashlib.sha256(found[1].encode()).hexdigest()
    assert "The old key is refused" in answer.text


async def test_settings_are_saved(staff: Visitor) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    answer = await staff.send_form(address, f"{address}/settings", **SETTINGS)
    assert answer.status_code == 303
    saved = await cameras.get_camera(camera.id)
    assert (saved.name, saved.engine, saved.debounce) == ("Roof", Engine.DIFFERENCE, Debounce(3, 5))
    assert (saved.stale_after_s, saved.enabled, saved.counts_vehicles) == (90, True, False)
    assert "The settings are saved." in (await staff.get(answer.headers["location"])).text


async def test_a_camera_is_switched_off_by_an_empty_box(staff: Visitor) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    await staff.send_form(address, f"{address}/settings", **{**SETTINGS, "enabled": ""})
    assert not (await cameras.get_camera(camera.id)).enabled


async def test_a_camera_counts_vehicles_once_its_box_is_ticked(staff: Visitor) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    await staff.send_form(address, f"{address}/settings", **SETTINGS, counts_vehicles="1")
    assert (await cameras.get_camera(camera.id)).counts_vehicles
    assert 'name="counts_vehicles" value="1" checked' in (await staff.get(address)).text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"agree": "2", "window": "5"}, "More than half of 5 looks must agree, and at most all."),
        ({"agree": "6"}, "More than half of 5 looks must agree"),
        ({"window": "0"}, "Use 1 to 20 looks."),
        ({"window": "many"}, "Use 1 to 20 looks."),
        ({"stale_after_s": "1"}, "Use 5 to 86400 seconds."),
        ({"stale_after_s": "٣٠"}, "Use 5 to 86400 seconds."),
        ({"name": "x" * 61}, "Use at most 60 letters."),
    ],
)
async def test_wrong_settings_come_back_as_they_were_typed(
    staff: Visitor, given: dict[str, str], sentence: str
) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    answer = await staff.send_form(address, f"{address}/settings", **{**SETTINGS, **given})
    assert answer.status_code == 422
    assert sentence in answer.text
    for typed in given.values():
        assert f'value="{typed}"' in answer.text
    assert (await cameras.get_camera(camera.id)) == camera


async def seen(app: Litestar, camera: Camera) -> bytes:
    """A picture of the camera, read."""
    clients: Clients = app.state.clients
    picture = jpeg()
    frame = await save_frame(camera, captured_at=NOW)
    await clients.pictures.put(frame.picture_key, picture)
    await frames.finish_frame(frame.id, FrameStatus.READ, 12.4, [], "")
    return picture


async def test_a_camera_shows_its_last_picture_with_the_spots_on_it(staff: Visitor, app: Litestar) -> None:
    camera = await save_camera(None, 2)
    picture = await seen(app, camera)
    at = datetime.now(UTC)
    await spots.save_tracks(camera.id, [a_track("A1", SpotState.FREE, seen_at=at)])
    text = (await staff.get(f"/console/cameras/{camera.public_id}")).text
    assert re.findall(r'class="poly[^"]*" data-state="(\w+)"', text) == ["free", "unknown"]
    assert "1 free, 0 taken, 1 not seen" in text
    found = re.search(r'<image href="([^"]+)"', text)
    assert found is not None
    shown = await staff.get(found[1])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.content == picture


async def test_a_picture_that_is_no_longer_kept_is_not_asked_for(staff: Visitor) -> None:
    frame = await save_frame(await save_camera(public_id="roof"))
    await frames.finish_frame(frame.id, FrameStatus.READ, 12.4, [], "")
    assert "<image" not in (await staff.get("/console/cameras/roof")).text
    assert (await staff.get("/console/cameras/roof/latest.jpg")).status_code == 404


async def test_a_picture_sent_by_hand_is_stored_and_asked_to_be_read(staff: Visitor, app: Litestar) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    answer = await staff.send_files(f"{address}/picture", {"picture": ("a.jpg", jpeg(), "image/jpeg")})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address}?sent=1")
    told = (await staff.get(f"{address}?sent=1")).text
    assert "The picture was taken. A spot changes when 2 of 3 looks agree." in told
    [frame] = await frames.list_frames(camera.id, 5)
    assert frame.status is FrameStatus.STORED
    clients: Clients = app.state.clients
    assert await clients.queue.waiting(QueueName.FRAMES) == 1
    assert "waiting" in (await staff.get(f"{address}/seen")).text


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"", 422), (b"no picture", 415), (jpeg()[:500], 422)],
    ids=["empty", "text", "cut short"],
)
async def test_what_is_no_picture_is_refused_beside_the_field(staff: Visitor, data: bytes, status: int) -> None:
    camera = await save_camera()
    files = {"picture": ("a.jpg", data, "image/jpeg")}
    answer = await staff.send_files(f"/console/cameras/{camera.public_id}/picture", files)
    assert answer.status_code == status
    assert 'aria-describedby="f-picture-error f-picture-hint"' in answer.text
    assert await frames.list_frames(camera.id, 5) == []


@pytest.mark.parametrize(
    ("data", "kind", "box"),
    [
        (json.dumps({"size": [10, 10], "spots": []}).encode(), SpotsFileKind.JSON, None),
        (b"\xef\xbb\xbf {}", SpotsFileKind.JSON, None),
        (encode(draw(), "PNG"), SpotsFileKind.MASK, None),
        (jpeg(), SpotsFileKind.MASK, None),
        (b"\x80\x04]", SpotsFileKind.CARPARKPOS, (107, 48)),
        (b"(lp0\n.", SpotsFileKind.CARPARKPOS, (107, 48)),
    ],
    ids=["json", "json with mark", "png", "jpeg", "pickle", "old pickle"],
)
async def test_a_spots_file_is_taken_for_what_its_bytes_say(
    staff: Visitor, data: bytes, kind: SpotsFileKind, box: tuple[int, int] | None
) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    answer = await staff.send_files(
        f"{address}/spots/file", {"file": ("spots", data)}, box_width="107", box_height="48"
    )
    assert answer.status_code == 303, answer.text
    found = await spot_imports.latest_spot_import(camera.id)
    assert found is not None
    assert (found.kind, found.box) == (kind, box)
    assert "The spots file is being read." in (await staff.get(f"{address}/seen")).text
    await spot_imports.finish_spot_import(found.id, 0, "The mask is empty.")
    assert "could not be used: The mask is empty." in (await staff.get(f"{address}/seen")).text


@pytest.mark.parametrize(
    ("data", "fields", "sentence"),
    [
        (b"hello", {}, "neither a mask picture"),
        (b"", {}, "Choose a file first."),
        (b"\x80\x04]", {"box_width": "0", "box_height": "x"}, "must be two whole numbers of pixels"),
        (b"\x80\x04]", {"box_width": "²", "box_height": "48"}, "must be two whole numbers of pixels"),
        (b"\x80\x04]", {"box_width": "9" * 5000, "box_height": "48"}, "must be two whole numbers of pixels"),
    ],
    ids=["text", "nothing", "wrong box", "raised digit", "endless number"],
)
async def test_what_is_no_spots_file_is_refused_beside_the_field(
    staff: Visitor, data: bytes, fields: dict[str, str], sentence: str
) -> None:
    camera = await save_camera()
    name = "spots" if data else ""
    answer = await staff.send_files(f"/console/cameras/{camera.public_id}/spots/file", {"file": (name, data)}, **fields)
    assert answer.status_code in (415, 422)
    assert sentence in answer.text
    assert await spot_imports.latest_spot_import(camera.id) is None


async def test_a_refused_file_is_not_told_beside_the_success_of_the_one_before(staff: Visitor) -> None:
    camera = await save_camera(None, 1)
    at = datetime.now(UTC)
    done = await spot_imports.add_spot_import(camera.id, "spots/a", SpotsFileKind.JSON, None, at)
    await spot_imports.finish_spot_import(done.id, 14, "")
    address = f"/console/cameras/{camera.public_id}"
    assert "was read: 14 spots." in (await staff.get(address)).text
    refused = await staff.send_files(f"{address}/spots/file", {"file": ("a.txt", b"nothing", "text/plain")})
    assert refused.status_code >= 400
    assert "was read" not in refused.text


async def test_the_first_page_says_what_needs_somebody(staff: Visitor) -> None:
    lot = await save_lot(name="Harbour")
    silent = await save_camera(lot, 1, name="silent")
    await save_frame(silent, received_at=datetime.now(UTC) - timedelta(hours=1))
    await save_camera(lot, name="fresh")
    text = (await staff.get("/console/now")).text
    assert "silent has sent nothing" in text
    assert "fresh has sent no picture yet" in text
    assert "<html" not in text


async def test_a_camera_is_said_to_be_the_same_in_the_list_and_in_the_head_of_its_page(staff: Visitor) -> None:
    camera = await save_camera(None, 1)
    await save_frame(camera, received_at=datetime.now(UTC) - timedelta(hours=1))
    address = f"/console/cameras/{camera.public_id}"
    whole, renewed = (await staff.get(address)).text, (await staff.get(f"{address}/seen")).text
    heads = [re.search(r'<span id="how"([^>]*)>\s*<span[^>]*>(\w+)<', text) for text in (whole, renewed)]
    assert [head and head.groups() for head in heads] == [("", "away"), (' hx-swap-oob="true"', "away")]
    assert ">away<" in (await staff.get("/console/cameras")).text


async def test_the_list_tells_how_fast_a_camera_was_read_while_its_next_picture_waits(
    staff: Visitor, app: Litestar
) -> None:
    camera = await save_camera(None, 1)
    await seen(app, camera)
    await save_frame(camera, captured_at=NOW + timedelta(seconds=5))
    assert 'data-label="Read in">12 ms<' in (await staff.get("/console/cameras")).text


@pytest.mark.parametrize("path", ["", "/seen", "/latest.jpg"])
async def test_a_camera_that_is_not_there_is_not_found(staff: Visitor, path: str) -> None:
    assert (await staff.get(f"/console/cameras/none{path}")).status_code == 404


async def test_a_page_that_shows_it_already_is_told_nothing(staff: Visitor, app: Litestar) -> None:
    camera = await save_camera(None, 2)
    await seen(app, camera)
    address = f"/console/cameras/{camera.public_id}/seen"

    async def ask(version: str) -> tuple[int, str]:
        answer = await staff.get(address, params={"version": version})
        found = re.search(r"seen\?version=(\w+)", answer.text)
        return answer.status_code, found[1] if found else version

    _, version = await ask("")
    told = set()
    for _ in range(2):  # the version moves on by itself now and then
        status, version = await ask(version)
        told.add(status)
    assert 204 in told
    await spots.save_tracks(camera.id, [a_track("A1", SpotState.FREE, seen_at=datetime.now(UTC))])
    status, changed = await ask(version)
    assert status == 200
    assert changed != version
