"""The first-run guide: from nothing to a working lot, one part after the other."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.db import lots as lot_rows
from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.rights import Right
from parkhub.domain.spots_file import kind_of
from parkhub.errors import ConflictError, FieldsError, InvalidInputError, ParkHubError, TariffError
from parkhub.languages import ENGLISH
from parkhub.secret_key import secret_key
from parkhub.services import cameras, frames, node_keys, spots, tariffs, trial_stays
from parkhub.web.api_answers import find_lot
from parkhub.web.camera_files import FORM_BYTES_MAX, Refused
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import must, needs
from parkhub.web.guide_page import show_guide
from parkhub.web.guide_view import ArrivalSource, load_progress
from parkhub.web.lot_forms import lot_form, new_lot_fields, read_new_lot, take_new_lot
from parkhub.web.quote_words import lines_of
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest, page

BEGINS_BEFORE: Final = timedelta(days=1)
"""A lot's first tariff holds from a little earlier on, so that a test stay that began before has a price."""

NO_EVENT: Final = "evt_parkhub_asks_whether_the_key_works"


@get("/console/guide")
async def begin(request: AnyRequest) -> Response[Any] | Template:
    """The first part; once there is a lot, the newest one's guide, unless a new one is asked for."""
    mine = [lot for lot in await lot_rows.list_lots() if request.user.may(Right.SET_UP, lot.id)]
    if mine and request.query_params.get("new") != "1":
        newest = max(mine, key=lambda lot: lot.id)
        return Redirect(f"/console/lots/{newest.slug}/guide", status_code=303)
    must(request.user, Right.SET_UP, None)
    return page(request, "guide/begin.html", **lot_form(await new_lot_fields(), {}))


@post("/console/guide", guards=[needs(Right.SET_UP, everywhere=True)])
async def add_lot(request: AnyRequest) -> Response[Any] | Template:
    """Make the lot and go on."""
    try:
        lot = await take_new_lot(request)
    except FieldsError as error:
        given = await read_new_lot(request)
        return page(request, "guide/begin.html", status_code=422, **lot_form(given, error.fields))
    return Redirect(f"/console/lots/{lot.slug}/guide", status_code=303)


@get("/console/lots/{slug:str}/guide")
async def show(request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]) -> Template:
    """Where a lot stands, and what comes next."""
    return await show_guide(request, clients, settings, await find_lot(slug))


@post("/console/lots/{slug:str}/guide/camera", status_code=201)
async def add_camera(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """Add the first camera, or give it a new key or a code for its node; both are shown this once."""
    lot, form = await find_lot(slug), await request.form()
    progress = await load_progress(clients, settings, lot)
    if form.get("do") == "code" and progress.camera is not None:
        now = datetime.now(UTC)
        code = await node_keys.make_code(progress.camera, secret_key(settings), request.user.id, now)
        return await show_guide(request, clients, settings, lot, step="camera", code=code)
    if form.get("do") == "key" and progress.camera is not None:
        key = await cameras.rotate_key(progress.camera, request.user.id, datetime.now(UTC))
    else:
        name = str(form.get("name", ""))
        try:
            _, key = await cameras.create_camera(lot.slug, name)
        except FieldsError as error:
            return await show_guide(
                request, clients, settings, lot, step="camera", errors=error.fields, status_code=422, name=name
            )
    return await show_guide(request, clients, settings, lot, step="camera", status_code=201, key=key)


@post("/console/lots/{slug:str}/guide/picture", request_max_body_size=FORM_BYTES_MAX)
async def send_picture(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """Take a picture by hand, as if the camera had sent it."""
    lot = await find_lot(slug)
    camera = (await load_progress(clients, settings, lot)).camera
    try:
        if camera is None:
            raise InvalidInputError("Add the camera first.")
        picture = await _read(request, "picture")
        await frames.accept_by_hand(clients, settings, camera, picture, datetime.now(UTC))
    except Refused as error:
        told = {"picture": str(error)}
        return await show_guide(request, clients, settings, lot, step="camera", errors=told, status_code=error.status)
    return Redirect(f"/console/lots/{slug}/guide?step=camera", status_code=303)


async def _read(request: AnyRequest, name: str) -> bytes:
    sent = (await request.form()).get(name)
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InvalidInputError("Choose a file first.")
    return await sent.read()


@get("/console/lots/{slug:str}/guide/arrival")
async def show_arrival(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """The first picture, or that it is still waited for."""
    lot = await find_lot(slug)
    progress = await load_progress(clients, settings, lot)
    return page(request, "guide/_arrival.html", lot=lot, progress=progress)


@get("/console/cameras/{public_id:str}/arrival")
async def watch_arrival(request: AnyRequest, public_id: FromPath[str]) -> ASGIApp:
    """Tell when a camera's first picture comes."""
    return await stream(request, ArrivalSource((await cameras.find_camera(public_id)).id))


@post("/console/lots/{slug:str}/guide/spots", request_max_body_size=FORM_BYTES_MAX)
async def send_spots(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """Take a file that marks the camera's places."""
    lot = await find_lot(slug)
    camera = (await load_progress(clients, settings, lot)).camera
    try:
        if camera is None:
            raise InvalidInputError("Add the camera first.")
        data = await _read(request, "file")
        kind = kind_of(data)
        if kind is SpotsFileKind.CARPARKPOS:
            raise InvalidInputError("Send a CarParkPos file on the camera's page, where the size of a spot is asked.")
        await spots.request_import(clients, settings, camera.id, data, kind, datetime.now(UTC))
    except Refused as error:
        told = {"file": str(error)}
        return await show_guide(request, clients, settings, lot, step="spots", errors=told, status_code=error.status)
    return Redirect(f"/console/lots/{slug}/guide?step=spots", status_code=303)


@get("/console/lots/{slug:str}/guide/marked")
async def show_marked(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """How many places are marked by now."""
    lot = await find_lot(slug)
    progress = await load_progress(clients, settings, lot)
    return page(request, "guide/_marked.html", lot=lot, progress=progress)


@post("/console/lots/{slug:str}/guide/tariff")
async def publish_tariff(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """Let the lot's first tariff hold."""
    lot, form, now = await find_lot(slug), await request.form(), datetime.now(UTC)
    text = str(form.get("text", "")).replace("\r\n", "\n")
    try:
        await tariffs.publish(lot.id, None, text, now - BEGINS_BEFORE, request.user.id, now)
    except (TariffError, InvalidInputError, ConflictError) as error:
        told = {"text": str(error)}
        return await show_guide(
            request, clients, settings, lot, step="tariff", errors=told, status_code=error.status, text=text
        )
    await clients.live.announce(f"lot:{lot.id}")
    return Redirect(f"/console/lots/{slug}/guide?step=tariff", status_code=303)


@post("/console/lots/{slug:str}/guide/test", status_code=200)
async def make_test(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """Let a made-up car in and out, show what it would have paid, and take it back."""
    lot = await find_lot(slug)
    made = await trial_stays.make(clients, lot.id, request.user.id, datetime.now(UTC))
    trial = {
        "stay": made,
        "lines": lines_of(made.lines, ENGLISH),
        "total": ENGLISH.money(made.gross_cents, made.currency) if made.lines else "",
    }
    return await show_guide(request, clients, settings, lot, step="test", trial=trial)


@post("/console/lots/{slug:str}/guide/payments", status_code=200)
async def check_payments(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """Ask the payment provider whether it knows us."""
    lot, checked, wrong = await find_lot(slug), "", ""
    try:
        await clients.payments.fetch_event(NO_EVENT)
        checked = "The payment provider answers, and takes our key."
    except ParkHubError as error:
        wrong = f"{error} Look at PARKHUB_STRIPE_SECRET_KEY."
    return await show_guide(request, clients, settings, lot, step="payments", checked=checked, check_error=wrong)


routes = [
    Router(
        "/",
        route_handlers=[
            begin,
            add_lot,
            show,
            add_camera,
            send_picture,
            show_arrival,
            watch_arrival,
            send_spots,
            show_marked,
            publish_tariff,
            make_test,
            check_payments,
        ],
        guards=[needs(Right.SET_UP)],
        include_in_schema=False,
    )
]
