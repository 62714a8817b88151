"""Customers, cards and intents of the sandbox as Stripe writes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parkhub.clients.saved_cards import ChargeOrder, SetupOrder
from parkhub.clients.shelf import Document


def customer(customer_id: str, email: str, key: str, now: datetime) -> Document:
    """Somebody for whom cards are kept."""
    return {
        "id": customer_id,
        "object": "customer",
        "created": int(now.timestamp()),
        "email": email,
        "livemode": False,
        "metadata": {"parkhub": key},
    }


def setup_checkout(order: SetupOrder, checkout_id: str, url: str) -> Document:
    """A page in setup mode that is open."""
    return {
        "id": checkout_id,
        "object": "checkout.session",
        "amount_subtotal": None,
        "amount_total": None,
        "cancel_url": order.cancel_url,
        "client_reference_id": None,
        "created": int(order.created_at.timestamp()),
        "currency": None,
        "customer": order.customer,
        "customer_email": None,
        "expires_at": int(order.expires_at.timestamp()),
        "livemode": False,
        "metadata": dict(order.metadata),
        "mode": "setup",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required",
        "setup_intent": None,
        "status": "open",
        "success_url": order.return_url,
        "url": url,
    }


def setup_intent(of: Document, intent_id: str, method: str, now: datetime) -> Document:
    """A setup that has succeeded."""
    return {
        "id": intent_id,
        "object": "setup_intent",
        "created": int(now.timestamp()),
        "customer": of["customer"],
        "livemode": False,
        "metadata": dict(of["metadata"]),
        "payment_method": method,
        "payment_method_types": ["card"],
        "status": "succeeded",
        "usage": "off_session",
    }


def payment_method(method: str, customer_id: str, card: Mapping[str, Any], behaves: str, now: datetime) -> Document:
    """A card that is kept; how it will behave stands in its metadata."""
    return {
        "id": method,
        "object": "payment_method",
        "billing_details": {"address": {}, "email": None, "name": None, "phone": None},
        "card": dict(card),
        "created": int(now.timestamp()),
        "customer": customer_id,
        "livemode": False,
        "metadata": {"sandbox_card": behaves},
        "type": "card",
    }


def payment_intent(order: ChargeOrder, intent_id: str, amount: int, status: str, code: str) -> Document:
    """A charge while nobody was there, as it ended at once; ``code`` says why it was refused."""
    failed = {"type": "card_error", "code": code, "message": "The test card was refused."} if code else None
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": amount if status == "succeeded" else 0,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": int(order.now.timestamp()),
        "currency": order.currency.lower(),
        "customer": order.customer,
        "last_payment_error": failed,
        "livemode": False,
        "metadata": dict(order.metadata),
        "payment_method": order.method,
        "payment_method_types": ["card"],
        "setup_future_usage": None,
        "status": status,
    }


def intent_of_checkout(checkout: Document, method: str, now: datetime) -> Document:
    """The intent of a checkout that was paid with a card that is kept from then on."""
    return {
        "id": checkout["payment_intent"],
        "object": "payment_intent",
        "amount": checkout["amount_total"],
        "amount_received": checkout["amount_total"],
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": int(now.timestamp()),
        "currency": checkout["currency"],
        "customer": checkout["customer"],
        "last_payment_error": None,
        "livemode": False,
        "metadata": dict(checkout["metadata"]),
        "payment_method": method,
        "payment_method_types": ["card"],
        "setup_future_usage": "off_session",
        "status": "succeeded",
    }
