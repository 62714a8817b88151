"""Nodes in the console: how they are, codes, commands with their outcome, and a key on its way."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from builders import save_camera, save_frame, save_lot
from litestar import Litestar
from machines import Machine
from visitors import Visitor, token_of

from parkhub.clients import Clients
from parkhub.db import cameras, frames, lots
from parkhub.db import node_commands as command_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.node_commands import Action, Command
from parkhub.domain.node_commands import Outcome as Done
from parkhub.domain.node_configurations import Outcome
from parkhub.services import node_configurations, nodes
from parkhub.web.node_pages import NodePageSource


@pytest.fixture
async def camera(app: Litestar) -> Camera:
    return await save_camera(await save_lot(slug="harbour", name="Harbour"), name="North", public_id="north-1")


@pytest.fixture
def machine(app: Litestar, camera: Camera) -> Machine:
    return Machine(app, camera)


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


def page_of(camera: Camera, more: str = "") -> str:
    return f"/console/cameras/{camera.public_id}/node{more}"


async def ask(staff: Visitor, camera: Camera, action: str, **headers: str) -> Any:
    shown = await staff.get(page_of(camera))
    form = {"_csrf_token": token_of(shown), "action": action}
    return await staff.post(page_of(camera, "/commands"), data=form, headers=headers)


class TestLooking:
    async def test_a_node_that_was_never_heard_says_how_to_begin(self, staff: Visitor, camera: Camera) -> None:
        shown = await staff.get(page_of(camera))
        assert "Nothing has been heard of a node yet." in shown.text

    async def test_its_health_stands_there_in_plain_words(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        await machine.beat(
            version="<b>1.4</b>",
            temperature_c=61.4,
            throttled=["under-voltage"],
            disk_free_bytes=3_400_000_000,
            spool={"pictures": 3, "gate_pictures": 1, "bytes": 900_000},
            rate_per_s=0.5,
            clock_offset_s=7200,
        )
        text = (await staff.get(page_of(camera))).text
        for words in (
            "Its power supply is too weak.",
            "needs a look",
            "61 °C",
            "3.4 GB",
            "3, 1 of a gate (900.0 kB)",
            "30.0 pictures a minute",
            "2 h behind",
            "&lt;b&gt;1.4&lt;/b&gt;",
        ):
            assert words in text, words
        assert "Its power supply is too weak." in (await staff.get(f"/console/cameras/{camera.public_id}")).text

    async def test_the_list_puts_first_what_needs_a_look(
        self, staff: Visitor, app: Litestar, clients: Clients, camera: Camera
    ) -> None:
        lot = await save_lot(slug="meadow", name="Meadow")
        for name, said in (("A well", {"throttled": []}), ("B weak", {"throttled": ["under-voltage"]})):
            await Machine(app, await save_camera(lot, name=name, public_id=name[0].lower())).beat(**said)
        gone = await save_camera(lot, name="C gone", public_id="c")
        then = datetime.now(UTC) - timedelta(seconds=250)
        await Machine(app, gone).beat(now=then)
        assert await nodes.tell_silent(clients, datetime.now(UTC) + timedelta(seconds=60)) == 0
        assert await nodes.tell_silent(clients, datetime.now(UTC) + timedelta(seconds=95)) == 3
        for public_id, said in (("a", {"throttled": []}), ("b", {"throttled": ["under-voltage"]})):
            await Machine(app, public_id).beat(**said)
        text = (await staff.get("/console/nodes")).text
        assert re.findall(r'/node">([^<]+)</a>', text) == ["B weak", "C gone", "North", "A well"]
        assert "It is offline" in text

    async def test_the_list_says_which_node_has_not_taken_its_newest_settings(
        self, staff: Visitor, app: Litestar, clients: Clients, camera: Camera
    ) -> None:
        now, other = datetime.now(UTC), await save_camera(await lots.get_lot(camera.lot_id), name="South")
        for each in (camera, other):
            await Machine(app, each).beat(configuration_version=1)
            await node_configurations.current(each, now)
        document = msgspec.structs.replace((await node_configurations.current(camera, now)).document, interval_s=99.0)
        await node_configurations.save(clients, camera, document, None, now)
        await node_configurations.answered(clients, camera, 2, Outcome.REFUSED, "too slow", now)
        text = (await staff.get("/console/nodes")).text
        assert text.count("It refuses version 2 of its settings: too slow.") == 1
        assert re.findall(r'/node">([^<]+)</a>', text) == ["North", "South"]

    async def test_staff_of_another_lot_see_nothing_of_it(
        self, attendant: Visitor, camera: Camera, machine: Machine
    ) -> None:
        assert (await attendant.get(page_of(camera))).status_code == 200
        for path in ("/code", "/commands", "/key", "/settings"):
            sent = await attendant.send_files(page_of(camera, path), {}, action="restart")
            assert sent.status_code == 403, path
        assert (await attendant.get(page_of(camera, "/settings"))).status_code == 403

    async def test_an_open_page_is_told_of_every_change(self, camera: Camera, machine: Machine) -> None:
        source = NodePageSource(camera.id)
        before = await source.read()
        assert source.tell(before, await source.read()) is None
        await machine.beat()
        after = await source.read()
        assert source.tell(after, before) is not None
        assert source.topics(after) == {f"node:{camera.id}"}


class TestCodes:
    async def test_a_code_is_shown_once_with_the_command_that_uses_it(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        shown = await staff.send_form(page_of(camera), page_of(camera, "/code"))
        [code] = re.findall(r"sudo parkhub-node enrol ([0-9A-Z]{5}-[0-9A-Z]{5}) http://parkhub.test", shown.text)
        assert shown.headers["cache-control"] == "no-store"
        assert code not in (await staff.get(page_of(camera))).text
        assert (await machine.enrol(code)).status_code == 201

    async def test_the_guide_makes_one_beside_the_key(self, staff: Visitor, camera: Camera, machine: Machine) -> None:
        guide = "/console/lots/harbour/guide"
        shown = await staff.send_form(f"{guide}?step=camera", f"{guide}/camera", do="code")
        [code] = re.findall(r"sudo parkhub-node enrol ([0-9A-Z]{5}-[0-9A-Z]{5})", shown.text)
        assert "sudo systemctl restart parkhub-node" in shown.text
        assert (await machine.enrol(code)).json()["camera"] == camera.public_id


class TestCommands:
    async def test_a_command_reaches_the_node_and_its_outcome_the_page(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        sent = await ask(staff, camera, "snapshot")
        assert (sent.status_code, sent.headers["location"]) == (303, page_of(camera, "#now"))
        assert "No answer yet. Asked" in (await staff.get(page_of(camera, "/now"))).text
        [command] = await command_rows.list_waiting(camera.id, datetime.now(UTC))
        said = {"id": command.uid, "outcome": "refused", "why": "the camera is busy."}
        await machine.ask("POST", f"commands/{command.uid}", said)
        assert "It refused: the camera is busy. Asked" in (await staff.get(page_of(camera, "/now"))).text

    async def test_with_scripts_only_the_part_that_changes_is_answered(self, staff: Visitor, camera: Camera) -> None:
        sent = await ask(staff, camera, "restart", **{"hx-request": "true"})
        assert sent.status_code == 200
        assert "No answer yet. Asked" in sent.text
        assert "<html" not in sent.text

    async def test_what_became_of_an_old_request_is_spoken_of_no_more(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        asked: dict[str, tuple[Action, timedelta]] = {
            "measured": (Action.FOCUS, timedelta(minutes=3)),
            "old": (Action.SNAPSHOT, timedelta(minutes=17)),
        }
        for uid, (action, ago) in asked.items():
            then = datetime.now(UTC) - ago
            command = Command(0, uid, camera.id, action, None, then, then + action.holds_for)
            async with transaction():
                await command_rows.add_command(command)
            found = await command_rows.find_command(camera.id, uid)
            assert found is not None
            async with transaction():
                await command_rows.answer(found.id, Done.ACKNOWLEDGED, "", then)
        text = (await staff.get(page_of(camera, "/now"))).text
        assert "It has measured. Asked 3 min ago" in text
        assert "It has taken a picture." not in text

    async def test_how_long_it_runs_is_told_apart_from_its_machine(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        await machine.beat(running_s=120, uptime_s=11 * 3600)
        text = (await staff.get(page_of(camera, "/now"))).text
        assert re.search(r"Running for</dt>\s*<dd>2 min<", text)
        assert re.search(r"Machine on for</dt>\s*<dd>11 h<", text)

    async def test_asked_twice_while_it_waits_it_is_one_command(self, staff: Visitor, camera: Camera) -> None:
        for _ in range(2):
            await ask(staff, camera, "restart")
        assert len(await command_rows.list_waiting(camera.id, datetime.now(UTC))) == 1

    async def test_a_log_can_be_downloaded(self, staff: Visitor, camera: Camera, machine: Machine) -> None:
        await ask(staff, camera, "logs")
        [command] = await command_rows.list_waiting(camera.id, datetime.now(UTC))
        path = page_of(camera, f"/log/{command.uid}")
        assert (await staff.get(path)).status_code == 404
        await machine.ask("POST", f"reports/{command.uid}", b"<script>alert(1)</script>\n")
        found = await staff.get(path)
        assert (found.text, found.headers["content-type"]) == (
            "<script>alert(1)</script>\n",
            "text/plain; charset=utf-8",
        )
        assert found.headers["content-disposition"].startswith('attachment; filename="north-1-')
        assert path in (await staff.get(page_of(camera))).text

    async def test_how_sharp_the_picture_is_is_shown_while_somebody_turns_the_lens(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        await ask(staff, camera, "focus")
        [command] = await command_rows.list_waiting(camera.id, datetime.now(UTC))
        await machine.ask("POST", f"commands/{command.uid}", {"id": command.uid, "outcome": "acknowledged", "why": ""})
        for sharpness in (100, 800):
            said = {"sharpness": sharpness, "best": 1000, "pictures": 7}
            await machine.ask("POST", f"reports/{command.uid}", said)
        text = (await staff.get(page_of(camera, "/now"))).text
        assert "80 % of the best" in text
        assert "Turn the lens slowly" in text

        await ask(staff, camera, "restart")
        [restart] = await command_rows.list_waiting(camera.id, datetime.now(UTC))
        assert "Turn the lens slowly" in (await staff.get(page_of(camera, "/now"))).text
        await machine.ask("POST", f"commands/{restart.uid}", {"id": restart.uid, "outcome": "acknowledged", "why": ""})
        text = (await staff.get(page_of(camera, "/now"))).text
        assert "The help with the focus is over." in text
        assert "It has measured." in text

    async def test_a_camera_that_is_switched_off_takes_no_picture(self, staff: Visitor, camera: Camera) -> None:
        async with transaction():
            await cameras.set_enabled(camera.id, enabled=False)
        refused = await ask(staff, camera, "snapshot")
        assert (refused.status_code, "Switch it on first." in refused.text) == (409, True)
        assert (await ask(staff, camera, "explode")).status_code == 422


class TestKeys:
    async def test_a_key_is_changed_through_the_heartbeat(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        await staff.send_form(page_of(camera), page_of(camera, "/key"))
        machine.key = (await machine.beat())["key"]["key"]
        assert "Offer it no longer" in (await staff.get(page_of(camera))).text
        await machine.beat()
        text = (await staff.get(page_of(camera))).text
        assert "It has a new key, used first" in text
        assert "Change its key" in text

    async def test_an_offer_can_be_taken_back(self, staff: Visitor, camera: Camera, machine: Machine) -> None:
        old = machine.key
        await staff.send_form(page_of(camera), page_of(camera, "/key"))
        machine.key = (await machine.beat())["key"]["key"]
        await staff.send_form(page_of(camera), page_of(camera, "/key"), do="cancel")
        assert (await machine.ask("POST", "heartbeat", {})).status_code == 401
        machine.key = old
        assert (await machine.beat())["key"] is None


class TestSettings:
    async def filled(self, staff: Visitor, camera: Camera, **fields: Any) -> Any:
        """The form as it is shown, with some fields changed."""
        shown = await staff.get(page_of(camera, "/settings"))
        found: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", shown.text):
            if (name := re.search(r'name="([^"]+)"', tag)) and "checkbox" not in tag:
                found[name[1]] = (re.search(r'value="([^"]*)"', tag) or ["", ""])[1]
        for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', shown.text, re.DOTALL):
            found[name] = (re.search(r'value="([^"]*)" selected', inner) or ["", "interval"])[1]
        return await staff.post(page_of(camera, "/settings"), data=found | {"_csrf_token": token_of(shown)} | fields)

    async def test_a_change_is_a_new_version_that_the_node_gets(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        fields = {
            "mode": "gate",
            "gate-area": "0.2, 0.4,0.5,0.5",
            "interval_s": "7,5",
            "row-1-days": ["mo", "fr"],
            "row-1-from": "22:00",
            "row-1-to": "06:00",
            "row-1-interval_s": "120",
            "camera-night": "on",
        }
        saved = await self.filled(staff, camera, **fields)
        assert (saved.status_code, saved.headers.get("location")) == (303, page_of(camera, "/settings?saved=2"))
        assert (await machine.beat(configuration_version=1))["configuration_version"] == 2
        got = (await machine.ask("GET", "configuration")).json()
        assert (got["version"], got["mode"], got["interval_s"]) == (2, "gate", 7.5)
        assert got["gate"]["area"] == [0.2, 0.4, 0.5, 0.5]
        assert got["camera"]["night"] == "on"
        row = {"days": ["mo", "fr"], "from": "22:00", "to": "06:00", "mode": "interval", "interval_s": 120.0}
        assert got["schedule"] == [row]

    async def test_its_areas_are_shown_on_the_last_picture_and_typed_without_it(
        self, staff: Visitor, camera: Camera
    ) -> None:
        await self.filled(staff, camera, **{"change-area": "0.25,0.5,0.5,0.25"})
        bare = (await staff.get(page_of(camera, "/settings"))).text
        frame = await save_frame(camera, width=800, height=400)
        await frames.finish_frame(frame.id, FrameStatus.READ, 1.0, [], "")
        await cameras.set_last_look(camera.id, frame.id, frame.captured_at)
        shown = (await staff.get(page_of(camera, "/settings"))).text
        assert ("data-areas" in bare, bare.count('name="change-area"')) == (False, 1)
        assert re.findall(r'data-areas="#(f-[a-z-]+)"', shown) == ["f-change-area", "f-gate-area"]
        drawn = '<rect class="trigger" x="200.0" y="200.0" width="400.0" height="100.0"/>'
        assert shown.count('class="trigger"') == shown.count(drawn) == 1

    async def test_the_form_as_it_is_shown_changes_nothing(self, staff: Visitor, camera: Camera) -> None:
        saved = await self.filled(staff, camera)
        assert saved.headers.get("location") == page_of(camera, "/settings?saved=1")

    async def test_every_wrong_field_is_told_and_nothing_is_saved(self, staff: Visitor, camera: Camera) -> None:
        wrong = {
            "interval_s": "0",
            "gate-keep": "9",
            "gate-area": "all of it",
            "change-threshold": "nan",
            "picture-quality": "8.5",
            "mode": "always",
            "row-0-from": "22:00",
            "row-0-interval_s": "x",
        }
        shown = await self.filled(staff, camera, **wrong)
        assert shown.status_code == 422
        for name in ("interval_s", "gate-area", "change-threshold", "picture-quality", "mode"):
            assert f'id="f-{name}-error"' in shown.text, name
        assert 'value="all of it"' in shown.text
        assert "Nothing is saved yet" in shown.text
        assert (await node_configurations.current(camera, datetime.now(UTC))).number == 1
        shown = await self.filled(staff, camera, **{"gate-keep": "9"})
        assert "No more can be kept than are taken." in shown.text

    async def test_of_two_people_the_second_is_told(self, staff: Visitor, camera: Camera) -> None:
        await self.filled(staff, camera, interval_s="5")
        late = await self.filled(staff, camera, interval_s="6", version="1")
        assert (late.status_code, node_configurations.OTHERS in late.text) == (409, True)

    async def test_an_older_version_comes_back_as_a_new_one(self, staff: Visitor, camera: Camera) -> None:
        await self.filled(staff, camera, interval_s="5")
        page = page_of(camera, "/settings")
        assert (await staff.send_form(page, f"{page}/1")).headers["location"] == f"{page}?saved=3"
        found = await node_configurations.current(camera, datetime.now(UTC))
        assert (found.number, found.document.interval_s, found.note) == (3, 10.0, "version 1 again")
        assert (await staff.send_form(page, f"{page}/77")).status_code == 404

    async def test_what_the_node_runs_and_refuses_stands_there(
        self, staff: Visitor, camera: Camera, machine: Machine
    ) -> None:
        await machine.beat()
        await machine.ask("POST", "configuration/1", {"outcome": "taken"})
        await self.filled(staff, camera, interval_s="5")
        await machine.ask("POST", "configuration/2", {"outcome": "refused", "why": "interval_s is odd"})
        text = (await staff.get(page_of(camera, "/settings"))).text
        assert "It runs version 1, taken" in text
        assert "It refuses version 2 of its settings: interval_s is odd." in text
