"""The staff pages "Analyse a recording": upload, progress, result, history."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import recordings as rows
from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.domain.rights import Right
from parkhub.errors import BusyError, FieldsError, NotFoundError, ParkHubError, TooLargeError
from parkhub.services import recordings as service
from parkhub.services.recording_uploads import discarding, new_folder
from parkhub.settings import Settings
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.engine_choices import engine_choices
from parkhub.web.file_answer import answer_file
from parkhub.web.guards import needs
from parkhub.web.recording_form import Given, receive, refuse_too_large, size_words
from parkhub.web.recording_view import RecordingView, clock, percent
from parkhub.web.templating import AnyRequest, page

HISTORY_MAX: Final = 100
EVERY_CHOICES: Final = (
    ("0.2", "5 times a second"),
    ("0.5", "twice a second"),
    ("1", "every second"),
    ("2", "every 2 seconds"),
    ("5", "every 5 seconds"),
    ("10", "every 10 seconds"),
)
# The part of the address decides: nothing else below a recording's folder can be asked for.
FILES: Final = {
    "annotated.mp4": ("video/mp4", ""),
    "summary.json": ("application/json", "json"),
    "timeline.csv": ("text/csv", "csv"),
}


@get("/")
async def show_recordings(request: AnyRequest, settings: GivenSettings) -> Template:
    """The form and what was analysed before."""
    return await _form_page(request, settings, Given(), {})


@post("/", request_max_body_size=None)
async def add_recording(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings
) -> Response[Any] | Template:
    """Take a video and its spots, streaming, and have them analysed; a wrong form comes back with sentences."""
    folder, given = new_folder(), Given()
    try:
        refuse_too_large(request, settings, clients)
        async with discarding(clients, folder):
            wish = await receive(request, settings, clients, folder, given)
        recording = await service.request_recording(clients, request.user.id, folder, wish, datetime.now(UTC))
    except FieldsError as error:
        return await _form_page(request, settings, given, error.fields, error.status)
    except (TooLargeError, BusyError) as error:
        return await _form_page(request, settings, given, {"video": str(error)}, error.status)
    except ParkHubError as error:
        return await _form_page(request, settings, given, {"": str(error)}, error.status)
    return _go(request, f"/console/recordings/{recording.id}")


@get("/{recording_id:int}")
async def show_recording(request: AnyRequest, recording_id: FromPath[int]) -> Template:
    """One analysis: its progress, or its result, or why there is none."""
    view = RecordingView(await rows.get_recording(recording_id), datetime.now(UTC))
    return page(request, "recordings/recording.html", view=view, clock=clock, percent=percent)


@get("/{recording_id:int}/progress")
async def show_progress(request: AnyRequest, recording_id: FromPath[int]) -> Response[Any] | Template:
    """The progress bar alone, asked for every second; once the analysis has ended, the page is loaded anew."""
    recording = await _find(recording_id)
    if recording is None or recording.status.ended:
        target = "/console/recordings" if recording is None else f"/console/recordings/{recording_id}"
        return Response(b"", headers={"hx-redirect": target}, media_type="text/html")
    return page(request, "recordings/_progress.html", view=RecordingView(recording, datetime.now(UTC)))


@post("/{recording_id:int}/cancel")
async def cancel_recording(request: AnyRequest, clients: GivenClients, recording_id: FromPath[int]) -> Response[Any]:
    """Stop it."""
    await service.cancel(clients, recording_id, datetime.now(UTC))
    return _go(request, f"/console/recordings/{recording_id}")


@post("/{recording_id:int}/again")
async def try_again(request: AnyRequest, clients: GivenClients, recording_id: FromPath[int]) -> Response[Any]:
    """Analyse it once more."""
    await service.try_again(clients, recording_id, datetime.now(UTC))
    return _go(request, f"/console/recordings/{recording_id}")


@post("/{recording_id:int}/delete")
async def delete_recording(request: AnyRequest, clients: GivenClients, recording_id: FromPath[int]) -> Response[Any]:
    """Delete it with its files."""
    await service.delete(clients, recording_id)
    return _go(request, "/console/recordings")


@route("/{recording_id:int}/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def show_file(
    request: AnyRequest, clients: GivenClients, recording_id: FromPath[int], name: FromPath[str]
) -> Response[Any]:
    """The annotated video (in ranges), the summary or the timeline."""
    recording = await rows.get_recording(recording_id)
    if name not in FILES or recording.status is not RecordingStatus.DONE:
        raise NotFoundError("There is no such file.")
    media_type, ending = FILES[name]
    save_as = f"recording-{recording.id}.{ending}" if ending else ""
    if "save" in request.query_params and not ending:
        save_as = f"recording-{recording.id}.mp4"
    return answer_file(request, clients.pictures.path(f"{recording.folder}/{name}"), media_type, save_as)


async def _find(recording_id: int) -> Recording | None:
    try:
        return await rows.get_recording(recording_id)
    except NotFoundError:
        return None


async def _form_page(
    request: AnyRequest, settings: Settings, given: Given, wrong: dict[str, str], status_code: int = 200
) -> Template:
    now = datetime.now(UTC)
    return page(
        request,
        "recordings/index.html",
        status_code=status_code,
        given=given,
        wrong=wrong,
        engines=engine_choices(),
        every=EVERY_CHOICES,
        bytes_max=settings.recording_bytes_max,
        limit=size_words(settings.recording_bytes_max),
        views=[RecordingView(recording, now) for recording in await rows.list_recordings(HISTORY_MAX)],
    )


def _go(request: AnyRequest, target: str) -> Response[Any]:
    """On to another page, also when htmx asked."""
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, headers={"hx-redirect": target}, media_type="text/html")
    return Redirect(target, status_code=303)


routes = [
    Router(
        "/console/recordings",
        route_handlers=[
            show_recordings,
            add_recording,
            show_recording,
            show_progress,
            cancel_recording,
            try_again,
            delete_recording,
            show_file,
        ],
        guards=[needs(Right.SET_UP, everywhere=True)],
        include_in_schema=False,
    )
]
