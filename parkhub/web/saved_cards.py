"""A driver's saved card: saved at the provider, removed, and what it may pay by itself. And letters' way to a stay."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import structlog
from litestar import Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from parkhub.clients import Clients
from parkhub.domain.money import parse_amount
from parkhub.domain.stay_tokens import make_token
from parkhub.errors import InvalidInputError, ParkHubError, TooOftenError
from parkhub.languages import Language, marked
from parkhub.secret_key import secret_key
from parkhub.services import card_charges, saved_cards
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.drivers import ACCOUNT, account_page, driver_signed_in, provide_driver, the_driver
from parkhub.web.pay import host_elsewhere
from parkhub.web.saved_card_view import SavedCardView
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait, wait_minutes

CARD: Final = f"{ACCOUNT}/card"
CAP: Final = "50.00"
TRIES: Final = 10
TRY_WINDOW_S: Final = 3600
LOOK_AGAIN_S: Final = 3
SAVE_CONSENT: Final = marked(
    "The payment provider keeps this card for your parking. The car park sees only its brand, its last four digits and "
    "until when it is good. You can remove it at any time."
)
AUTOMATIC_CONSENT: Final = marked(
    "When one of my vehicles leaves, charge what is due to my saved card without asking, at most %(amount)s at once. I "
    "get a receipt each time, and can switch this off at any time."
)

log = structlog.get_logger(__name__)


class AutomaticForm(msgspec.Struct):
    """What a card may pay by itself; ``agreed`` is the tick without which nothing is switched on."""

    cap: str = ""
    currency: str = ""
    agreed: str = ""


@get("/card", include_in_schema=False)
async def show_card(request: AnyRequest, clients: GivenClients, saving: FromQuery[str | None] = None) -> Template:
    """The card and what it may do. ``saving``: back from the provider, whose word may still be on its way."""
    answer = await _page(request, clients.payments.is_sandbox, saving=saving is not None)
    if saving is not None and answer.context["card"] is None:
        answer.headers["refresh"] = str(LOOK_AGAIN_S)
    return answer


@post("/card", status_code=200, include_in_schema=False)
async def save_card(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Go to the provider's page, where a card is saved."""
    driver, now = the_driver(request).driver, datetime.now(UTC)
    try:
        await clients.limiter.hit(f"card:{driver.id}", TRIES, TRY_WINDOW_S)  # whoever tries stolen cards tries many
        url = await saved_cards.start_setup(clients, settings, driver, save_consent(spoken(request)), now)
    except TooOftenError as error:
        return after_wait(await _page(request, clients.payments.is_sandbox, None, 429, wait=wait_minutes(error)), error)
    except ParkHubError as error:
        log.warning("setup.not_opened", error=str(error))
        return await _page(request, clients.payments.is_sandbox, None, 503, unavailable=True)
    host = host_elsewhere(request, url)
    if host is None:
        return Redirect(url, status_code=303)
    return account_page(request, "saved_cards/leaving.html", url=url, host=host)  # see `web.pay.leave_for`


@post("/card/remove", status_code=303, include_in_schema=False)
async def remove_card(request: AnyRequest, clients: GivenClients) -> Redirect:
    """Take it away."""
    await saved_cards.remove(clients, the_driver(request).driver.id, datetime.now(UTC))
    return Redirect(CARD, status_code=303)


@post("/card/automatic", status_code=200, include_in_schema=False)
async def switch_on(
    request: AnyRequest,
    data: Annotated[AutomaticForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    clients: GivenClients,
) -> Response[Any] | Template:
    """Let it pay by itself, up to an amount."""
    driver, words, now = the_driver(request).driver, spoken(request), datetime.now(UTC)
    pretended = clients.payments.is_sandbox
    try:
        cap_cents = parse_amount(data.cap.strip().replace(",", "."), data.currency)
    except ValueError:
        wrong = {"cap": words.gettext("Write an amount as 50.00.")}
        return await _page(request, pretended, data, 422, wrong=wrong)
    if not data.agreed:
        wrong = {"agreed": words.gettext("Tick this if you agree.")}
        return await _page(request, pretended, data, 422, wrong=wrong)
    consent = words.gettext(AUTOMATIC_CONSENT, amount=words.money(cap_cents, data.currency))
    try:
        await saved_cards.switch_on(driver.id, cap_cents, data.currency, consent, now)
    except InvalidInputError as error:
        return await _page(request, pretended, data, 422, wrong={"cap": words.gettext(str(error))})
    return Redirect(CARD, status_code=303)


@post("/card/automatic/off", status_code=303, include_in_schema=False)
async def switch_off(request: AnyRequest) -> Redirect:
    """Let it pay nothing by itself."""
    await saved_cards.switch_off(the_driver(request).driver.id)
    return Redirect(CARD, status_code=303)


@get("/pay/charges/{public_id:str}", include_in_schema=False)
async def show_stay(public_id: FromPath[str], settings: GivenSettings) -> Redirect:
    """From a letter about a charge to the page of its stay, where it can be paid."""
    session = await card_charges.find_session(public_id)
    return Redirect(f"/pay/stays/{make_token(secret_key(settings), session.id, datetime.now(UTC))}", status_code=303)


async def customer_of(request: AnyRequest, clients: Clients, now: datetime) -> str:
    """For whom the card that pays is kept: the driver who is signed in and asked for it, "" for anybody else."""
    driver = await provide_driver(request)
    return await saved_cards.ensure_customer(clients, driver, save_consent(spoken(request)), now) if driver else ""


def save_consent(words: Language) -> str:
    """What is agreed to by saving a card."""
    return words.gettext(SAVE_CONSENT)


async def _page(
    request: AnyRequest,
    pretended: bool,
    form: AutomaticForm | None = None,
    status_code: int = 200,
    **context: Any,
) -> Template:
    driver, words = the_driver(request).driver, spoken(request)
    card = await saved_cards.find_card(driver.id)
    currencies = await saved_cards.list_currencies()
    view = SavedCardView(card, words, datetime.now(UTC)) if card else None
    usual: dict[str, Any] = {"saving": False, "unavailable": False, "wait": 0, "wrong": {}}
    given = form or AutomaticForm(view.cap if view else CAP, view.currency if view else "")
    return account_page(
        request,
        "saved_cards/card.html",
        status_code,
        card=view,
        form=given,
        currencies=[(each, each) for each in currencies],
        pretended=pretended,
        save_consent=save_consent(words),
        automatic_consent=words.gettext(AUTOMATIC_CONSENT, amount=words.gettext("the amount above")),
        **{**usual, **context},
    )


routes: list[ControllerRouterHandler] = [
    Router(
        ACCOUNT,
        route_handlers=[show_card, save_card, remove_card, switch_on, switch_off],
        guards=[driver_signed_in],
    ),
    show_stay,
]
