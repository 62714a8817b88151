"""The first-run guide: from nothing to a working lot, one part after the other."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.numbers import get_territory_currencies
from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.clients import Clients
from parkhub.db import lots as lot_rows
from parkhub.db import spot_imports as import_rows
from parkhub.domain.cameras import Camera, SpotsFileKind
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.spots_file import kind_of
from parkhub.errors import ConflictError, FieldsError, InvalidInputError, ParkHubError, TariffError
from parkhub.languages import ENGLISH
from parkhub.services import cameras, frames, spots, tariffs, trial_stays
from parkhub.services.tariff_examples import example_names, example_text
from parkhub.settings import Settings
from parkhub.web.api_answers import find_lot
from parkhub.web.camera_files import FORM_BYTES_MAX, Refused
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import must, needs
from parkhub.web.guide_view import ArrivalSource, load_arrival, load_progress
from parkhub.web.lot_setup import country_of, lot_form, new_lot_fields, read_new_lot, take_new_lot
from parkhub.web.quote_words import lines_of
from parkhub.web.stream import stream
from parkhub.web.tariff_words import prices
from parkhub.web.templating import AnyRequest, page
from parkhub.web.webhooks import PATH

BEGINS_BEFORE: Final = timedelta(days=1)
"""A lot's first tariff holds from a little earlier on, so that a test stay that began before has a price."""

NO_EVENT: Final = "evt_parkhub_asks_whether_the_key_works"
FIRST_EXAMPLE: Final = "hospital"
_CURRENCY: Final = re.compile(r"^currency: [A-Z]{3}$", re.MULTILINE)


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


async def _show(
    request: AnyRequest,
    clients: Clients,
    settings: Settings,
    lot: Lot,
    *,
    step: str = "",
    errors: dict[str, str] | None = None,
    status_code: int = 200,
    **told: Any,
) -> Template:
    progress = await load_progress(clients, settings, lot)
    shown = step or request.query_params.get("step", "") or progress.current
    keys = [each.key for each in progress.steps] + ["end"]
    context: dict[str, Any] = {
        "lot": lot,
        "progress": progress,
        "shown": shown if shown in keys else progress.current,
        "following": dict(pairwise(keys)),
        "server": settings.public_url or str(request.base_url).rstrip("/"),
        "webhook_path": PATH,
        "errors": defaultdict(str, errors or {}),
        "key": "",
        "trial": None,
        "checked": "",
        "check_error": "",
        "name": "",
        **_tariff_fields(request, lot),
        **await _camera_fields(progress.camera),
        "prices": prices(progress.versions, datetime.now(UTC), ZoneInfo(lot.time_zone), ENGLISH),
        **told,
    }
    return page(request, "guide/guide.html", status_code=status_code, **context)


async def _camera_fields(camera: Camera | None) -> dict[str, Any]:
    if camera is None:
        return {"arrival": None, "spot_import": None}
    return {
        "arrival": await load_arrival(camera.id),
        "spot_import": await import_rows.latest_spot_import(camera.id),
    }


def _tariff_fields(request: AnyRequest, lot: Lot) -> dict[str, Any]:
    names = example_names()
    example = request.query_params.get("example", "")
    example = example if example in names else FIRST_EXAMPLE
    usual = get_territory_currencies(lot.country or country_of(lot.time_zone) or "DE")
    currency = request.query_params.get("currency", "").strip().upper() or (usual[0] if usual else "EUR")
    examples = [(name, _about(name)) for name in names]
    return {"example": example, "currency": currency, "examples": examples, "text": _in_currency(example, currency)}


def _about(name: str) -> str:
    """An example's own first words."""
    return example_text(name).partition("\n")[0].removeprefix("#").strip()


def _in_currency(example: str, currency: str) -> str:
    text = example_text(example).partition("\n")[2]
    return _CURRENCY.sub(f"currency: {currency}", text, count=1)


@get("/console/lots/{slug:str}/guide")
async def show(request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]) -> Template:
    """Where a lot stands, and what comes next."""
    return await _show(request, clients, settings, await find_lot(slug))


@post("/console/lots/{slug:str}/guide/camera", status_code=201)
async def add_camera(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """Add the first camera, or give it a new key; the key is shown this once."""
    lot, form = await find_lot(slug), await request.form()
    progress = await load_progress(clients, settings, lot)
    if form.get("do") == "key" and progress.camera is not None:
        key = await cameras.rotate_key(progress.camera)
    else:
        name = str(form.get("name", ""))
        try:
            _, key = await cameras.create_camera(lot.slug, name)
        except FieldsError as error:
            return await _show(
                request, clients, settings, lot, step="camera", errors=error.fields, status_code=422, name=name
            )
    return await _show(request, clients, settings, lot, step="camera", status_code=201, key=key)


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
        return await _show(request, clients, settings, lot, step="camera", errors=told, status_code=error.status)
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
    fields = await _camera_fields(progress.camera)
    return page(request, "guide/_arrival.html", lot=lot, progress=progress, **fields)


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
        return await _show(request, clients, settings, lot, step="spots", errors=told, status_code=error.status)
    return Redirect(f"/console/lots/{slug}/guide?step=spots", status_code=303)


@get("/console/lots/{slug:str}/guide/marked")
async def show_marked(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Template:
    """How many places are marked by now."""
    lot = await find_lot(slug)
    progress = await load_progress(clients, settings, lot)
    fields = await _camera_fields(progress.camera)
    return page(request, "guide/_marked.html", lot=lot, progress=progress, **fields)


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
        return await _show(
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
    return await _show(request, clients, settings, lot, step="test", trial=trial)


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
    return await _show(request, clients, settings, lot, step="payments", checked=checked, check_error=wrong)


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
