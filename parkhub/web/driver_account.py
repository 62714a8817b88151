"""A driver's account: vehicles and stays."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from parkhub.db import driver_vehicles as vehicle_rows
from parkhub.domain.drivers import Claimed
from parkhub.errors import ConflictError, FieldsError, TooOftenError
from parkhub.services import driver_vehicles, saved_cards
from parkhub.services.receipts import get_receipt
from parkhub.web.booking_offer_view import list_mine
from parkhub.web.dependencies import GivenClients
from parkhub.web.driver_view import StayLine
from parkhub.web.drivers import ACCOUNT, account_page, driver_signed_in, the_driver
from parkhub.web.receipt_view import ReceiptView
from parkhub.web.saved_card_view import SavedCardView
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait, wait_minutes

PAGE: Final = 20


class ClaimForm(msgspec.Struct):
    """A plate, and what proves it: a ticket's code or a receipt's address."""

    plate: str = ""
    code: str = ""


@get("/", include_in_schema=False)
async def show_account(request: AnyRequest) -> Template:
    """Vehicles and stays."""
    return await _page(request)


@post("/vehicles", status_code=200, include_in_schema=False)
async def claim(
    request: AnyRequest,
    data: Annotated[ClaimForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    clients: GivenClients,
) -> Response[Any] | Template:
    """Take a plate into the account, or ask staff whose it is."""
    driver, words = the_driver(request).driver, spoken(request)
    address = request.client.host if request.client else "unknown"
    try:
        claimed = await driver_vehicles.claim(clients, driver, data.plate, data.code, address, datetime.now(UTC))
    except FieldsError as error:
        wrong = {name: words.gettext(text) for name, text in error.fields.items()}
        return await _page(request, data, 422, wrong=wrong)
    except ConflictError as error:
        return await _page(request, data, 409, wrong={"plate": words.gettext(str(error))})
    except TooOftenError as error:
        return after_wait(await _page(request, data, 429, wait=wait_minutes(error)), error)
    if claimed is Claimed.ASKED:
        return await _page(request, asked=True)
    return Redirect(ACCOUNT, status_code=303)


@post("/vehicles/{vehicle_id:int}/remove", status_code=303, include_in_schema=False)
async def remove(request: AnyRequest, vehicle_id: FromPath[int], clients: GivenClients) -> Redirect:
    """Take a plate out of the account."""
    await driver_vehicles.remove(clients, the_driver(request).driver, vehicle_id, datetime.now(UTC))
    return Redirect(ACCOUNT, status_code=303)


@get("/receipts/{receipt_id:str}", include_in_schema=False)
async def show_receipt(request: AnyRequest, receipt_id: FromPath[str]) -> Template:
    """Ask whether a receipt's stay shall be in the account."""
    view = ReceiptView(await get_receipt(receipt_id), spoken(request))
    return account_page(request, "drivers/receipt.html", view=view, receipt_id=receipt_id)


@post("/receipts/{receipt_id:str}", status_code=303, include_in_schema=False)
async def add_receipt(request: AnyRequest, receipt_id: FromPath[str]) -> Redirect:
    """Put it there."""
    await driver_vehicles.add_receipt(the_driver(request).driver, receipt_id, datetime.now(UTC))
    return Redirect(ACCOUNT, status_code=303)


async def _page(request: AnyRequest, form: ClaimForm | None = None, status_code: int = 200, **context: Any) -> Template:
    driver, words = the_driver(request).driver, spoken(request)
    before = _before(request)
    found = await vehicle_rows.list_stays(driver.id, before, PAGE + 1)
    card = await saved_cards.find_card(driver.id)
    given: dict[str, Any] = {"wrong": {}, "wait": 0, "asked": False, **context}
    return account_page(
        request,
        "drivers/account.html",
        status_code,
        path=ACCOUNT,
        form=form or ClaimForm(),
        vehicles=await vehicle_rows.list_vehicles(driver.id),
        claims=[each for each in await vehicle_rows.list_claims_of(driver.id) if each.decided_at is None],
        stays=[StayLine(each, words) for each in found[:PAGE]],
        more=found[PAGE - 1].entered_at.isoformat() if len(found) > PAGE else "",
        first=before is None,
        booked=await list_mine(driver.id, words, datetime.now(UTC)),
        saved_card=SavedCardView(card, words, datetime.now(UTC)) if card else None,
        **given,
    )


def _before(request: AnyRequest) -> datetime | None:
    try:
        found = datetime.fromisoformat(request.query_params.get("before", ""))
        return found.astimezone(UTC) if found.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


routes = [
    Router(ACCOUNT, route_handlers=[show_account, claim, remove, show_receipt, add_receipt], guards=[driver_signed_in])
]
