"""Gates whose cameras read plates themselves: what they fetch, and what becomes of what they say they have read."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import recognising
from apps import running
from builders import save_camera
from litestar import Litestar
from machines import Machine
from pictures import draw, encode, jpeg

from parkhub.clients.picture_proof import inspect
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import passages as passage_rows
from parkhub.domain.cameras import Camera, CameraRole, Engine, Gate
from parkhub.domain.edge_cars import CROP_BYTES_MAX, settings_file
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.passages import GatePassage
from parkhub.domain.plate_layouts import layouts_of
from parkhub.services import edge
from parkhub.settings import Settings
from parkhub.web.passages import load_shot
from tasks.engines import Engines
from tasks.frames import CameraTurns, read_frame

CLOCK = (0.7, 0.0, 0.3, 0.1)
SIZE = 1280, 720
CROP = jpeg(size=(120, 60))
PROGRESSIVE = encode(draw(), "JPEG", progressive=True)


@pytest.fixture
async def app(database_settings: Settings, redis_url: str) -> AsyncIterator[Litestar]:
    """The real application, once on each database."""
    async with running(database_settings.model_copy(update={"redis_url": redis_url})) as found:
        yield found


@pytest.fixture
async def camera(app: Litestar) -> Camera:
    found = await save_camera(
        spots_seen=2,
        public_id="gate-1",
        engine=Engine.CLASSIFIER,
        gate=Gate(CameraRole.ENTRANCE, "gb", excluded=(CLOCK,)),
    )
    await recognising.switch(app.state.clients, found)
    return found


@pytest.fixture
def machine(app: Litestar, camera: Camera) -> Machine:
    return Machine(app, camera)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def letters(text: str) -> list[Any]:
    return [[[letter, 0.99], ["0", 0.006]] for letter in text]


def a_plate(text: str = "BD52KTV", **given: Any) -> dict[str, Any]:
    box = [500.0, 400.0, 650.0, 434.0]
    return {"box": box, "confidence": 0.9, "first": letters(text), "again": [], "lines": [], "crop": b64(CROP)} | given


async def results(machine: Machine, **given: Any) -> dict[str, Any]:
    """What a node says that has seen a plate and a van, and one of two places."""
    told = (await machine.ask("GET", "engines")).json()
    van = {"kind": "truck", "confidence": 0.8, "box": [300.0, 100.0, 600.0, 500.0]}
    return {
        "engine_sha256": "0" * 64,
        "version": told["version"],
        "width": SIZE[0],
        "height": SIZE[1],
        "spots": [{"id": told["spots"][0]["id"], "state": "occupied", "confidence": 0.9}],
        "plates": [a_plate()],
        "vehicles": [van],
    } | given


async def read(app: Litestar, machine: Machine, said: dict[str, Any]) -> Frame:
    """Have it taken, and read as vision does when its turn comes."""
    stored = await machine.ask("POST", "results", said)
    assert stored.status_code == 201, stored.text
    ctx = {"clients": app.state.clients, "engines": Engines(app.state.settings), "turns": CameraTurns()}
    for _ in range(2):
        await read_frame(ctx, stored.json()["id"])
    return await frame_rows.get_frame(stored.json()["id"])


async def passages_at(camera: Camera) -> list[GatePassage]:
    now = datetime.now(UTC)
    return await passage_rows.list_passages(camera.id, now - timedelta(minutes=5), now + timedelta(minutes=5))


class TestWhatAGateFetches:
    async def test_the_networks_their_settings_and_where_not_to_look(self, machine: Machine, camera: Camera) -> None:
        told = (await machine.ask("GET", "engines")).json()
        assert told["gate"] == {"excluded": [[*CLOCK]], "layouts": [*layouts_of("gb")]}
        names = ["spots.onnx", "plates_find.onnx", "plates_read.onnx", "vehicles.onnx", "gate.json"]
        assert [file["name"] for file in told["files"]] == names
        for file in told["files"]:
            got = (await machine.ask("GET", f"engines/{file['name']}")).content
            assert (len(got), hashlib.sha256(got).hexdigest()) == (file["bytes"], file["sha256"])
        assert msgspec.json.decode(settings_file())["strip"] == {
            "width_px": 192, "height_px": 48, "shrink_min": 2.0, "contrast_min": 8,
        }  # fmt: skip
        versions = {told["version"]}
        for gate in (Gate(CameraRole.ENTRANCE, "gb"), Gate(CameraRole.ENTRANCE, "nl", excluded=(CLOCK,))):
            await camera_rows.set_gate(camera.id, gate)
            versions.add((await machine.ask("GET", "engines")).json()["version"])
        assert (len(versions), len({version.split("-")[0] for version in versions})) == (3, 1)

    async def test_the_heartbeat_tells_the_version_once_it_is_switched_on(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        assert (await machine.beat())["engines"] == (await machine.ask("GET", "engines")).json()["version"]
        await recognising.switch(app.state.clients, camera, on=False)
        assert (await machine.beat())["engines"] is None


class TestWhatAGateHasRead:
    async def test_counts_as_what_the_server_reads_with_its_evidence(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        frame = await read(app, machine, await results(machine))
        assert (frame.status, frame.has_picture) == (FrameStatus.READ, False)
        assert [seen.spot for seen in await frame_rows.load_observations(frame.id)] == ["A1"]
        (passage,) = await passages_at(camera)
        assert (passage.plate, passage.kind, passage.frames) == ("BD52KTV", "truck", 1)
        (kept,) = await passage_rows.list_reads(passage.id)
        assert (kept.read.raw, kept.crop_key[-4:]) == (("BD52KTV",), ".jpg")
        assert await app.state.clients.pictures.get(passage.crop_key) == CROP
        shot = await load_shot(app.state.clients, passage, "North gate")
        assert (shot.camera, shot.kept, shot.whole) == (
            "North gate (recognised at the camera, no picture)", True, False,
        )  # fmt: skip

    async def test_a_car_without_a_plate_is_one_by_its_shape(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        van = {"kind": "truck", "confidence": 0.8, "box": [300.0, 100.0, 600.0, 500.0], "crop": b64(CROP)}
        far = {"kind": "car", "confidence": 0.9, "box": [20.0, 20.0, 60.0, 40.0]}
        await read(app, machine, await results(machine, plates=[a_plate("AUDI")], vehicles=[far, van]))
        (passage,) = await passages_at(camera)
        assert (passage.plate, passage.kind) == ("", "truck")
        assert await app.state.clients.pictures.get(passage.crop_key) == CROP

    async def test_what_lies_where_nobody_is_to_look_is_left_aside(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        burnt_in = a_plate(box=[1000.0, 10.0, 1150.0, 44.0])
        await read(app, machine, await results(machine, plates=[burnt_in], vehicles=[]))
        assert await passages_at(camera) == []

    async def test_a_car_counts_although_places_were_drawn_anew_since(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        said = await results(machine)
        await camera_rows.set_marked_on(camera.id, *SIZE)
        frame = await read(app, machine, said)
        assert frame.status is FrameStatus.READ
        assert list(await frame_rows.load_observations(frame.id)) == []
        assert [passage.plate for passage in await passages_at(camera)] == ["BD52KTV"]

    async def test_of_an_unsure_time_it_is_a_passage_that_people_are_asked_about(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        said = json.dumps(await results(machine)).encode()
        path = f"/api/v1/cameras/{camera.public_id}/results"
        headers = machine.headers("POST", path, said) | {"Parkhub-Clock": "unsure"}
        stored = await machine._client.post(path, content=said, headers=headers)
        ctx = {"clients": app.state.clients, "engines": Engines(app.state.settings), "turns": CameraTurns()}
        await read_frame(ctx, stored.json()["id"])
        assert [(passage.plate, passage.clock_unsure) for passage in await passages_at(camera)] == [("BD52KTV", True)]

    async def test_a_crop_that_is_no_small_jpeg_is_refused(self, machine: Machine, camera: Camera) -> None:
        no_picture, large = b"\xff\xd8\xff no picture", CROP + bytes(CROP_BYTES_MAX)
        for crop in (no_picture, large, encode(draw(), "PNG"), jpeg(size=(1200, 1200)), PROGRESSIVE):
            refused = await machine.ask("POST", "results", await results(machine, plates=[a_plate(crop=b64(crop))]))
            assert (refused.status_code, "cannot be taken" in refused.json()["detail"]) == (422, True)
        assert await frame_rows.list_frames(camera.id, 10) == []

    async def test_more_crops_than_a_node_sends_are_refused(self, machine: Machine) -> None:
        van = {"kind": "truck", "confidence": 0.8, "box": [300.0, 100.0, 600.0, 500.0], "crop": b64(CROP)}
        said = [await results(machine, vehicles=[van] * count) for count in (5, 4)]
        assert [(await machine.ask("POST", "results", each)).status_code for each in said] == [422, 201]

    async def test_crops_are_looked_at_only_once_the_results_are_new_and_have_room(
        self, app: Litestar, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked = []
        monkeypatch.setattr(edge, "inspect", lambda *given: looked.append(given) or inspect(*given))
        said, usual = json.dumps(await results(machine)).encode(), app.state.settings
        app.state.settings = usual.model_copy(update={"frames_waiting_per_camera_max": 0})
        assert (await machine.ask("POST", "results", said)).status_code == 503
        assert looked == []
        app.state.settings = usual
        assert [(await machine.ask("POST", "results", said)).status_code for _ in range(3)] == [201, 200, 200]
        assert len(looked) == 1

    async def test_what_was_recognised_without_looking_for_plates_is_refused(self, machine: Machine) -> None:
        said = await results(machine)
        refused = await machine.ask("POST", "results", {name: said[name] for name in said if name != "plates"})
        assert (refused.status_code, "Bring its node up to date" in refused.json()["detail"]) == (422, True)

    async def test_what_was_sent_before_the_camera_watched_a_gate_shows_no_car(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        await camera_rows.set_gate(camera.id, Gate())
        stored = await machine.ask("POST", "results", await results(machine, plates=None, vehicles=None))
        await camera_rows.set_gate(camera.id, Gate(CameraRole.ENTRANCE, "gb"))
        ctx = {"clients": app.state.clients, "engines": Engines(app.state.settings), "turns": CameraTurns()}
        await read_frame(ctx, stored.json()["id"])
        frame = await frame_rows.get_frame(stored.json()["id"])
        assert (frame.status, "without looking for plates" in frame.error) == (FrameStatus.FAILED, True)


async def test_a_repeat_and_a_large_body_are_answered_as_pictures_are(machine: Machine) -> None:
    said = json.dumps(await results(machine)).encode()
    now = datetime.now(UTC)
    assert [(await machine.ask("POST", "results", said, now=now)).status_code for _ in range(2)] == [201, 200]
    assert (await machine.ask("POST", "results", b" " * 2_000_000)).status_code == 413
