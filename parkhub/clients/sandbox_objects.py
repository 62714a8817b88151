"""The sandbox's objects as Stripe writes them: the fields that ParkHub and whoever looks at them may want."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parkhub.clients.payments import CheckoutOrder
from parkhub.clients.shelf import Document


def checkout(order: CheckoutOrder, checkout_id: str, amount: int) -> Document:
    """A checkout session that is open."""
    return {
        "id": checkout_id,
        "object": "checkout.session",
        "amount_subtotal": amount,
        "amount_total": amount,
        "cancel_url": order.cancel_url,
        "client_reference_id": order.key,
        "created": int(order.created_at.timestamp()),
        "currency": order.currency.lower(),
        "customer": order.customer or None,
        "customer_email": None if order.customer else order.email or None,
        "expires_at": int(order.expires_at.timestamp()),
        "livemode": False,
        "metadata": {**order.metadata, "title": order.title},
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": order.return_url,
        "url": f"/sandbox/checkouts/{checkout_id}",
    }


def charge(paid: Document, charge_id: str, now: datetime) -> Document:
    """The charge of a checkout that was paid."""
    return {
        "id": charge_id,
        "object": "charge",
        "amount": paid["amount_total"],
        "amount_captured": paid["amount_total"],
        "amount_refunded": 0,
        "captured": True,
        "created": int(now.timestamp()),
        "currency": paid["currency"],
        "disputed": False,
        "livemode": False,
        "metadata": dict(paid["metadata"]),
        "paid": True,
        "payment_intent": paid["payment_intent"],
        "refunded": False,
        "status": "succeeded",
    }


def refund(of: Document, refund_id: str, amount: int, metadata: Mapping[str, str], now: datetime) -> Document:
    """A refund of a charge."""
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "charge": of["id"],
        "created": int(now.timestamp()),
        "currency": of["currency"],
        "metadata": dict(metadata),
        "payment_intent": of["payment_intent"],
        "reason": "requested_by_customer",
        "status": "succeeded",
    }


def dispute(of: Document, dispute_id: str, now: datetime, *, whole: bool) -> Document:
    """A dispute of what is left of a charge; of the whole one if nothing is, or if it is asked for."""
    left = of["amount"] - of["amount_refunded"]
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": of["amount"] if whole or not left else left,
        "charge": of["id"],
        "created": int(now.timestamp()),
        "currency": of["currency"],
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def payout(payout_id: str, amount: int, currency: str, now: datetime) -> Document:
    """A payout that has arrived."""
    return {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "arrival_date": int(now.timestamp()),
        "automatic": True,
        "created": int(now.timestamp()),
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "status": "paid",
        "type": "bank_account",
    }


def balance_transaction(txn_id: str, kind: str, amount: int, source: Document, now: datetime) -> Document:
    """A movement; no fee is kept of test payments. ``payment_intent`` and ``payout`` are ours, to find it by."""
    return {
        "id": txn_id,
        "object": "balance_transaction",
        "amount": amount,
        "created": int(now.timestamp()),
        "currency": source["currency"],
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "source": source["id"],
        "status": "available",
        "type": kind,
        "payment_intent": source.get("payment_intent") or "",
    }


def event(event_id: str, kind: str, about: Document, now: datetime) -> dict[str, Any]:
    """What is sent to the webhook."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": None,
        "created": int(now.timestamp()),
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
