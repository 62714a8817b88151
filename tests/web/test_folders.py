"""The page of watched folders."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apps import running
from builders import save_camera, save_lot
from litestar import Litestar
from visitors import Visitor

from parkhub.db import folders as rows
from parkhub.domain.audit import EntryFilter
from parkhub.domain.cameras import Camera
from parkhub.domain.folders import TimeFrom
from parkhub.services import audit
from parkhub.settings import Settings
from parkhub.web.folders import FolderView

PAGE = "/console/recordings/folders"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "cameras"
    (found / "roof").mkdir(parents=True)
    return found


@pytest.fixture
async def app(web_settings: Settings, root: Path) -> AsyncIterator[Litestar]:
    async with running(web_settings.model_copy(update={"watch_roots": str(root)})) as application:
        yield application


async def test_without_an_allowed_folder_the_page_says_what_to_set(staff: Visitor, app: Litestar) -> None:
    app.state.settings = app.state.settings.model_copy(update={"watch_roots": ""})
    text = (await staff.get(PAGE)).text
    assert "PARKHUB_WATCH_ROOTS" in text
    assert "Folder on the server" not in text


async def test_attendants_do_not_watch_folders(attendant: Visitor) -> None:
    assert (await attendant.get(PAGE)).status_code == 403


async def test_a_folder_is_watched_stopped_started_and_left(staff: Visitor, root: Path) -> None:
    camera = await save_camera(await save_lot(name="Harbour"), name="Roof")
    form = {"path": f"{root}/roof", "camera": camera.public_id, "time_from": "file", "deletes": "1"}
    for wrong, words in (
        ({"path": "/etc"}, "Name a folder below one of those"),
        ({"path": f"{root}/cellar"}, "there is none of that name"),
        ({"camera": "none"}, "Choose the camera"),
        ({"time_from": "never"}, "Choose one of the two"),
    ):
        refused = await staff.send_form(PAGE, **form | wrong)
        assert (refused.status_code, words in refused.text) == (422, True)
    assert (await staff.send_form(PAGE, **form)).headers["location"] == f"{PAGE}?done=watched"
    [folder] = await rows.list_folders()
    assert (folder.path, folder.deletes, folder.enabled) == (f"{root}/roof", True, True)
    text = (await staff.get(f"{PAGE}?done=watched")).text
    assert "deleted once taken" in text
    assert "Its pictures are taken within seconds." in text
    again = await staff.send_form(PAGE, **form)
    assert (again.status_code, "is watched already" in again.text) == (422, True)
    await staff.send_form(PAGE, f"{PAGE}/{folder.id}/stop")
    assert not (await rows.get_folder(folder.id)).enabled
    assert "stopped" in (await staff.get(f"{PAGE}/now")).text
    await staff.send_form(PAGE, f"{PAGE}/{folder.id}/start")
    assert (await rows.get_folder(folder.id)).enabled
    await staff.send_form(PAGE, f"{PAGE}/{folder.id}/delete")
    assert await rows.list_folders() == []
    assert (await staff.send_form(PAGE, f"{PAGE}/{folder.id}/start")).status_code == 404
    noted = await audit.list_entries(EntryFilter(subject=f"folder:{folder.id}"))
    told = {"path": folder.path, "camera": camera.public_id, "time_from": "file", "deletes": True}
    assert [(each.action, each.before, each.after) for each in reversed(noted)] == [
        ("folder.watched", None, told),
        ("folder.stopped", {"enabled": True}, {"enabled": False}),
        ("folder.started", {"enabled": False}, {"enabled": True}),
        ("folder.left", told | {"taken": 0}, None),
    ]
    assert {each.lot_id for each in noted} == {camera.lot_id}
    assert None not in {each.email for each in noted}


async def test_a_folder_that_nobody_looks_into_says_so(sqlite_open: Settings) -> None:
    camera: Camera = await save_camera()
    now = datetime.now(UTC)
    folder = await rows.add_folder(camera.id, "/srv/roof", TimeFrom.NOW, now, deletes=False)

    async def badge(later_s: float) -> str:
        return FolderView(await rows.get_folder(folder.id), camera, now + timedelta(seconds=later_s)).badge[0]

    assert await badge(1) == "begins"
    assert await badge(100) == "nobody looks"
    await rows.note_look(folder.id, now + timedelta(seconds=90))
    assert await badge(100) == "watched"
    await rows.note_error(folder.id, "a.jpg: The picture is empty.", now + timedelta(seconds=95))
    assert await badge(100) == "trouble"
    await rows.set_enabled(folder.id, enabled=False)
    assert await badge(100) == "stopped"
