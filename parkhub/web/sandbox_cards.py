"""The sandbox's page where a card is saved. It stands where Stripe's own page stands otherwise."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Template

from parkhub.clients.sandbox_cards import SETUP_PATH, SandboxCard
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.languages import marked
from parkhub.services import payment_sandbox
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE
from parkhub.web.sandbox import go_back, sender
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest, page

CANCEL: Final = "cancel"
CARDS: Final = (
    (SandboxCard.PAYS, "4242 4242 4242 4242", marked("Is saved, and pays each time")),
    (SandboxCard.CONFIRMS, "4000 0027 6000 3184", marked("Is saved, and asks you to confirm each payment")),
    (SandboxCard.DECLINES, "4000 0000 0000 0341", marked("Is saved, and is declined when it shall pay")),
    (SandboxCard.EXPIRED, "4000 0000 0000 0069", marked("Is saved, and has expired when it shall pay")),
    (SandboxCard.PAYS_LATE, "5555 5555 5555 4444", marked("Is saved, and pays a few seconds later")),
    (SandboxCard.REFUSED, "4000 0000 0000 0002", marked("Cannot be saved")),
)
REFUSED: Final = marked("The card was declined and is not saved. Choose another one.")


class SetupForm(msgspec.Struct):
    """What the page sends."""

    card: str = ""


@get(SETUP_PATH + "/{setup_id:str}", include_in_schema=False)
async def show_setup(request: AnyRequest, setup_id: FromPath[str], clients: GivenClients) -> Response[Any] | Template:
    """The cards to choose from; once one is saved, back to where the driver came from."""
    request.scope["state"][PRIVATE] = True
    setup = await payment_sandbox.sandbox_of(clients).get_setup(setup_id)
    return _page(request, setup_id) if setup["status"] == "open" else go_back(setup["success_url"])


@post(SETUP_PATH + "/{setup_id:str}", include_in_schema=False)
async def keep_card(
    request: AnyRequest,
    setup_id: FromPath[str],
    data: Annotated[SetupForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    clients: GivenClients,
    settings: GivenSettings,
) -> Response[Any] | Template:
    """Save one, be declined, or go back."""
    request.scope["state"][PRIVATE] = True
    setup = await payment_sandbox.sandbox_of(clients).get_setup(setup_id)
    if data.card == CANCEL:
        return go_back(setup["cancel_url"])
    if data.card not in list(SandboxCard):
        raise InvalidInputError("Choose a test card.")
    card, now = SandboxCard(data.card), datetime.now(UTC)
    if card is SandboxCard.REFUSED:
        return _page(request, setup_id, chosen=card, error=REFUSED, status_code=422)
    try:
        await payment_sandbox.keep_card(clients, settings, setup_id, card, sender(request), now)
    except ConflictError:  # saved in another window, or too late: the page it goes back to shows which
        return go_back(setup["cancel_url"])
    return go_back(setup["success_url"])


def _page(
    request: AnyRequest,
    setup_id: str,
    *,
    chosen: SandboxCard = SandboxCard.PAYS,
    error: str = "",
    status_code: int = 200,
) -> Template:
    words = spoken(request)
    return page(
        request,
        "sandbox/setup.html",
        status_code=status_code,
        language=words,
        address=f"{SETUP_PATH}/{setup_id}",
        cards=[(card, number, words.gettext(how)) for card, number, how in CARDS],
        chosen=chosen,
        error=words.gettext(error) if error else "",
    )


routes: Final[list[Any]] = [show_setup, keep_card]
