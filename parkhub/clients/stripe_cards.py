"""Cards that Stripe keeps: customers, Checkout in setup mode, and payment intents confirmed off session."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import stripe

from parkhub.clients.saved_cards import Charged, ChargeOrder, ChargeOutcome, SetupOrder
from parkhub.clients.stripe_faults import raise_ours
from parkhub.domain.provider_money import to_provider
from parkhub.domain.saved_cards import KeptCard
from parkhub.errors import BusyError

_OUTCOMES: Final = {
    "succeeded": ChargeOutcome.SUCCEEDED,
    "processing": ChargeOutcome.PROCESSING,
    "requires_capture": ChargeOutcome.PROCESSING,
    "requires_action": ChargeOutcome.NEEDS_CONFIRMATION,
    "requires_confirmation": ChargeOutcome.NEEDS_CONFIRMATION,
}
_CONFLICT: Final = 409


class StripeCards:
    """The part of the real provider that keeps cards."""

    _stripe: stripe.StripeClient

    async def create_customer(self, key: str, email: str, now: datetime) -> str:  # noqa: ARG002  (Stripe has a clock)
        """See `CardVault`."""
        try:
            made = await self._stripe.v1.customers.create_async(
                {"email": email, "metadata": {"parkhub": key}}, {"idempotency_key": f"customer-{key}"}
            )
        except stripe.StripeError as error:
            raise_ours(error, "customer.create")
        return made.id

    async def create_setup(self, order: SetupOrder) -> str:
        """See `CardVault`."""
        metadata = dict(order.metadata)
        params: Any = {
            "mode": "setup",
            "customer": order.customer,
            "payment_method_types": ["card"],
            "metadata": metadata,
            "setup_intent_data": {"metadata": metadata},
            "expires_at": int(order.expires_at.timestamp()),
            "success_url": order.return_url,
            "cancel_url": order.cancel_url,
        }
        try:
            made = await self._stripe.v1.checkout.sessions.create_async(
                params, {"idempotency_key": f"setup-{order.key}"}
            )
        except stripe.StripeError as error:
            raise_ours(error, "setup.create")
        return made.url or ""

    async def get_card(self, method: str) -> KeptCard | None:
        """See `CardVault`."""
        try:
            found = await self._stripe.v1.payment_methods.retrieve_async(method)
        except stripe.InvalidRequestError:
            return None
        except stripe.StripeError as error:
            raise_ours(error, "card.get")
        raw = found.to_dict()
        card, customer = raw.get("card"), raw.get("customer") or ""
        if not isinstance(card, Mapping):
            return None
        return KeptCard(
            method=raw["id"],
            customer=customer if isinstance(customer, str) else customer["id"],
            brand=str(card.get("display_brand") or card["brand"]),
            last4=str(card["last4"]),
            exp_month=int(card["exp_month"]),
            exp_year=int(card["exp_year"]),
        )

    async def detach_card(self, method: str) -> None:
        """See `CardVault`."""
        try:
            await self._stripe.v1.payment_methods.detach_async(method)
        except stripe.InvalidRequestError:  # not known, or belongs to nobody any more
            return
        except stripe.StripeError as error:
            raise_ours(error, "card.detach")

    async def delete_customer(self, customer: str) -> None:
        """See `CardVault`."""
        try:
            await self._stripe.v1.customers.delete_async(customer)
        except stripe.InvalidRequestError:
            return
        except stripe.StripeError as error:
            raise_ours(error, "customer.delete")

    async def charge(self, order: ChargeOrder) -> Charged:
        """See `CardVault`. A refused card and one that must be confirmed are errors of Stripe's, and answers here."""
        params: Any = {
            "amount": to_provider(order.amount_cents, order.currency),
            "currency": order.currency.lower(),
            "customer": order.customer,
            "payment_method": order.method,
            "payment_method_types": ["card"],
            "off_session": True,
            "confirm": True,
            "metadata": dict(order.metadata),
        }
        try:
            made = await self._stripe.v1.payment_intents.create_async(
                params, {"idempotency_key": f"charge-{order.key}"}
            )
        except stripe.CardError as error:
            return _refused(error)
        except stripe.InvalidRequestError as error:
            if error.http_status == _CONFLICT:  # the same request is being answered at this moment
                raise BusyError("The payment provider has not answered yet.", retry_after_s=10) from None
            return Charged("", ChargeOutcome.DECLINED, error.code or "invalid_request")
        except stripe.IdempotencyError:
            raise BusyError("The payment provider does not say what became of a charge.", retry_after_s=60) from None
        except stripe.StripeError as error:
            raise_ours(error, "charge.create")
        return Charged(made.id, _OUTCOMES.get(made.status, ChargeOutcome.DECLINED))


def _refused(error: stripe.CardError) -> Charged:
    body = error.json_body if isinstance(error.json_body, Mapping) else {}
    told = body.get("error") or {}
    intent = (told.get("payment_intent") or {}).get("id", "")
    codes = (error.code, told.get("decline_code"))
    if "authentication_required" in codes:
        return Charged(intent, ChargeOutcome.NEEDS_CONFIRMATION, "authentication_required")
    code = error.code if error.code not in (None, "card_declined") else told.get("decline_code") or "card_declined"
    return Charged(intent, ChargeOutcome.DECLINED, str(code))
