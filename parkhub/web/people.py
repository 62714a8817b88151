"""Who works here, for owners: invite, say what somebody may do and where, shut out, send a link."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import accounts as account_rows
from parkhub.db import lots as lot_rows
from parkhub.db import second_factors as factor_rows
from parkhub.domain.accounts import Account
from parkhub.domain.rights import PEOPLES, Right, Role
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import people
from parkhub.services.people import Invited, PersonForm
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

ROLES: Final = {
    Role.OWNER: ("Owner", "Everything, and who may do what"),
    Role.OPERATOR: ("Operator", "Sets up car parks and runs them; sees the money"),
    Role.ATTENDANT: ("Attendant", "Runs car parks: sessions, questions, barriers, cash, refunds"),
    Role.PATROL: ("Patrol", "Looks up whether a car may stand where it stands"),
    Role.ACCOUNTANT: ("Accountant", "Reads the books, reports and exports"),
    Role.READ_ONLY: ("Read only", "Sees places, cameras and sessions"),
}
DONE: Final = {
    "saved": "It is saved.",
    "shut_out": "They are signed out everywhere and can sign in no more.",
    "let_in": "They can sign in again.",
    "code_off": "They are asked for no code any more. They can set up their app anew on their own page.",
}


@get("/console/people")
async def list_all(request: AnyRequest) -> Template:
    """Everybody, with their role and lots."""
    return page(
        request,
        "people/index.html",
        people=await account_rows.list_people(),
        roles={role.value: words for role, (words, _) in ROLES.items()},
        lots={lot.id: lot.name for lot in await lot_rows.list_lots()},
        with_code=await factor_rows.list_accounts_with(),
    )


@get("/console/people/new")
async def show_new(request: AnyRequest) -> Template:
    """The form that invites somebody."""
    usual = PersonForm("", Role.ATTENDANT.value, sees_plates=True, every_lot=True)
    return await _form_page(request, None, usual, {})


@post("/console/people/new")
async def invite(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Invite somebody; their link is shown where no letter takes it to them."""
    form, email = await _read_form(request)
    try:
        invited = await people.invite(clients, settings, request.user, email, form, datetime.now(UTC))
    except FieldsError as error:
        return await _form_page(request, None, form, error.fields, 422, email=email)
    return _link_page(request, invited, 201)


@get("/console/people/{person_id:int}")
async def show(request: AnyRequest, person_id: FromPath[int]) -> Template:
    """Somebody: role, lots, and what can be done for them."""
    return await _form_page(request, await people.get_person(person_id), None, {})


@post("/console/people/{person_id:int}")
async def change(request: AnyRequest, clients: GivenClients, person_id: FromPath[int]) -> Response[Any] | Template:
    """Say anew what somebody is."""
    form, _ = await _read_form(request)
    try:
        await people.change_person(clients, request.user, person_id, form, datetime.now(UTC))
    except FieldsError as error:
        return await _form_page(request, await people.get_person(person_id), form, error.fields, 422)
    if person_id == request.user.id and form.role != Role.OWNER:
        return Redirect("/console", status_code=303)  # this page is no longer theirs
    return Redirect(f"/console/people/{person_id}?done=saved", status_code=303)


@post("/console/people/{person_id:int}/link", status_code=200)
async def send_link(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, person_id: FromPath[int]
) -> Response[Any] | Template:
    """Send somebody a link to choose a password."""
    try:
        return _link_page(
            request, await people.send_link(clients, settings, request.user, person_id, datetime.now(UTC))
        )
    except ConflictError as error:
        return await _refused(request, person_id, error)


@post("/console/people/{person_id:int}/shut-out")
async def shut_out(request: AnyRequest, clients: GivenClients, person_id: FromPath[int]) -> Response[Any] | Template:
    """Let somebody in no more, at once."""
    try:
        await people.shut_out(clients, request.user, person_id, datetime.now(UTC))
    except ConflictError as error:
        return await _refused(request, person_id, error)
    return Redirect(f"/console/people/{person_id}?done=shut_out", status_code=303)


@post("/console/people/{person_id:int}/let-in")
async def let_in(request: AnyRequest, person_id: FromPath[int]) -> Response[Any]:
    """Let somebody in again."""
    await people.let_in(request.user, person_id, datetime.now(UTC))
    return Redirect(f"/console/people/{person_id}?done=let_in", status_code=303)


@post("/console/people/{person_id:int}/second-factor-off")
async def forget_second_factor(request: AnyRequest, person_id: FromPath[int]) -> Response[Any]:
    """Ask somebody for no code who has lost their authenticator."""
    await people.forget_second_factor(request.user, person_id, datetime.now(UTC))
    return Redirect(f"/console/people/{person_id}?done=code_off", status_code=303)


async def _refused(request: AnyRequest, person_id: int, error: ConflictError) -> Template:
    return await _form_page(request, await people.get_person(person_id), None, {"": str(error)}, error.status)


def _link_page(request: AnyRequest, invited: Invited, status_code: int = 200) -> Template:
    new = not invited.account.password_hash
    return page(request, "people/link.html", status_code=status_code, invited=invited, new=new)


async def _form_page(
    request: AnyRequest,
    person: Account | None,
    form: PersonForm | None,
    errors: dict[str, str],
    status_code: int = 200,
    email: str = "",
) -> Template:
    lots = await lot_rows.list_lots()
    if form is None and person is not None:
        mine = person.lot_ids or frozenset()
        slugs = tuple(lot.slug for lot in lots if lot.id in mine)
        form = PersonForm(person.name, person.role.value, person.sees_plates, person.lot_ids is None, slugs)
    return page(
        request,
        "people/person.html",
        status_code=status_code,
        person=person,
        form=form,
        email=email,
        errors=defaultdict(str, errors),
        lots=[(lot.slug, lot.name) for lot in lots],
        roles=[(role.value, *ROLES[role]) for role in PEOPLES],
        with_code=person is not None and person.id in await factor_rows.list_accounts_with(),
        done=DONE.get(request.query_params.get("done", ""), ""),
    )


async def _read_form(request: AnyRequest) -> tuple[PersonForm, str]:
    form = await request.form()
    lots = tuple(str(each) for each in form.getall("lots", []))
    given = PersonForm(
        str(form.get("name", "")),
        str(form.get("role", "")),
        sees_plates="sees_plates" in form,
        every_lot=form.get("where") == "all",
        lots=lots,
    )
    return given, str(form.get("email", ""))


routes = [
    Router(
        "/",
        route_handlers=[
            list_all,
            show_new,
            invite,
            show,
            change,
            send_link,
            shut_out,
            let_in,
            forget_second_factor,
        ],
        guards=[needs(Right.PEOPLE, everywhere=True)],
        include_in_schema=False,
    )
]
