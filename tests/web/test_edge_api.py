"""Cameras that recognise by themselves: what they fetch, and what becomes of what they say they have seen."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import recognising
from apps import running
from builders import a_head, save_camera, save_frame, save_head
from litestar import Litestar
from machines import Machine

from camera_node.sender import NOT_ASKED
from parkhub.clients import Clients
from parkhub.clients.engine_files import spots_model
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.frames import FrameStatus
from parkhub.domain.lots import Lot
from parkhub.domain.node_configurations import Edge
from parkhub.domain.spots import Debounce, SpotState
from parkhub.errors import FieldsError
from parkhub.services import node_configurations
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.frames import CameraTurns, read_frame


@pytest.fixture
async def app(database_settings: Settings, redis_url: str) -> AsyncIterator[Litestar]:
    """The real application, once on each database."""
    async with running(database_settings.model_copy(update={"redis_url": redis_url})) as found:
        yield found


@pytest.fixture
async def camera(app: Litestar) -> Camera:
    found = await save_camera(spots_seen=2, debounce=Debounce(1, 1), engine=Engine.CLASSIFIER)
    await camera_rows.set_marked_on(found.id, 640, 360)
    await recognising.switch(app.state.clients, found)
    return await camera_rows.get_camera(found.id)


@pytest.fixture
def machine(app: Litestar, camera: Camera) -> Machine:
    return Machine(app, camera)


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


async def results(machine: Machine, *states: str, **given: Any) -> dict[str, Any]:
    """What a node says after it has fetched what it needs."""
    told = (await machine.ask("GET", "engines")).json()
    spots = [
        {"id": spot["id"], "state": state, "confidence": 0.9}
        for spot, state in zip(told["spots"], states, strict=False)
    ]
    return {
        "engine_sha256": next(each["sha256"] for each in told["files"] if each["name"] == "spots.onnx"),
        "version": told["version"],
        "width": 1280,
        "height": 720,
        "spots": spots,
    } | given


async def read(app: Litestar, frame_id: int) -> None:
    """As vision does when its turn comes."""
    await read_frame(
        {"clients": app.state.clients, "engines": Engines(app.state.settings), "turns": CameraTurns()}, frame_id
    )


async def states(camera: Camera) -> list[SpotState]:
    tracks = await spot_rows.load_tracks(camera.id)
    return [tracks[name].state for name in ("A1", "A2")]


async def lot_of(camera: Camera) -> Lot:
    return await lot_rows.get_lot(camera.lot_id)


class TestWhatANodeFetches:
    async def test_places_and_files_with_their_hashes(self, machine: Machine) -> None:
        told = (await machine.ask("GET", "engines")).json()
        assert [len(spot["polygon"]) for spot in told["spots"]] == [4, 4]
        assert told["marked_on"] == [640, 360]
        [file] = told["files"]
        got = await machine.ask("GET", "engines/spots.onnx")
        assert (file["name"], file["bytes"]) == ("spots.onnx", len(got.content))
        assert hashlib.sha256(got.content).hexdigest() == file["sha256"]

    async def test_the_head_fitted_to_its_lot_if_it_fits_the_model(self, machine: Machine, camera: Camera) -> None:
        head = replace(a_head(), model_sha256=spots_model().sha256)
        await save_head(camera.lot_id, head, active=True)
        told = (await machine.ask("GET", "engines")).json()
        assert [file["name"] for file in told["files"]] == ["spots.onnx", "head.json"]
        got = (await machine.ask("GET", "engines/head.json")).json()
        assert got["weights"] == list(head.weights)

    async def test_nothing_for_strangers_other_names_and_cameras_that_cannot(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        assert (await Machine(app, camera, "x" * 43).ask("GET", "engines")).status_code == 401
        for name in ("head.json", "..%2F..%2Fsecret", "plates_read.onnx"):
            assert (await machine.ask("GET", f"engines/{name}")).status_code in (401, 404)
        other = await save_camera(await lot_of(camera), public_id="other-1", engine=Engine.DETECTOR)
        assert (await Machine(app, other).ask("GET", "engines")).status_code == 404

    async def test_the_heartbeat_tells_the_version_while_the_camera_is_to_recognise(
        self, clients: Clients, machine: Machine, camera: Camera
    ) -> None:
        assert (await machine.beat())["engines"] == (await machine.ask("GET", "engines")).json()["version"]
        await recognising.switch(clients, camera, on=False)
        assert (await machine.beat())["engines"] is None

    async def test_a_camera_with_another_engine_cannot_be_told_to_recognise(
        self, clients: Clients, camera: Camera
    ) -> None:
        other = await save_camera(await lot_of(camera), public_id="other-1", engine=Engine.DETECTOR)
        first = await node_configurations.current(other, datetime.now(UTC))
        edge = msgspec.structs.replace(first.document, edge=Edge(enabled=True))
        with pytest.raises(FieldsError, match="judged by the classifier"):
            await node_configurations.save(clients, other, edge, None, datetime.now(UTC))


class TestWhatANodeHasSeen:
    async def test_changes_places_as_a_picture_would_once(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        said = json.dumps(await results(machine, "occupied", "free")).encode()
        now = datetime.now(UTC)
        stored = await machine.ask("POST", "results", said, now=now)
        again = await machine.ask("POST", "results", said, now=now)
        assert (stored.status_code, again.status_code) == (201, 200)
        assert stored.json() == again.json()
        assert stored.json()["sha256"] == hashlib.sha256(said).hexdigest()
        frame_id = stored.json()["id"]
        await read(app, frame_id)
        await read(app, frame_id)
        assert await states(camera) == [SpotState.OCCUPIED, SpotState.FREE]
        frame = await frame_rows.get_frame(frame_id)
        assert (frame.status, frame.has_picture, frame.width) == (FrameStatus.READ, False, 1280)
        assert [seen.confidence for seen in await frame_rows.load_observations(frame_id)] == [0.9, 0.9]
        assert await frame_rows.latest_read(camera.id) is None
        other = json.dumps(await results(machine, "free", "free")).encode()
        assert (await machine.ask("POST", "results", other)).status_code == 409

    async def test_what_is_late_changes_nothing(self, app: Litestar, machine: Machine, camera: Camera) -> None:
        later = datetime.now(UTC)
        newer = await save_frame(camera, captured_at=later, received_at=later)
        await camera_rows.set_last_look(camera.id, newer.id, later)
        said = await results(machine, "occupied", "occupied")
        stored = await machine.ask("POST", "results", said, now=later - timedelta(seconds=5))
        await read(app, stored.json()["id"])
        assert (await frame_rows.get_frame(stored.json()["id"])).status is FrameStatus.LATE
        assert await states(camera) == [SpotState.UNKNOWN, SpotState.UNKNOWN]

    async def test_of_an_unsure_time_changes_nothing(self, app: Litestar, machine: Machine, camera: Camera) -> None:
        said = json.dumps(await results(machine, "occupied", "occupied")).encode()
        path = f"/api/v1/cameras/{camera.public_id}/results"
        headers = machine.headers("POST", path, said) | {"Parkhub-Clock": "unsure"}
        stored = await machine._client.post(path, content=said, headers=headers)
        await read(app, stored.json()["id"])
        assert (await frame_rows.get_frame(stored.json()["id"])).clock_unsure
        assert await states(camera) == [SpotState.UNKNOWN, SpotState.UNKNOWN]

    async def test_of_places_drawn_anew_since_it_says_nothing(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        said = await results(machine, "occupied", "free")
        await camera_rows.set_marked_on(camera.id, 1280, 720)
        stored = await machine.ask("POST", "results", said)
        await read(app, stored.json()["id"])
        frame = await frame_rows.get_frame(stored.json()["id"])
        assert (frame.status, "drawn anew" in frame.error) == (FrameStatus.FAILED, True)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"spots": [{"id": 1, "state": "gone", "confidence": 0.5}]},
            {"spots": [{"id": 1, "state": "free", "confidence": 1.5}]},
            {"spots": [{"id": -1, "state": "free", "confidence": 0.5}]},
            {"spots": [{"id": 1, "state": "free", "confidence": 0.5}] * 2},
            {"spots": None},
            {"width": 0},
            {"height": 10**9},
            {"version": "../" * 11},
            {"engine_sha256": "not hexadecimal"},
        ],
        ids=lambda wrong: next(iter(wrong)),
    )
    async def test_what_is_out_of_bounds_is_refused(
        self, machine: Machine, camera: Camera, wrong: dict[str, Any]
    ) -> None:
        refused = await machine.ask("POST", "results", await results(machine, "free", "free") | wrong)
        assert (refused.status_code, "cannot be taken" in refused.json()["detail"]) == (422, True)
        assert await frame_rows.list_frames(camera.id, 10) == []

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100_000, b'{"spots":', b"null"], ids=repr)
    async def test_what_is_no_such_json_is_refused(self, machine: Machine, body: bytes) -> None:
        assert (await machine.ask("POST", "results", body)).status_code == 422

    async def test_what_is_too_large_unsigned_of_another_engine_or_of_a_camera_that_is_off_is_refused(
        self, app: Litestar, machine: Machine, camera: Camera
    ) -> None:
        said = await results(machine, "free", "free")
        assert (await machine.ask("POST", "results", b" " * 2_000_000)).status_code == 413
        assert (await Machine(app, camera, "x" * 43).ask("POST", "results", said)).status_code == 401
        other = await save_camera(await lot_of(camera), public_id="other-1", engine=Engine.DETECTOR)
        assert (await Machine(app, other).ask("POST", "results", said)).status_code == 422
        off = await save_camera(await lot_of(camera), public_id="off-1", engine=Engine.CLASSIFIER)
        await recognising.switch(app.state.clients, off)
        await camera_rows.set_enabled(off.id, enabled=False)
        assert (await Machine(app, off).ask("POST", "results", said)).status_code == 403

    async def test_nothing_is_taken_of_a_camera_that_nobody_asked_to_recognise(
        self, app: Litestar, machine: Machine, clients: Clients, camera: Camera
    ) -> None:
        said = await results(machine, "free", "free")
        never = await save_camera(await lot_of(camera), public_id="never-1", engine=Engine.CLASSIFIER)
        now = datetime.now(UTC)
        await recognising.switch(clients, never, on=False, now=now)
        refused = await Machine(app, never).ask("POST", "results", said)
        assert refused.status_code == 403
        assert NOT_ASKED in refused.json()["detail"].lower()
        assert await frame_rows.list_frames(never.id, 10) == []

    @pytest.mark.parametrize(("days", "status"), [(6, 201), (8, 403)])
    async def test_what_waited_since_it_was_switched_off_is_taken_for_as_long_as_it_may_wait(
        self, app: Litestar, clients: Clients, machine: Machine, camera: Camera, days: int, status: int
    ) -> None:
        other = await save_camera(await lot_of(camera), public_id="was-1", engine=Engine.CLASSIFIER)
        now = datetime.now(UTC)
        await recognising.switch(clients, other, now=now - timedelta(days=20))
        await recognising.switch(clients, other, on=False, now=now - timedelta(days=days))
        assert (await Machine(app, other).ask("POST", "results", await results(machine))).status_code == status
