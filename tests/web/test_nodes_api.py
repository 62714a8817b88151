"""What nodes ask: enrolling, saying how they are, what they are to do, and a new key."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from apps import running
from builders import KEY, save_camera
from litestar import Litestar
from machines import Machine
from pictures import jpeg, signed

from parkhub.clients import Clients
from parkhub.db import cameras, frames
from parkhub.db import node_commands as command_rows
from parkhub.db import node_keys as key_rows
from parkhub.db import nodes as node_rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain.audit import EntryFilter
from parkhub.domain.cameras import Camera
from parkhub.domain.node_commands import Action
from parkhub.domain.node_configurations import Outcome
from parkhub.domain.node_keys import Way
from parkhub.secret_key import secret_key
from parkhub.services import audit, node_commands, node_configurations, node_keys
from parkhub.services import cameras as camera_service
from parkhub.services.node_keys import TRIES_OF_ALL, TRIES_PER_ADDRESS
from parkhub.settings import Settings

WHOLE: dict[str, Any] = {
    "version": "1.4.0",
    "boot": "b1",
    "uptime_s": 3600.5,
    "temperature_c": 61.5,
    "throttled": ["was-under-voltage"],
    "disk_free_bytes": 3_000_000_000,
    "spool": {
        "pictures": 3,
        "bytes": 900_000,
        "gate_pictures": 1,
        "oldest_at": "2026-11-21T10:00:00Z",
        "dropped_overview": 0,
        "dropped_gate": 0,
        "refused": 2,
    },
    "rate_per_s": 0.5,
    "capture": {"running": True, "mode": "interval", "rate_per_s": 0.5, "restarts": 1, "last_error": None},
    "configuration_version": 1,
    "clock_offset_s": -0.25,
    "last_error": None,
    "something_newer": {"is": "left aside"},
}


@pytest.fixture
async def app(database_settings: Settings, redis_url: str) -> AsyncIterator[Litestar]:
    """The real application, once on each database."""
    async with running(database_settings.model_copy(update={"redis_url": redis_url})) as found:
        yield found


@pytest.fixture
def installation(app: Litestar) -> str:
    return secret_key(app.state.settings)


@pytest.fixture
async def camera(app: Litestar) -> Camera:
    return await save_camera()


@pytest.fixture
def machine(app: Litestar, camera: Camera) -> Machine:
    return Machine(app, camera)


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


async def notes(camera: Camera) -> list[str]:
    found = await audit.list_entries(EntryFilter(subject=f"camera:{camera.public_id}"))
    return [entry.action for entry in reversed(found)]


@pytest.mark.parametrize("below", ["heartbeat", "results", "commands/x", "reports/x", "configuration/1"])
async def test_a_stranger_s_body_is_not_read(app: Litestar, camera: Camera, below: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    path = f"/api/v1/cameras/{camera.public_id}/{below}"
    headers = Machine(app, camera, key="another").headers("POST", path, b"")
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://parkhub.test") as client:
        answer = await client.post(path, content=endless(), headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("version", [0, 2**31, 10**30])
async def test_a_version_that_no_database_can_count_to_is_none(machine: Machine, version: int) -> None:
    answer = await machine.ask("POST", f"configuration/{version}", {"outcome": "taken", "why": ""})
    assert answer.status_code == 404


class TestEnrolling:
    async def test_a_code_gives_a_fresh_key_once(self, machine: Machine, camera: Camera, installation: str) -> None:
        code = await node_keys.make_code(camera, installation, None, datetime.now(UTC))
        answer = await machine.enrol(f" {code.lower().replace('-', ' ')} ")
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert (told["server"], told["camera"]) == ("http://parkhub.test", camera.public_id)
        assert (await machine.ask("POST", "heartbeat", {})).status_code == 401  # the key before
        machine.key = told["key"]
        assert (await machine.beat())["configuration_version"] == 1
        again = await machine.enrol(code)
        assert (again.status_code, again.json()["detail"]) == (403, node_keys.WRONG)
        assert await notes(camera) == ["camera.code_made", "camera.enrolled"]

    async def test_of_two_that_come_with_one_code_one_wins(
        self, machine: Machine, camera: Camera, installation: str
    ) -> None:
        code = await node_keys.make_code(camera, installation, None, datetime.now(UTC))
        answers = await asyncio.gather(*(machine.enrol(code, f"10.0.0.{at}") for at in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403, 403, 403]
        [machine.key] = [answer.json()["key"] for answer in answers if answer.status_code == 201]
        await machine.beat()

    async def test_a_new_code_voids_the_old_and_half_an_hour_ends_it(
        self, machine: Machine, camera: Camera, installation: str
    ) -> None:
        now = datetime.now(UTC)
        old = await node_keys.make_code(camera, installation, None, now)
        late = await node_keys.make_code(camera, installation, None, now - timedelta(minutes=31))
        assert [(await machine.enrol(code)).status_code for code in (old, late)] == [403, 403]

    async def test_only_a_hash_of_the_code_is_kept(self, camera: Camera, installation: str) -> None:
        code = await node_keys.make_code(camera, installation, None, datetime.now(UTC))
        kept = str(await fetch("SELECT * FROM node_code")) + str(await fetch("SELECT * FROM audit_entry"))
        assert code not in kept
        assert code.replace("-", "") not in kept

    async def test_codes_cannot_be_guessed_and_strangers_lock_nobody_out(
        self, machine: Machine, camera: Camera, installation: str, clients: Clients
    ) -> None:
        code = await node_keys.make_code(camera, installation, None, datetime.now(UTC))
        tries = [await machine.enrol("AAAAA-AAAAA", "198.51.100.7") for _ in range(TRIES_PER_ADDRESS + 1)]
        assert [answer.status_code for answer in tries] == [403] * TRIES_PER_ADDRESS + [429]
        assert int(tries[-1].headers["retry-after"]) > 0
        for _ in range(TRIES_OF_ALL):
            await clients.limiter.count("enrol", 60)
        assert (await machine.enrol("AAAAA-AAAAB", "198.51.100.8")).status_code == 403
        assert (await machine.enrol("AAAAA-AAAAC", "198.51.100.8")).status_code == 429
        assert (await machine.enrol(code, "192.0.2.1")).status_code == 201

    async def test_what_is_no_code_is_refused(self, machine: Machine) -> None:
        for code in (None, 7, ["x"], "\ud800"):
            assert (await machine.enrol(code)).status_code == 422
        for code in ("", "x" * 3000, "ÄÄÄÄÄ-ÄÄÄÄÄ", "0" * 9):
            assert (await machine.enrol(code)).status_code == 403
        assert (await machine.enrol("x" * 9000)).status_code == 413


class TestHeartbeats:
    async def test_how_a_node_is_is_kept_once_per_camera(self, machine: Machine, camera: Camera) -> None:
        before = datetime.now(UTC).timestamp()
        told = await machine.beat(**WHOLE)
        assert told.keys() == {"time", "configuration_version", "engines", "key", "twin"}
        assert before - 1 < told["time"] < before + 30
        assert (told["configuration_version"], told["key"]) == (1, None)
        await machine.beat(temperature_c=40)
        node = await node_rows.find_node(camera.id)
        assert node is not None
        assert (node.heartbeat.temperature_c, node.heartbeat.version) == (40, None)
        assert len(await fetch("SELECT id FROM node")) == 1
        [hour] = (await node_rows.list_hours(camera.id, datetime.now(UTC) - timedelta(hours=2)))[-1:]
        assert (hour.temperature_c, hour.pictures_waiting) == (61.5, 3)

    async def test_one_signed_before_the_last_changes_nothing(self, machine: Machine, camera: Camera) -> None:
        now = datetime.now(UTC)
        await machine.beat(version="new", now=now)
        await machine.beat(version="old", now=now - timedelta(seconds=60))
        node = await node_rows.find_node(camera.id)
        assert node is not None
        assert node.heartbeat.version == "new"

    async def test_texts_are_cut_to_size(self, machine: Machine, camera: Camera) -> None:
        await machine.beat(last_error="a\x00b\n" + "c" * 999, version="<script>" + "v" * 99)
        node = await node_rows.find_node(camera.id)
        assert node is not None
        assert node.heartbeat.last_error == "a b " + "c" * 296
        assert len(node.heartbeat.version or "") == 60

    async def test_hostile_values_are_refused(self, machine: Machine, camera: Camera) -> None:
        for said in (b"", b'{"temperature_c": 1e999}', b'{"x": ' + b"[" * 30_000):
            answer = await machine.ask("POST", "heartbeat", said)
            assert answer.status_code == 422, answer.text
            assert answer.headers["content-type"].startswith("application/problem+json")
        assert await node_rows.find_node(camera.id) is None

    async def test_what_is_too_large_is_refused(self, machine: Machine) -> None:
        answer = await machine.ask("POST", "heartbeat", {"version": "v" * 70_000})
        assert answer.status_code == 413

    async def test_strangers_are_refused(self, machine: Machine) -> None:
        machine.key = "another"
        for method, path in (
            ("POST", "heartbeat"),
            ("GET", "configuration"),
            ("POST", "configuration/1"),
            ("POST", "reports/x"),
            ("GET", "commands"),
        ):
            assert (await machine.ask(method, path, {} if method == "POST" else None)).status_code == 401

    async def test_a_camera_that_is_switched_off_is_told_to_pause(self, machine: Machine, camera: Camera) -> None:
        assert (await machine.ask("GET", "configuration")).json()["running"] is True
        async with transaction():
            await cameras.set_enabled(camera.id, enabled=False)
        assert (await machine.beat())["configuration_version"] == 2
        assert (await machine.ask("GET", "configuration")).json()["running"] is False
        picture = jpeg()
        refused = await machine._client.post(
            f"/api/v1/cameras/{camera.public_id}/frames", content=picture, headers=signed(camera.public_id, picture)
        )
        assert refused.status_code == 403


class TestConfigurations:
    async def test_the_first_document_is_the_one_of_the_wire(self, machine: Machine) -> None:
        found = (await machine.ask("GET", "configuration")).json()
        assert found.pop("timezone") == "Europe/Berlin"
        assert found == {
            "version": 1,
            "running": True,
            "mode": "interval",
            "interval_s": 10.0,
            "change": {"interval_min_s": 2.0, "interval_max_s": 60.0, "threshold": 0.02, "area": None},
            "gate": {"area": None, "burst_max": 8, "keep": 4, "idle_interval_s": 60.0},
            "schedule": [],
            "picture": {"quality": 85, "quality_min": 60, "width_max": 1920, "width_min": 1280},
            "camera": {"night": "auto", "exposure_us": None, "gain": None, "focus": "auto", "lens_position": None},
            "upload": {"pictures_per_s": 4.0, "kbit_per_s": None},
            "heartbeat_s": 30.0,
            "edge": {"enabled": False, "pictures_if_broken": False},
        }

    async def test_the_first_document_is_made_once(self, machine: Machine, camera: Camera) -> None:
        answers = await asyncio.gather(*(machine.ask("GET", "configuration") for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        assert len(await fetch("SELECT id FROM node_configuration")) == 1

    async def test_a_node_takes_a_version_or_refuses_it(self, machine: Machine, camera: Camera) -> None:
        await machine.beat()
        for _ in range(2):
            said = await machine.ask("POST", "configuration/1", {"outcome": "refused", "why": "gate.keep\x00 is odd"})
            assert (said.status_code, said.json()) == (200, {"version": 1, "outcome": "refused"})
        version = await node_configurations.get_version(camera, 1)
        assert (version.outcome, version.why) == (Outcome.REFUSED, "gate.keep  is odd")
        assert (await machine.ask("POST", "configuration/1", {"outcome": "taken", "why": ""})).status_code == 200
        assert (await node_configurations.get_version(camera, 1)).outcome is Outcome.TAKEN

    async def test_another_word_is_refused(self, machine: Machine) -> None:
        await machine.beat()
        for said in (b"", b"[]", b'{"outcome": "maybe"}', b'{"outcome": ""}', b'{"outcome": 1}'):
            assert (await machine.ask("POST", "configuration/1", said)).status_code == 422

    async def test_of_a_version_that_is_none_there_is_no_word(self, machine: Machine) -> None:
        for path in ("configuration/1", "configuration/99999999999", "configuration/-1"):
            answer = await machine.ask("POST", path, {"outcome": "taken"})
            assert answer.status_code == 404, path


class TestKeys:
    async def test_old_and_new_are_taken_until_the_new_one_was_used(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str
    ) -> None:
        old = machine.key
        await node_keys.begin_change(clients, camera, installation, None, datetime.now(UTC))
        first = (await machine.beat())["key"]
        assert (await machine.beat())["key"] == first  # the first answer may have been lost
        machine.key = first["key"]
        assert (await machine.beat())["key"] is None
        assert (await cameras.get_camera(camera.id)).key_hash != camera.key_hash
        machine.key = old
        await machine.beat()  # what was on its way
        await fetch("UPDATE key_change SET used_at = {}", datetime.now(UTC) - timedelta(seconds=61))
        assert (await machine.ask("POST", "heartbeat", {})).status_code == 401
        machine.key = first["key"]
        await machine.beat()
        assert await notes(camera) == ["camera.key_change_begun", "camera.key_changed"]
        assert first["key"] not in str(await fetch("SELECT * FROM key_change"))
        assert [row["uid"] for row in await fetch("SELECT uid FROM key_change")] == [""]

    async def test_who_looks_after_a_node_is_told_of_a_newer_key_until_it_is_used(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str
    ) -> None:
        told = (await machine.ask("GET", "node")).json()
        assert told == {"heard_at": None, "twin": False, "new_key_at": None}
        now = datetime.now(UTC)
        await node_keys.begin_change(clients, camera, installation, None, now)
        machine.key = (await machine.beat())["key"]["key"]
        machine.key, new = KEY, machine.key
        told = (await machine.ask("GET", "node")).json()
        assert datetime.fromisoformat(told["new_key_at"]) == now
        assert datetime.fromisoformat(told["heard_at"]) >= now
        machine.key = new
        assert (await machine.ask("GET", "node")).json()["new_key_at"] is None

    @pytest.mark.parametrize("way", ["by a code", "by hand", "by its node"])
    async def test_the_key_before_is_told_that_it_was_replaced_and_no_other_is(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str, way: str
    ) -> None:
        if way == "by a code":
            code = await node_keys.make_code(camera, installation, None, datetime.now(UTC))
            assert (await machine.enrol(code)).status_code == 201
        elif way == "by hand":
            await camera_service.rotate_key(camera, None, datetime.now(UTC))
        else:
            await node_keys.begin_change(clients, camera, installation, None, datetime.now(UTC))
            machine.key = (await machine.beat())["key"]["key"]
            await machine.beat()
            await fetch("UPDATE key_change SET used_at = {}", datetime.now(UTC) - timedelta(seconds=61))
        machine.key = KEY
        refused = await machine.ask("GET", "node")
        assert (refused.status_code, "was replaced" in refused.json()["detail"]) == (401, True)
        machine.key = "another"
        assert "replaced" not in (await machine.ask("GET", "node")).json()["detail"]

    async def test_a_picture_signed_with_the_new_key_counts_as_its_use(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str
    ) -> None:
        await node_keys.begin_change(clients, camera, installation, None, datetime.now(UTC))
        told, picture = (await machine.beat())["key"], jpeg()
        headers = signed(camera.public_id, picture, 5, key=told["key"])
        sent = await machine._client.post(
            f"/api/v1/cameras/{camera.public_id}/frames", content=picture, headers=headers
        )
        assert sent.status_code == 201
        assert await notes(camera) == ["camera.key_change_begun", "camera.key_changed"]

    async def test_a_wrong_signature_with_the_new_key_is_no_use_of_it(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str
    ) -> None:
        await node_keys.begin_change(clients, camera, installation, None, datetime.now(UTC))
        path = f"/api/v1/cameras/{camera.public_id}/heartbeat"
        headers = machine.headers("POST", path, b"{}") | {"Parkhub-Key": (await machine.beat())["key"]["key"]}
        assert (await machine._client.post(path, content=b"{}", headers=headers)).status_code == 401
        assert await notes(camera) == ["camera.key_change_begun"]

    async def test_one_that_is_never_used_dies_and_the_old_one_stays(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str
    ) -> None:
        long_ago = datetime.now(UTC) - timedelta(days=8)
        await node_keys.begin_change(clients, camera, installation, None, long_ago)
        offered = await node_keys.offered(camera, installation, long_ago)
        assert offered is not None
        assert (await machine.beat())["key"] is None
        machine.key = offered["key"]
        assert (await machine.ask("POST", "heartbeat", {})).status_code == 401

    async def test_an_enrolment_ends_a_change_on_its_way(
        self, machine: Machine, camera: Camera, clients: Clients, installation: str
    ) -> None:
        now = datetime.now(UTC)
        await node_keys.begin_change(clients, camera, installation, None, now)
        told = (await machine.beat())["key"]
        code = await node_keys.make_code(camera, installation, None, now)
        assert (await machine.enrol(code)).status_code == 201
        change = await key_rows.find_change(camera.id)
        assert change is not None
        assert (change.way, change.uid) == (Way.ENROLLED, "")
        machine.key = told["key"]
        assert (await machine.ask("POST", "heartbeat", {})).status_code == 401


class TestCommands:
    async def test_an_answer_is_noted_once(self, machine: Machine, camera: Camera, clients: Clients) -> None:
        command = await node_commands.ask(clients, camera, Action.RESTART, None, datetime.now(UTC))
        for outcome in ("acknowledged", "refused"):
            said = {"id": command.uid, "outcome": outcome, "why": "\x07"}
            answer = await machine.ask("POST", f"commands/{command.uid}", said)
            assert answer.json() == {"id": command.uid, "outcome": "acknowledged"}
        assert await command_rows.list_waiting(camera.id, datetime.now(UTC)) == []

    async def test_another_cameras_command_is_not_answered(
        self, app: Litestar, camera: Camera, clients: Clients
    ) -> None:
        other = await save_camera(public_id="other-1", name="Other")
        command = await node_commands.ask(clients, camera, Action.LOGS, None, datetime.now(UTC))
        stranger = Machine(app, other)
        said = {"id": command.uid, "outcome": "acknowledged", "why": ""}
        assert (await stranger.ask("POST", f"commands/{command.uid}", said)).status_code == 404
        assert (await stranger.ask("POST", f"reports/{command.uid}", b"x")).status_code == 404

    async def test_a_log_is_kept_and_a_later_one_takes_its_place(
        self, machine: Machine, camera: Camera, clients: Clients
    ) -> None:
        command = await node_commands.ask(clients, camera, Action.LOGS, None, datetime.now(UTC))
        for text in (b"first", b"two\n\x00lines \xff"):
            answer = await machine.ask("POST", f"reports/{command.uid}", text)
            assert (answer.status_code, answer.json()) == (200, {"id": command.uid, "status": "stored"})
        assert await node_commands.find_report(command) == "two\n�lines �"

    async def test_reports_have_bounds(self, machine: Machine, camera: Camera, clients: Clients) -> None:
        now = datetime.now(UTC)
        log = await node_commands.ask(clients, camera, Action.LOGS, None, now)
        assert (await machine.ask("POST", f"reports/{log.uid}", b"x" * (256 * 1024 + 1))).status_code == 413
        focus = await node_commands.ask(clients, camera, Action.FOCUS, None, now)
        for said in (
            b"",
            b'{"sharpness": -1, "best": 2}',
            b'{"sharpness": "1", "best": 2}',
            b'{"best": 2}',
            b"[" * 9999,
        ):
            assert (await machine.ask("POST", f"reports/{focus.uid}", said)).status_code == 422
        restart = await node_commands.ask(clients, camera, Action.RESTART, None, now)
        assert (await machine.ask("POST", f"reports/{restart.uid}", b"{}")).status_code == 422
        old = await node_commands.ask(clients, camera, Action.SNAPSHOT, None, now - timedelta(minutes=10))
        assert (await machine.ask("POST", f"reports/{old.uid}", b"{}")).status_code == 404


class TestUnsureClocks:
    async def test_a_picture_of_an_unknown_time_is_stored_whatever_its_time(
        self, machine: Machine, camera: Camera
    ) -> None:
        picture = jpeg()
        for sequence, taken in enumerate(("1970-01-01T00:00:07Z", "2031-01-01T00:00:00Z")):
            headers = signed(camera.public_id, picture, sequence, captured_at=taken)
            path = f"/api/v1/cameras/{camera.public_id}/frames"
            assert (await machine._client.post(path, content=picture, headers=headers)).status_code == 422
            for status in (201, 200):
                sent = await machine._client.post(path, content=picture, headers=headers | {"Parkhub-Clock": "unsure"})
                assert sent.status_code == status, sent.text
        now = datetime.now(UTC)
        kept = await frames.list_frames(camera.id, 10)
        assert [frame.clock_unsure for frame in kept] == [True, True]
        assert all(now - timedelta(days=7, minutes=1) < frame.captured_at <= now for frame in kept)
