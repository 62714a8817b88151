"""What a server that speaks as Stripe does answers about customers, kept cards and charges of them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import stripe_shaped
from litestar import MediaType, Request, Response, delete, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.saved_cards import ChargeOrder, SetupOrder
from parkhub.domain.provider_money import from_provider

if TYPE_CHECKING:
    from stripe_shaped import Form, StripeShaped

AnyRequest = Request[Any, Any, Any]


async def create_setup(shaped: "StripeShaped", form: "Form") -> Response[Any]:
    """A page of Checkout in setup mode."""
    order = SetupOrder(
        key=uuid4().hex,
        customer=form["customer"],
        return_url=form["success_url"],
        cancel_url=form["cancel_url"],
        created_at=datetime.now(UTC),
        expires_at=datetime.fromtimestamp(int(form["expires_at"]), UTC),
        metadata=form["metadata"],
    )
    name = (await shaped.sandbox.create_setup(order)).rpartition("/")[2]
    return Response({**await shaped.sandbox.get_setup(name), "url": f"{shaped.address}/c/setup/{name}"})


def routes(shaped: "StripeShaped") -> list[Any]:
    """What it answers to."""

    @post("/v1/customers", status_code=200)
    async def customer(request: AnyRequest) -> Response[Any]:
        form = await shaped.asked(request)

        async def make() -> Response[Any]:
            name = await shaped.sandbox.create_customer(form["metadata"]["parkhub"], form["email"], datetime.now(UTC))
            return Response(await shaped.sandbox._shelf.get(f"customer:{name}"))

        return await shaped.once(request, form, make)

    @delete("/v1/customers/{name:str}", status_code=200)
    async def forget(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
        await shaped.asked(request)
        if await shaped.sandbox._shelf.get(f"customer:{name}") is None:
            return stripe_shaped.error(404, "invalid_request_error", "resource_missing")
        await shaped.sandbox.delete_customer(name)
        return Response(await shaped.sandbox._shelf.get(f"customer:{name}"))

    @get("/v1/payment_methods/{name:str}")
    async def card(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
        await shaped.asked(request)
        found = await shaped.sandbox._shelf.get(f"method:{name}")
        missing = stripe_shaped.error(404, "invalid_request_error", "resource_missing")
        return missing if found is None else Response(found)

    @post("/v1/payment_methods/{name:str}/detach", status_code=200)
    async def detach(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
        await shaped.asked(request)
        found = await shaped.sandbox._shelf.get(f"method:{name}")
        if found is None or not found["customer"]:
            return stripe_shaped.error(400, "invalid_request_error", None)
        await shaped.tell(await shaped.sandbox.card_detached(name, datetime.now(UTC)))
        return Response(await shaped.sandbox._shelf.get(f"method:{name}"))

    @post("/v1/payment_intents", status_code=200)
    async def charge(request: AnyRequest) -> Response[Any]:
        form = await shaped.asked(request)
        return await shaped.once(request, form, lambda: _charge(shaped, form))

    @get("/c/setup/{name:str}", media_type=MediaType.HTML)
    async def show(name: FromPath[str]) -> str:
        await shaped.sandbox.get_setup(name)
        return "<!doctype html><title>Save a card</title><form method='post'><button>Save</button></form>"

    @post("/c/setup/{name:str}")
    async def keep(name: FromPath[str]) -> Redirect:
        await shaped.tell(await shaped.sandbox.keep_card(name, SandboxCard.PAYS, datetime.now(UTC)))
        return Redirect((await shaped.sandbox.get_setup(name))["success_url"], status_code=303)

    return [customer, forget, card, detach, charge, show, keep]


async def _charge(shaped: "StripeShaped", form: "Form") -> Response[Any]:
    """Refusals are errors with the intent in them, as Stripe's are."""
    currency = form["currency"].upper()
    order = ChargeOrder(
        key=uuid4().hex,
        customer=form["customer"],
        method=form["payment_method"],
        amount_cents=from_provider(int(form["amount"]), currency),
        currency=currency,
        now=datetime.now(UTC),
        metadata=form["metadata"],
    )
    done = await shaped.sandbox.charge(order)
    if not done.intent:
        return stripe_shaped.error(400, "invalid_request_error", done.code)
    await shaped.tell(await shaped.sandbox.events_of_charge(done.intent))
    intent = await shaped.sandbox._shelf.get(f"intent:{done.intent}")
    assert intent is not None
    if not done.code:
        return Response(intent)
    declined = done.code in ("insufficient_funds", "authentication_required")
    told = {
        "type": "card_error",
        "code": "card_declined" if done.code == "insufficient_funds" else done.code,
        "decline_code": done.code if declined else None,
        "message": "Your card was declined.",
        "payment_intent": intent,
    }
    return Response({"error": told}, status_code=402)
