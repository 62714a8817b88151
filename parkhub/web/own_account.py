"""A person's own account in the console: password, second factor, where they are signed in."""

from collections import defaultdict
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from litestar import Response, Router, get, post
from litestar.response import Redirect, Template
from markupsafe import Markup

from parkhub.db import accounts as account_rows
from parkhub.db import lots as lot_rows
from parkhub.db import second_factors as factor_rows
from parkhub.errors import ConflictError, FieldsError, TooOftenError
from parkhub.secret_key import secret_key
from parkhub.services import accounts, own_account, second_factors
from parkhub.services.second_factors import Asked
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import cookie_name, signed_in
from parkhub.web.people import ROLES
from parkhub.web.templating import AnyRequest, page
from parkhub.web.waiting import after_wait

OWN: Final = "/console/account"
DONE: Final = {
    "password": "Your password is changed. Every other browser is signed out.",
    "elsewhere": "You are signed out everywhere else.",
    "off": "You are asked for no code any more.",
}
Result = TypeVar("Result")


@get("/")
async def show(request: AnyRequest) -> Template:
    """Who one is here, and what can be changed."""
    return await _page(request, {})


@post("/password")
async def change_password(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings
) -> Response[Any] | Template:
    """Another password."""
    form = await request.form()
    token = request.cookies.get(cookie_name(settings), "")
    given = str(form.get("current", "")), str(form.get("new", ""))
    doing = own_account.change_password(clients, request.user, token, *given, datetime.now(UTC))
    _, refused = await _tried(request, doing, "password")
    return refused or Redirect(f"{OWN}?done=password", status_code=303)


@post("/sign-out-elsewhere")
async def sign_out_elsewhere(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any]:
    """End every other sign-in of one's own."""
    token = request.cookies.get(cookie_name(settings), "")
    await own_account.sign_out_elsewhere(clients, request.user, token, datetime.now(UTC))
    return Redirect(f"{OWN}?done=elsewhere", status_code=303)


@post("/second-factor")
async def begin(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Begin with an authenticator; the password is asked for once more."""
    try:
        await _confirm(request, clients)
    except FieldsError as error:
        if await second_factors.is_missing(request.user):
            return _needed_page(request, error.fields["current"], 422)
        return await _page(request, error.fields, 422, "begin")
    except TooOftenError as error:
        if await second_factors.is_missing(request.user):
            return after_wait(_needed_page(request, str(error), 429), error)
        return after_wait(await _page(request, {"current": str(error)}, 429, "begin"), error)
    try:
        await second_factors.begin(secret_key(settings), request.user, datetime.now(UTC))
    except ConflictError:
        return Redirect(OWN, status_code=303)
    return Redirect(f"{OWN}/second-factor", status_code=303)


@get("/second-factor/needed")
async def show_needed(request: AnyRequest) -> Response[Any] | Template:
    """Where people are led whose role demands one, before anything else."""
    if not await second_factors.is_missing(request.user):
        return Redirect("/console", status_code=303)
    return _needed_page(request)


def _needed_page(request: AnyRequest, error: str = "", status_code: int = 200) -> Template:
    words = ROLES[request.user.role][0]
    return page(request, "own_account/needed.html", status_code=status_code, role=words, error=error)


@get("/second-factor")
async def show_setup(request: AnyRequest, settings: GivenSettings) -> Response[Any] | Template:
    """What the authenticator is set up with."""
    try:
        asked = await second_factors.asked(secret_key(settings), request.user)
    except ConflictError:
        return Redirect(OWN, status_code=303)
    return _setup_page(request, asked)


@post("/second-factor/confirm", status_code=200)
async def confirm(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Switch it on by a first code, and show the recovery codes, this once."""
    code, key = str((await request.form()).get("code", "")), secret_key(settings)
    try:
        codes = await second_factors.confirm(clients, key, request.user, code, datetime.now(UTC))
    except ConflictError:
        return Redirect(OWN, status_code=303)
    except (FieldsError, TooOftenError) as error:
        asked = await second_factors.asked(key, request.user)
        return _setup_page(request, asked, error.fields["code"] if isinstance(error, FieldsError) else str(error))
    return page(request, "own_account/codes.html", codes=codes, fresh=True)


@post("/second-factor/codes", status_code=200)
async def renew_codes(request: AnyRequest, clients: GivenClients) -> Response[Any] | Template:
    """Other recovery codes."""
    _, refused = await _tried(request, _confirm(request, clients), "codes")
    if refused:
        return refused
    try:
        codes = await second_factors.renew_codes(request.user, datetime.now(UTC))
    except ConflictError:
        return Redirect(OWN, status_code=303)
    return page(request, "own_account/codes.html", codes=codes, fresh=False)


@post("/second-factor/off")
async def switch_off(request: AnyRequest, clients: GivenClients) -> Response[Any] | Template:
    """Do without; the password is asked for once more."""
    _, refused = await _tried(request, _confirm(request, clients), "off")
    if refused:
        return refused
    try:
        await second_factors.do_without(request.user, datetime.now(UTC))
    except ConflictError as error:
        return await _page(request, {"current": str(error)}, error.status, "off")
    return Redirect(f"{OWN}?done=off", status_code=303)


async def _confirm(request: AnyRequest, clients: GivenClients) -> None:
    password = str((await request.form()).get("current", ""))
    await own_account.confirm_password(clients, request.user, password)


async def _tried(request: AnyRequest, doing: Awaitable[Result], at: str) -> tuple[Result | None, Template | None]:
    """What it gave, or the page that says what was wrong with it."""
    try:
        return await doing, None
    except FieldsError as error:
        return None, await _page(request, error.fields, 422, at)
    except TooOftenError as error:
        return None, after_wait(await _page(request, {"current": str(error)}, 429, at), error)


async def _page(request: AnyRequest, errors: dict[str, str], status_code: int = 200, at: str = "") -> Template:
    account, now = request.user, datetime.now(UTC)
    lots = [lot.name for lot in await lot_rows.list_lots() if account.lot_ids and lot.id in account.lot_ids]
    token = request.cookies.get(cookie_name(request.app.state.settings), "")
    return page(
        request,
        "own_account/index.html",
        status_code=status_code,
        errors=defaultdict(str, errors),
        at=at,
        role=ROLES[account.role],
        lots=lots,
        browsers=await account_rows.list_sign_ins(account.id, now),
        here=accounts.digest(token),
        code_on=await second_factors.is_on(account.id),
        demanded=await second_factors.is_demanded_of(account.role),
        codes_left=await factor_rows.count_recovery_codes(account.id),
        done=DONE.get(request.query_params.get("done", ""), ""),
    )


def _setup_page(request: AnyRequest, asked: Asked, error: str = "") -> Template:
    import segno  # only who sets up a second factor waits for it

    # The library's own SVG: black on white with its quiet zone, so that a camera reads it by night too.
    code = segno.make(asked.address, error="m", micro=False)
    drawn = Markup(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704
    parts = " ".join(asked.secret[at : at + 4] for at in range(0, len(asked.secret), 4))
    status_code = 422 if error else 200
    return page(request, "own_account/setup.html", status_code=status_code, drawn=drawn, parts=parts, error=error)


routes = [
    Router(
        OWN,
        route_handlers=[
            show,
            change_password,
            sign_out_elsewhere,
            begin,
            show_needed,
            show_setup,
            confirm,
            renew_codes,
            switch_off,
        ],
        guards=[signed_in],
        include_in_schema=False,
    )
]
