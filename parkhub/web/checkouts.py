"""Back from paying: waits until the provider's own word has come. That a browser came back proves nothing."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.db import bookings as booking_rows
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import SessionState
from parkhub.domain.stay_tokens import LIFE, make_token
from parkhub.languages import Language
from parkhub.secret_key import secret_key
from parkhub.services.barrier_exits import find_exit_of
from parkhub.services.checkouts import CheckoutState, find_checkout
from parkhub.services.receipts import get_receipt
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenSettings
from parkhub.web.pay import driver_page
from parkhub.web.receipt_view import ReceiptView
from parkhub.web.speech import spoken
from parkhub.web.stays import read_stay
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest
from parkhub.web.watched import encode


@dataclass(frozen=True)
class CheckoutSource:
    """Where a payment stands, the same in every language."""

    public_id: str

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "checkout", self.public_id

    async def read(self) -> CheckoutState:
        """See `Source`."""
        return await find_checkout(self.public_id)

    def topics(self, view: CheckoutState) -> frozenset[str]:
        """See `Source`."""
        return frozenset({f"quote:{view.public_id}"})

    def tell(self, view: CheckoutState, before: CheckoutState | None) -> bytes | None:
        """See `Source`."""
        same = before is not None and before.state == view.state
        return None if same else encode("stay", {"state": view.state.value})

    def due_s(self, view: CheckoutState) -> None:
        """See `Source`."""


@get("/pay/checkouts/{public_id:str}", opt=NO_CSRF, include_in_schema=False)
async def show_checkout(
    request: AnyRequest, public_id: FromPath[str], settings: GivenSettings, cancelled: FromQuery[str | None] = None
) -> Response[Any] | Template:
    """Where the payment stands; once it is paid, until when to leave, and the receipt. A booking's own page says it."""
    checkout, words, now = await find_checkout(public_id), spoken(request), datetime.now(UTC)
    if checkout.session_id is None:
        booking = await booking_rows.get_booking(checkout.booking_id or 0)
        return Redirect(f"/bookings/{booking.public_id}", status_code=303)
    stay = await read_stay(checkout.session_id, words)
    token = make_token(secret_key(settings), checkout.session_id, now)
    # Later, who has this address learns no more; what its driver began is told by the clock alone.
    still_there = stay.session.state is SessionState.OPEN or bool(stay.session.begun_by)
    fresh = now < checkout.created_at + LIFE  # this address shall open the stay for no longer than the stay's own
    given: dict[str, Any] = {
        "checkout": checkout,
        "stay": stay,
        "amount": words.money(checkout.amount_cents, checkout.currency),
        "back": f"/pay/stays/{token}" if still_there and fresh else f"/pay/{stay.lot.slug}",
        "cancelled": cancelled is not None and checkout.state is PaymentState.OPEN,
        "view": await _receipt(checkout, words),
        "exit": f"/exit/{code}" if (code := await find_exit_of(checkout.session_id, now)) else "",
    }
    given["back"] = given["exit"] or given["back"]
    return driver_page(request, settings, "pay/checkout.html", stay.lot, **given)


@get("/pay/checkouts/{public_id:str}/events", opt=NO_CSRF, include_in_schema=False)
async def stream_checkout(request: AnyRequest, public_id: FromPath[str]) -> ASGIApp:
    """Every change of it."""
    return await stream(request, CheckoutSource(public_id))


async def _receipt(checkout: CheckoutState, words: Language) -> ReceiptView | None:
    return ReceiptView(await get_receipt(checkout.receipt_id), words) if checkout.receipt_id else None


routes = [show_checkout, stream_checkout]
