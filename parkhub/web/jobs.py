"""Jobs that wait and run, what failed and why, and trying it again."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import picture_uploads as upload_rows
from parkhub.db import recordings as recording_rows
from parkhub.db import system as system_rows
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.rights import Right
from parkhub.domain.text import printable, row_number
from parkhub.errors import InvalidInputError, ParkHubError
from parkhub.services import frame_retries, payment_events, picture_uploads, recordings
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.job_words import job_words
from parkhub.web.system import WORK, look_at_queues
from parkhub.web.templating import AnyRequest, page

JOBS_SHOWN: Final = 20
FAILED_SHOWN: Final = 20
ENDED: Final = (EventStatus.HANDLED, EventStatus.IGNORED)
NOT_KNOWN: Final = "what it is about is not known here."
TRIED: Final = {
    "event": "The event is handled.",
    "frame": "The picture waits to be read again.",
    "frames": "The pictures wait to be read again.",
    "pictures": "The pictures sent by hand wait to be looked at again.",
    "recording": "The recording waits to be analysed again.",
    "recordings": "The recordings wait to be analysed again.",
}
CHOOSE: Final = "Choose what to try again from the list."


@get("/console/system/jobs")
async def show_jobs(request: AnyRequest, clients: GivenClients) -> Template:
    """Jobs that wait and run, and what failed."""
    return await _show(request, clients)


async def _show(request: AnyRequest, clients: Clients, error: str = "", status_code: int = 200) -> Template:
    now = datetime.now(UTC)
    queues, away = await look_at_queues(clients)
    jobs = [] if away else [job for name in QueueName for job in await clients.queue.list_jobs(name, JOBS_SHOWN)]
    since = now - frame_retries.FAILED_OVER
    failed = await recording_rows.list_failed(FAILED_SHOWN)
    return page(
        request,
        "system/jobs.html",
        status_code=status_code,
        queues=queues,
        away=away,
        jobs=jobs,
        work=WORK,
        job_words=job_words,
        events=await system_rows.list_failed_events(FAILED_SHOWN),
        frames=await system_rows.list_failed_frames(since, FAILED_SHOWN),
        frame_count=await system_rows.count_failed_frames(since),
        recordings=[(each, each.may_try_again(now)) for each in failed],
        uploads=await upload_rows.list_failed(FAILED_SHOWN),
        error=error,
        tried=TRIED.get(request.query_params.get("tried", ""), ""),
    )


@post("/console/system/jobs/events")
async def retry_event(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Handle a payment event once more, now."""
    name = str((await request.form()).get("event", ""))
    try:
        if not printable(name):
            return await _show(request, clients, "Choose an event from the list.", 422)
        stored = await payment_events.handle_again(clients, settings, name, datetime.now(UTC))
    except ParkHubError as error:
        return await _show(request, clients, str(error), error.status)
    if stored.status not in ENDED:
        return await _show(request, clients, f"It is not handled yet: {stored.error or NOT_KNOWN}", 409)
    return _tried("event")


@post("/console/system/jobs/frames")
async def retry_frames(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Read a picture that failed once more, or all of the last day."""
    try:
        one = _one_of(str((await request.form()).get("frame", "")))
        await frame_retries.read_again(clients, settings, datetime.now(UTC), one)
    except ParkHubError as error:
        return await _show(request, clients, str(error), error.status)
    return _tried("frames" if one is None else "frame")


@post("/console/system/jobs/recordings")
async def retry_recordings(request: AnyRequest, clients: GivenClients) -> Response[Any] | Template:
    """Analyse a recording that failed once more, or all that can be."""
    now = datetime.now(UTC)
    try:
        one = _one_of(str((await request.form()).get("recording", "")))
        if one is not None:
            await recordings.try_again(clients, one, now)
        else:
            for each in await recording_rows.list_failed(FAILED_SHOWN):
                if each.may_try_again(now):
                    await recordings.try_again(clients, each.id, now)
    except ParkHubError as error:
        return await _show(request, clients, str(error), error.status)
    return _tried("recordings" if one is None else "recording")


@post("/console/system/jobs/pictures")
async def retry_pictures(request: AnyRequest, clients: GivenClients) -> Response[Any] | Template:
    """Look once more at pictures sent by hand that failed."""
    try:
        one = _one_of(str((await request.form()).get("upload", "")))
        for upload_id, _, _ in [(one, "", 0)] if one is not None else await upload_rows.list_failed(FAILED_SHOWN):
            await picture_uploads.try_failed_again(clients, upload_id)
    except ParkHubError as error:
        return await _show(request, clients, str(error), error.status)
    return _tried("pictures")


def _one_of(given: str) -> int | None:
    """The number of one; None: all are meant. Raises InvalidInputError."""
    if given == "all":
        return None
    number = row_number(given)
    if number is None:
        raise InvalidInputError(CHOOSE)
    return number


def _tried(what: str) -> Response[Any]:
    return Redirect(f"/console/system/jobs?tried={what}", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[show_jobs, retry_event, retry_frames, retry_recordings, retry_pictures],
        guards=[needs(Right.SET_UP, everywhere=True)],
        include_in_schema=False,
    )
]
