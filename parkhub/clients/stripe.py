"""Stripe, through its own library; loaded only where a key is set."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import stripe

from parkhub.clients.payments import BalanceTransaction, CheckoutOrder, OpenCheckout, Raw, Refunded, RefundOrder
from parkhub.clients.stripe_cards import StripeCards
from parkhub.clients.stripe_faults import raise_ours
from parkhub.domain.provider_money import from_provider, to_provider
from parkhub.errors import BusyError
from parkhub.settings import Settings

TIMEOUT_S: Final = 12.0
RETRIES: Final = 2
"""Each with the same idempotency key, so that nothing is done twice."""

_PAGE: Final = 100


class StripePayments(StripeCards):
    """The real provider."""

    name = "stripe"
    is_sandbox = False

    def __init__(self, settings: Settings) -> None:
        given: dict[str, Any] = {}
        if settings.stripe_api_base:
            given["base_addresses"] = {"api": settings.stripe_api_base}
        self._http = stripe.HTTPXClient(timeout=TIMEOUT_S)
        self._stripe = stripe.StripeClient(
            settings.stripe_secret_key.get_secret_value(),
            max_network_retries=RETRIES,
            http_client=self._http,
            **given,
        )

    async def create_checkout(self, order: CheckoutOrder) -> OpenCheckout:
        """See `PaymentProvider`."""
        metadata = dict(order.metadata)
        params: Any = {
            "mode": "payment",
            "client_reference_id": order.key,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": to_provider(order.amount_cents, order.currency),
                        "product_data": {"name": order.title},
                    },
                }
            ],
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata, "description": order.title},
            "expires_at": int(order.expires_at.timestamp()),
            "success_url": order.return_url,
            "cancel_url": order.cancel_url,
        }
        if order.customer:
            params["customer"] = order.customer
            params["payment_intent_data"]["setup_future_usage"] = "off_session"
        elif order.email:
            params["customer_email"] = order.email
        try:
            made = await self._stripe.v1.checkout.sessions.create_async(
                params, {"idempotency_key": f"checkout-{order.key}"}
            )
        except stripe.StripeError as error:
            raise_ours(error, "checkout.create")
        return OpenCheckout(made.id, made.url or "")

    async def expire_checkout(self, checkout_id: str, now: datetime) -> bool:  # noqa: ARG002  (Stripe has a clock)
        """See `PaymentProvider`."""
        try:
            await self._stripe.v1.checkout.sessions.expire_async(checkout_id)
        except stripe.InvalidRequestError:
            return False
        except stripe.StripeError as error:
            raise_ours(error, "checkout.expire")
        return True

    async def refund(self, order: RefundOrder) -> Refunded:
        """See `PaymentProvider`. Answers by the charge, which alone tells how much was given back in all."""
        params: Any = {
            "payment_intent": order.intent,
            "amount": to_provider(order.amount_cents, order.currency),
            "metadata": dict(order.metadata),
            "expand": ["charge"],
        }
        try:
            made = await self._stripe.v1.refunds.create_async(params, {"idempotency_key": f"refund-{order.key}"})
        except stripe.StripeError as error:
            raise_ours(error, "refund.create")
        charge = made.charge
        if not isinstance(charge, stripe.Charge):
            raise BusyError("The payment provider did not say what was given back; it will tell.")
        return Refunded(made.id, from_provider(charge.amount_refunded, charge.currency))

    async def sum_refunds(self, intent: str, currency: str) -> int:
        """See `PaymentProvider`."""
        try:
            found = await self._stripe.v1.refunds.list_async({"payment_intent": intent, "limit": _PAGE})
            return from_provider(sum([each.amount async for each in found.auto_paging_iter()]), currency)
        except stripe.StripeError as error:
            raise_ours(error, "refund.list")

    async def fetch_event(self, event_id: str) -> Raw | None:
        """See `PaymentProvider`. Stripe keeps events for thirty days."""
        try:
            found = await self._stripe.v1.events.retrieve_async(event_id)
        except stripe.InvalidRequestError:
            return None
        except stripe.StripeError as error:
            raise_ours(error, "event.fetch")
        return _plain(found)

    async def balance_transactions(
        self, since: datetime | None = None, payout: str | None = None
    ) -> AsyncIterator[BalanceTransaction]:
        """See `PaymentProvider`."""
        params: Any = {"limit": _PAGE, "expand": ["data.source"]}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if payout is not None:
            params["payout"] = payout
        try:
            found = await self._stripe.v1.balance_transactions.list_async(params)
            async for each in found.auto_paging_iter():
                yield _balance_transaction(_plain(each))
        except stripe.StripeError as error:
            raise_ours(error, "balance_transactions.list")

    async def close(self) -> None:
        """See `PaymentProvider`."""
        await self._http.close_async()  # type: ignore[no-untyped-call]


def _balance_transaction(raw: Raw) -> BalanceTransaction:
    source = raw.get("source")
    whole = source if isinstance(source, dict) else {"id": source or ""}
    intent = whole.get("payment_intent") or ""
    currency = str(raw["currency"]).upper()
    return BalanceTransaction(
        id=raw["id"],
        kind=raw["type"],
        amount_cents=from_provider(raw["amount"], currency),
        fee_cents=from_provider(raw["fee"], currency),
        currency=currency,
        source=whole["id"],
        intent=intent if isinstance(intent, str) else intent["id"],
        at=datetime.fromtimestamp(raw["created"], UTC),
    )


def _plain(found: stripe.StripeObject) -> Raw:
    plain: dict[str, Any] = found.to_dict()
    return plain
