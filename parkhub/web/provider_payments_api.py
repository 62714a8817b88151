"""What was paid through the payment provider, for programs: the JSON interface, for signed-in staff."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db.payments import Payment
from parkhub.domain.rights import Right
from parkhub.services import refunds
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.session_forms import checked_uid
from parkhub.web.templating import AnyRequest


@dataclass(frozen=True, slots=True)
class PaymentItem:
    """A quote and its payment; ``id`` is the quote's, ``receipt_id`` its receipt's once it is paid.

    ``session_id`` null: of a booking. Minor units.
    """

    id: str
    session_id: int | None
    provider: str
    state: str
    currency: str
    amount_cents: int
    paid_cents: int
    refunded_cents: int
    created_at: datetime
    paid_at: datetime | None
    receipt_id: str | None


@dataclass(frozen=True, slots=True)
class PaymentItems:
    """A session's payments."""

    items: list[PaymentItem]


class RefundForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to give back; null is all. ``uid``: made by whoever asks; the same again gives nothing more back."""

    reason: str
    uid: str
    amount_cents: int | None = None


@get("/sessions/{session_id:int}/quotes", tags=["Money"])
async def list_payments(session_id: FromPath[int]) -> PaymentItems:
    """What drivers were asked to pay through the provider and what became of it, the newest first."""
    return PaymentItems([await payment_item(payment) for payment in await payment_rows.list_of_session(session_id)])


@post("/payments/{public_id:str}/refunds", tags=["Money"], guards=[needs(Right.REFUND)])
async def refund_payment(
    request: AnyRequest,
    public_id: FromPath[str],
    data: JSONBody[RefundForm],
    clients: GivenClients,
    settings: GivenSettings,
) -> PaymentItem:
    """Give back through the provider, all or a part."""
    now = datetime.now(UTC)
    return await payment_item(
        await refunds.refund_payment(
            clients, settings, public_id, data.amount_cents, data.reason, request.user.id, now, checked_uid(data.uid)
        )
    )


async def payment_item(payment: Payment) -> PaymentItem:
    """A payment with its quote."""
    stored = await quote_rows.get_quote(payment.quote_id)
    return PaymentItem(
        id=stored.public_id,
        session_id=stored.session_id,
        provider=payment.provider,
        state=payment.state,
        currency=stored.quote.currency,
        amount_cents=stored.amount_cents,
        paid_cents=payment.paid_cents,
        refunded_cents=payment.refunded_cents,
        created_at=stored.created_at,
        paid_at=payment.paid_at,
        receipt_id=await receipt_rows.find_of_quote(stored.id),
    )


routes = [Router("/api/v1", route_handlers=[list_payments, refund_payment], guards=[needs(Right.READ)])]
