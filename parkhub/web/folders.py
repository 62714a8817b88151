"""The staff page "Watched folders": which there are, how they do, and which are allowed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import cameras as camera_rows
from parkhub.db import folders as rows
from parkhub.db import lots as lot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.folders import TimeFrom, WatchedFolder
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import folders
from parkhub.settings import Settings
from parkhub.web.dependencies import GivenSettings
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

PAGE: Final = "/console/recordings/folders"
PATH_LENGTH_MAX: Final = 1000
SILENT_S: Final = 90.0
TIMES: Final = (
    (TimeFrom.FILE.value, "By its file: what the camera noted, else when it was written"),
    (TimeFrom.NOW.value, "When it is found"),
)
DONE: Final = {
    "watched": "The folder is watched. Its pictures are taken within seconds.",
    "stopped": "The folder is left alone until somebody starts it again.",
    "started": "The folder is watched again.",
    "deleted": "The folder is watched no more. Its files were left as they are.",
}


@dataclass(frozen=True)
class FolderView:
    """A folder with its camera."""

    folder: WatchedFolder
    camera: Camera
    now: datetime

    @property
    def badge(self) -> tuple[str, str, str]:
        """How it does: words, tone and mark."""
        folder = self.folder
        if not folder.enabled:
            return "stopped", "", ""
        looked = folder.looked_at
        if looked is None or (self.now - looked).total_seconds() > SILENT_S:
            waits = (self.now - folder.created_at).total_seconds() < SILENT_S
            return ("begins", "note", "") if waits else ("nobody looks", "bad", "×")
        error = folder.last_error_at
        if error is not None and (self.now - error).total_seconds() < SILENT_S:
            return "trouble", "warn", "!"
        return "watched", "good", "✓"


@get("/")
async def show_folders(request: AnyRequest, settings: GivenSettings) -> Template:
    """Every watched folder, and the form for another."""
    return await _show(request, settings, {}, {})


@get("/now")
async def show_now(request: AnyRequest) -> Template:
    """How they do, asked for every five seconds."""
    return page(request, "folders/_now.html", views=await _views())


@post("/")
async def watch_folder(request: AnyRequest, settings: GivenSettings) -> Response[Any] | Template:
    """Watch another."""
    form = await request.form()
    given = {name: str(form.get(name, ""))[:PATH_LENGTH_MAX].strip() for name in ("path", "camera", "time_from")}
    deletes = form.get("deletes") == "1"
    try:
        camera = await camera_rows.find_camera(given["camera"])
        if camera is None:
            raise FieldsError({"camera": "Choose the camera whose pictures they are."})  # noqa: TRY301
        if given["time_from"] not in list(TimeFrom):
            raise FieldsError({"time_from": "Choose one of the two."})  # noqa: TRY301
        now = datetime.now(UTC)
        time_from = TimeFrom(given["time_from"])
        await folders.watch(settings, camera, given["path"], time_from, now, request.user.id, deletes=deletes)
    except FieldsError as error:
        return await _show(request, settings, given | {"deletes": "1" if deletes else ""}, error.fields, 422)
    except ConflictError as error:
        return await _show(request, settings, given, {"path": str(error)}, 409)
    return _done("watched")


@post("/{folder_id:int}/stop")
async def stop(request: AnyRequest, folder_id: FromPath[int]) -> Response[Any]:
    """Leave it alone for now; what comes meanwhile is taken afterwards."""
    await folders.set_enabled(folder_id, request.user.id, datetime.now(UTC), enabled=False)
    return _done("stopped")


@post("/{folder_id:int}/start")
async def start(request: AnyRequest, folder_id: FromPath[int]) -> Response[Any]:
    """Watch it again."""
    await folders.set_enabled(folder_id, request.user.id, datetime.now(UTC), enabled=True)
    return _done("started")


@post("/{folder_id:int}/delete")
async def delete_folder(request: AnyRequest, folder_id: FromPath[int]) -> Response[Any]:
    """Watch it no more."""
    await folders.leave(folder_id, request.user.id, datetime.now(UTC))
    return _done("deleted")


async def _views() -> list[FolderView]:
    cameras, now = {camera.id: camera for camera in await camera_rows.list_cameras(None)}, datetime.now(UTC)
    return [
        FolderView(each, cameras[each.camera_id], now)
        for each in await rows.list_folders()
        if each.camera_id in cameras
    ]


async def _show(
    request: AnyRequest, settings: Settings, given: dict[str, str], wrong: dict[str, str], status_code: int = 200
) -> Template:
    lots = {lot.id: lot.name for lot in await lot_rows.list_lots()}
    cameras = await camera_rows.list_cameras(None)
    return page(
        request,
        "folders/index.html",
        status_code=status_code,
        views=await _views(),
        roots=[str(root) for root in settings.watched_roots],
        cameras=[(each.public_id, f"{each.name}, {lots[each.lot_id]}") for each in cameras],
        times=TIMES,
        given=given,
        wrong=wrong,
        done=DONE.get(request.query_params.get("done", ""), ""),
    )


def _done(what: str) -> Response[Any]:
    return Redirect(f"{PAGE}?done={what}", status_code=303)


routes = [
    Router(
        PAGE,
        route_handlers=[show_folders, show_now, watch_folder, stop, start, delete_folder],
        guards=[needs(Right.SET_UP, everywhere=True)],
        include_in_schema=False,
    )
]
