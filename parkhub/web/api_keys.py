"""Keys of programs, for owners: make one, see what it was used for last, revoke it."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import api_keys as key_rows
from parkhub.db import lots as lot_rows
from parkhub.domain.rights import KEYS, Right
from parkhub.domain.text import whole_number
from parkhub.errors import FieldsError
from parkhub.services import api_keys
from parkhub.services.api_keys import DAYS, KeyForm
from parkhub.web.dependencies import GivenSettings
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

WORDS: Final = {
    Right.READ: ("Read", "Places, cameras, sessions, permits; every key can"),
    Right.SEE_PLATES: ("See plates", "Else they read •••"),
    Right.RUN: ("Run", "Correct sessions, answer questions, open barriers, take cash"),
    Right.REFUND: ("Refund", "Give back and waive"),
    Right.SET_UP: ("Set up", "Change lots, tariffs, permits, barriers"),
    Right.MONEY: ("Money", "Books, reports, exports"),
}
FOR: Final = [*((str(days), f"{days} days") for days in DAYS), ("", "Until it is revoked")]


@get("/console/keys")
async def list_all(request: AnyRequest) -> Template:
    """All keys, those that ended too."""
    return page(
        request,
        "api_keys/index.html",
        keys=await key_rows.list_keys(),
        words={right.value: words for right, (words, _) in WORDS.items()},
        lots={lot.id: lot.name for lot in await lot_rows.list_lots()},
        revoked=request.query_params.get("done") == "revoked",
    )


@get("/console/keys/new")
async def show_new(request: AnyRequest) -> Template:
    """The form for a new key."""
    return await _form_page(request, KeyForm("", [Right.READ], every_lot=True, days=DAYS[-1]), {})


@post("/console/keys/new")
async def create(request: AnyRequest, settings: GivenSettings) -> Template:
    """Make a key and show it, this once."""
    sent = await request.form()
    days = str(sent.get("days", ""))
    form = KeyForm(
        str(sent.get("name", "")),
        [str(each) for each in sent.getall("rights", [])],
        every_lot=sent.get("where") == "all",
        lots=[str(each) for each in sent.getall("lots", [])],
        days=(whole_number(days) or 0) if days else None,
    )
    try:
        account, key = await api_keys.create_key(request.user, form, datetime.now(UTC))
    except FieldsError as error:
        return await _form_page(request, form, error.fields, 422)
    server = settings.public_url or str(request.base_url).rstrip("/")
    return page(request, "api_keys/key.html", status_code=201, key=key, name=account.name, server=server)


@post("/console/keys/{key_id:int}/revoke")
async def revoke(request: AnyRequest, key_id: FromPath[int]) -> Response[Any]:
    """Let it work no more."""
    await api_keys.revoke(request.user, key_id, datetime.now(UTC))
    return Redirect("/console/keys?done=revoked", status_code=303)


async def _form_page(request: AnyRequest, form: KeyForm, errors: dict[str, str], status_code: int = 200) -> Template:
    return page(
        request,
        "api_keys/new.html",
        status_code=status_code,
        form=form,
        errors=defaultdict(str, errors),
        rights=[(right.value, *WORDS[right]) for right in Right if right in KEYS],
        lots=[(lot.slug, lot.name) for lot in await lot_rows.list_lots()],
        times=FOR,
    )


routes = [
    Router(
        "/",
        route_handlers=[list_all, show_new, create, revoke],
        guards=[needs(Right.PEOPLE, everywhere=True)],
        include_in_schema=False,
    )
]
