"""Setting barriers up in the console, for owners."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import barriers as barrier_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.domain.barriers import Barrier, BarrierKind, Letting
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction
from parkhub.domain.rights import Right
from parkhub.errors import FieldsError
from parkhub.services import barrier_setup
from parkhub.services.barrier_setup import RANGES, BarrierForm
from parkhub.web.camera_gate import whole_number
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

KINDS: Final = [
    (BarrierKind.RELAY.value, "By a relay at a camera's node"),
    (BarrierKind.WEBHOOK.value, "By a signed webhook"),
    (BarrierKind.MQTT.value, "By an MQTT message"),
]
SIDES: Final = [(Direction.EXIT.value, "Exit"), (Direction.ENTRY.value, "Entrance")]
LETTINGS: Final = [
    (Letting.NOBODY.value, "Nobody: by hand only"),
    (Letting.EVERYONE.value, "Everyone"),
    (Letting.RIGHTS.value, "Permits and bookings"),
    (Letting.SPACE.value, "Everyone while places are free"),
]


@get("/console/barriers/new")
async def show_new(request: AnyRequest) -> Response[Any] | Template:
    """The form for a new barrier."""
    if not await _own_lots(request):
        return Redirect("/console/lots/new", status_code=303)
    return await _form_page(request, None, BarrierForm(), request.query_params.get("lot", ""), {})


@post("/console/barriers/new")
async def add(request: AnyRequest) -> Response[Any] | Template:
    """Add a barrier."""
    form, slug = await _read_form(request)
    lot = next((each for each in await _own_lots(request) if each.slug == slug), None)
    if lot is None:
        return await _form_page(request, None, form, slug, {"lot": "Choose a car park."}, 422)
    try:
        barrier = await barrier_setup.create_barrier(lot.id, form, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        return await _form_page(request, None, form, slug, error.fields, 422)
    return Redirect(f"/console/barriers/{barrier.public_id}", status_code=303)


@get("/console/barriers/{public_id:str}/settings")
async def show_settings(request: AnyRequest, public_id: FromPath[str]) -> Template:
    """How it is set up."""
    barrier = await barrier_rows.find_barrier(public_id)
    return await _form_page(request, barrier, await barrier_setup.form_of(barrier), "", {})


@post("/console/barriers/{public_id:str}/settings")
async def save_settings(request: AnyRequest, public_id: FromPath[str]) -> Response[Any] | Template:
    """Set it up anew."""
    barrier = await barrier_rows.find_barrier(public_id)
    form, _ = await _read_form(request)
    try:
        await barrier_setup.change_barrier(barrier, form, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        return await _form_page(request, barrier, form, "", error.fields, 422)
    return Redirect(f"/console/barriers/{public_id}", status_code=303)


@post("/console/barriers/{public_id:str}/secret")
async def renew_secret(request: AnyRequest, public_id: FromPath[str]) -> Response[Any]:
    """Give it another secret."""
    barrier = await barrier_rows.find_barrier(public_id)
    await barrier_setup.renew_secret(barrier, request.user.id, datetime.now(UTC))
    return Redirect(f"/console/barriers/{public_id}", status_code=303)


async def _own_lots(request: AnyRequest) -> list[Lot]:
    return [lot for lot in await lot_rows.list_lots() if request.user.may(Right.SET_UP, lot.id)]


async def _form_page(
    request: AnyRequest,
    barrier: Barrier | None,
    form: BarrierForm,
    slug: str,
    errors: dict[str, str],
    status_code: int = 200,
) -> Template:
    lots = await _own_lots(request)
    names = {lot.id: lot.name for lot in lots}
    known = await camera_rows.list_cameras(barrier.lot_id if barrier else None)
    cameras = [each for each in known if each.lot_id in names]
    choices = [(each.public_id, f"{each.name}, {names[each.lot_id]}") for each in cameras]
    context = {
        "barrier": barrier,
        "form": form,
        "lot_slug": slug,
        "errors": defaultdict(str, errors),
        "lots": [(lot.slug, lot.name) for lot in lots],
        "gates": [
            (each.public_id, words) for each, (_, words) in zip(cameras, choices, strict=True) if each.watches_gate
        ],
        "nodes": [("", "Choose"), *choices],
        "kinds": KINDS,
        "sides": SIDES,
        "lettings": LETTINGS,
    }
    return page(request, "barriers/form.html", status_code=status_code, **context)


async def _read_form(request: AnyRequest) -> tuple[BarrierForm, str]:
    form = await request.form()
    texts = {name: str(form.get(name, "")) for name in ("name", "kind", "side", "letting", "address", "node")}
    numbers = {name: whole_number(str(form.get(name, ""))) for name in RANGES}
    given: dict[str, Any] = {**texts, **numbers, "call_email": str(form.get("call_email", ""))}
    cameras = [str(each) for each in form.getall("cameras", [])]
    return BarrierForm(**given, cameras=cameras, enabled="enabled" in form), str(form.get("lot", ""))


routes = [
    Router(
        "/",
        route_handlers=[show_new, add, show_settings, save_settings, renew_secret],
        guards=[needs(Right.SET_UP)],
        include_in_schema=False,
    )
]
