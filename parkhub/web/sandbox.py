"""The sandbox's card page: how a test payment shall go. It stands where Stripe's own page stands otherwise."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, cast

import httpx
import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PATH, Way
from parkhub.clients.shelf import Document
from parkhub.domain.provider_money import from_provider
from parkhub.domain.webhook_signatures import HEADER
from parkhub.errors import BusyError, ConflictError, InvalidInputError
from parkhub.languages import marked
from parkhub.services import payment_sandbox
from parkhub.services.payment_sandbox import Send
from parkhub.settings import Settings
from parkhub.web import webhooks
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE, local_path
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest, page

CANCEL: Final = "cancel"
CARDS: Final = (
    (Way.SUCCEEDS, "4242 4242 4242 4242", marked("Pays at once")),
    (Way.CONFIRMS, "4000 0025 0000 3155", marked("Asks you to confirm first")),
    (Way.DECLINED, "4000 0000 0000 0002", marked("Is declined")),
    (Way.SUCCEEDS_LATE, marked("Bank transfer"), marked("Pays a few seconds later")),
    (Way.FAILS_LATE, marked("Bank transfer without cover"), marked("Fails a few seconds later")),
)
DECLINED: Final = marked("The card was declined. You have not been charged. Choose another one.")


class CardForm(msgspec.Struct):
    """What the card page sends; ``confirmed`` once the bank's question was answered."""

    way: str = ""
    confirmed: str = ""


@get(PATH + "/{checkout_id:str}", include_in_schema=False)
async def show_checkout(
    request: AnyRequest, checkout_id: FromPath[str], clients: GivenClients
) -> Response[Any] | Template:
    """The card page; once it is paid or over, back to where the driver came from."""
    request.scope["state"][PRIVATE] = True
    checkout = await payment_sandbox.get_checkout(clients, checkout_id)
    if checkout["status"] != "open":
        return go_back(checkout["success_url"])
    return _page(request, checkout)


@post(PATH + "/{checkout_id:str}", include_in_schema=False)
async def pay_checkout(
    request: AnyRequest,
    checkout_id: FromPath[str],
    data: Annotated[CardForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    clients: GivenClients,
    settings: GivenSettings,
) -> Response[Any] | Template:
    """Pay, be declined, be asked, or go back."""
    request.scope["state"][PRIVATE] = True
    checkout = await payment_sandbox.get_checkout(clients, checkout_id)
    if data.way == CANCEL:
        return go_back(checkout["cancel_url"])
    if data.way not in list(Way):
        raise InvalidInputError(marked("Choose how the test payment shall go."))
    way = Way(data.way)
    if way is Way.CONFIRMS and checkout["status"] == "open":
        if not data.confirmed:
            return _page(request, checkout, asked=True, chosen=way)
        if data.confirmed != "yes":
            way = Way.DECLINED
    return await _pay(request, clients, settings, checkout, way)


async def _pay(
    request: AnyRequest, clients: Clients, settings: Settings, checkout: Document, way: Way
) -> Response[Any] | Template:
    now = datetime.now(UTC)
    try:
        after = await payment_sandbox.pay(clients, settings, checkout["id"], way, sender(request), now)
    except ConflictError:  # paid in another window, or too late: the page it goes back to says which
        return go_back(checkout["success_url"])
    if after["status"] == "open":
        return _page(request, after, error=DECLINED, chosen=way, status_code=422)
    return go_back(after["success_url"])


def sender(request: AnyRequest) -> Send:
    """Brings an event to the webhook as Stripe does: by HTTP, to the very same route, within this process."""

    async def send(body: bytes, signature: str) -> None:
        transport = httpx.ASGITransport(app=cast(Any, request.app))
        async with httpx.AsyncClient(transport=transport, base_url=str(request.base_url)) as client:
            answer = await client.post(webhooks.PATH, content=body, headers={HEADER: signature})
        if answer.status_code != httpx.codes.OK:
            raise BusyError("The test payment could not be told to ParkHub. Try again in a moment.")

    return send


def _page(
    request: AnyRequest,
    checkout: Document,
    *,
    error: str = "",
    asked: bool = False,
    chosen: Way = Way.SUCCEEDS,
    status_code: int = 200,
) -> Template:
    currency, words = checkout["currency"].upper(), spoken(request)
    return page(
        request,
        "sandbox/checkout.html",
        language=words,
        status_code=status_code,
        address=f"{PATH}/{checkout['id']}",
        title=checkout["metadata"]["title"],
        email=checkout["customer_email"],
        amount_cents=from_provider(checkout["amount_total"], currency),
        currency=currency,
        cards=[(way, words.gettext(card), words.gettext(how)) for way, card, how in CARDS],
        chosen=chosen,
        asked=asked,
        error=words.gettext(error) if error else "",
    )


def go_back(target: str) -> Redirect:
    """To the driver's page by its path alone: who reached this page by another name of the server stays with it."""
    url = httpx.URL(target)
    return Redirect(local_path(url.raw_path.decode(), "/"), status_code=303)


routes = [show_checkout, pay_checkout]
