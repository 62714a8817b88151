"""A server that speaks as Stripe does, as far as ParkHub asks: Checkout, refunds, balance transactions, events.

Its objects are the sandbox's, and cards are in `stripe_shaped_cards`. What it adds is Stripe's manner: keys, nested
forms, idempotency keys, errors, pages of lists, a hosted page, and webhooks by HTTP. Also a program:
`python tests/stripe_shaped.py --webhook URL --secret S`.
"""

import argparse
import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import stripe_shaped_cards as cards
import uvicorn
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from parkhub.clients.payment_sandbox import PaymentSandbox, Way
from parkhub.clients.payments import CheckoutOrder, Raw, RefundOrder
from parkhub.clients.shelf import MemoryShelf
from parkhub.domain.provider_money import from_provider
from parkhub.domain.webhook_signatures import sign
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, ParkHubError

KEY = "sk_test_shaped"
Form = dict[str, Any]
Answer = Callable[[], Awaitable[Response[Any]]]


class Quiet(uvicorn.Server):
    """Leaves the signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class StripeShaped:
    """The server's state; ``requests`` are method, path and form of all that was asked, ``away`` breaks it."""

    webhook: str = ""
    secret: str = ""
    address: str = ""
    sandbox: PaymentSandbox = field(default_factory=lambda: PaymentSandbox(MemoryShelf()))
    requests: list[tuple[str, str, Form]] = field(default_factory=list)
    away: int = 0
    _answers: dict[str, tuple[str, Response[Any]]] = field(default_factory=dict)

    async def tell(self, events: Iterable[Raw]) -> None:
        """Send events to the webhook, signed."""
        async with httpx.AsyncClient() as client:
            for event in events:
                body = json.dumps(event).encode()
                signature = sign(body, self.secret, datetime.now(UTC))
                answer = await client.post(self.webhook, content=body, headers={"stripe-signature": signature})
                answer.raise_for_status()

    async def asked(self, request: Request[Any, Any, Any]) -> Form:
        """The form of a request by somebody who has the key."""
        body = (await request.body()).decode()
        form = nested(parse_qsl(body) if body else parse_qsl(request.url.query or ""))
        self.requests.append((request.method, request.url.path, form))
        if self.away:
            self.away -= 1
            raise ConnectionError
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise PermissionError
        return form

    async def once(self, request: Request[Any, Any, Any], form: Form, answer: Answer) -> Response[Any]:
        """What was answered the first time that this idempotency key came, which must come with the same form."""
        key, sent = request.headers.get("idempotency-key", ""), json.dumps(form, sort_keys=True)
        if key and key in self._answers:
            before, known = self._answers[key]
            return known if before == sent else error(400, "idempotency_error", "idempotency_key_in_use")
        made = await answer()
        if key:
            self._answers[key] = sent, made
        return made

    async def find(self, name: str) -> Any:
        """An object by its id."""
        for kind in ("charge:", "refund:", "dispute:"):
            for each in await self.sandbox._shelf.list(kind):
                if each["id"] == name:
                    return each
        return name

    def routes(self) -> list[Any]:
        """What it answers to."""

        @post("/v1/checkout/sessions", status_code=200)
        async def create(request: Request[Any, Any, Any]) -> Response[Any]:
            form = await self.asked(request)
            create = cards.create_setup if form["mode"] == "setup" else StripeShaped._create
            return await self.once(request, form, lambda: create(self, form))

        @post("/v1/checkout/sessions/{name:str}/expire", status_code=200)
        async def expire(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
            await self.asked(request)
            told = await self.sandbox.expired(name, datetime.now(UTC))
            if not told:
                return error(400, "invalid_request_error", None)
            await self.tell(told)
            return Response(told[0]["data"]["object"])

        @post("/v1/refunds", status_code=200)
        async def refund(request: Request[Any, Any, Any]) -> Response[Any]:
            form = await self.asked(request)
            key = request.headers.get("idempotency-key", "")
            return await self.once(request, form, lambda: self._refund(form, key))

        @get("/v1/events/{name:str}")
        async def event(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
            await self.asked(request)
            found = await self.sandbox.fetch_event(name)
            return error(404, "invalid_request_error", "resource_missing") if found is None else Response(found)

        @get("/v1/balance_transactions")
        async def moved(request: Request[Any, Any, Any]) -> Response[Any]:
            form = await self.asked(request)
            since, payout = int(form.get("created", {}).get("gte", 0)), form.get("payout")
            found = [each for each in await self.sandbox._shelf.list("txn:") if each["created"] >= since]
            page, more = leaf([each for each in found if payout in (None, each.get("payout"))], form)
            data = [{**each, "source": await self.find(each["source"])} for each in page]
            return Response({"object": "list", "data": data, "has_more": more, "url": "/v1/balance_transactions"})

        @get("/v1/refunds")
        async def refunds(request: Request[Any, Any, Any]) -> Response[Any]:
            form = await self.asked(request)
            known = await self.sandbox._shelf.list("refund:")
            page, more = leaf([each for each in known if each["payment_intent"] == form["payment_intent"]], form)
            return Response({"object": "list", "data": page, "has_more": more, "url": "/v1/refunds"})

        @get("/c/pay/{name:str}", media_type=MediaType.HTML)
        async def show(name: FromPath[str]) -> str:
            checkout = await self.sandbox.get_checkout(name)
            return (
                f"<!doctype html><title>Checkout</title><h1>{checkout['metadata']['title']}</h1>"
                f"<form method='post'><button name='way' value='succeeds'>Pay</button></form>"
            )

        @post("/c/pay/{name:str}")
        async def pay(request: Request[Any, Any, Any], name: FromPath[str]) -> Redirect:
            way = Way((await request.form())["way"])
            outcome = await self.sandbox.pay(name, way, datetime.now(UTC))
            await self.tell([*outcome.now, *outcome.late])
            return Redirect((await self.sandbox.get_checkout(name))["success_url"], status_code=303)

        return [create, expire, refund, refunds, event, moved, show, pay, *cards.routes(self)]

    async def _create(self, form: Form) -> Response[Any]:
        (line,) = form["line_items"].values()
        data = line["price_data"]
        now, expires_at = datetime.now(UTC), datetime.fromtimestamp(int(form["expires_at"]), UTC)
        if (expires_at - now).total_seconds() < 30 * 60:
            return error(400, "invalid_request_error", "parameter_invalid_integer")
        order = CheckoutOrder(
            key=form["client_reference_id"],
            amount_cents=from_provider(int(data["unit_amount"]), data["currency"]),
            currency=data["currency"].upper(),
            title=data["product_data"]["name"],
            email=form.get("customer_email", ""),
            return_url=form["success_url"],
            cancel_url=form["cancel_url"],
            created_at=now,
            expires_at=expires_at,
            metadata=form["metadata"],
            customer=form.get("customer", ""),
        )
        made = await self.sandbox.create_checkout(order)
        return Response({**await self.sandbox.get_checkout(made.id), "url": f"{self.address}/c/pay/{made.id}"})

    async def _refund(self, form: Form, key: str) -> Response[Any]:
        charge = await self.sandbox._shelf.get(f"charge:{form['payment_intent']}")
        if charge is None:
            return error(404, "invalid_request_error", "resource_missing")
        amount, currency = int(form["amount"]), charge["currency"].upper()
        cents = from_provider(amount, currency)
        order = RefundOrder(key, form["payment_intent"], cents, currency, datetime.now(UTC), form["metadata"])
        refunded, told = await self.sandbox.refund_told(order)
        await self.tell(told)
        made = await self.find(refunded.id)
        charge = await self.sandbox._shelf.get(f"charge:{form['payment_intent']}")
        return Response({**made, "charge": charge} if "charge" in form.get("expand", {}).values() else made)


def nested(pairs: Iterable[tuple[str, str]]) -> Form:
    """``a[b][0]=c`` as Stripe reads it."""
    form: Form = {}
    for name, value in pairs:
        first, *parts = re.findall(r"[^\[\]]+", name)
        place, last = form, first
        for part in parts:
            place, last = place.setdefault(last, {}), part
        place[last] = value
    return form


def leaf(found: Iterable[dict[str, Any]], form: Form) -> tuple[list[dict[str, Any]], bool]:
    """A page of a list by id, of two at most so that there are several, and whether there are more."""
    known = sorted(found, key=lambda each: str(each["id"]))
    page = [each for each in known if each["id"] > form.get("starting_after", "")][: min(2, int(form["limit"]))]
    return page, bool(page) and page[-1] is not known[-1]


def error(status: int, kind: str, code: str | None) -> Response[Any]:
    """An error as Stripe words it."""
    return Response({"error": {"type": kind, "code": code, "message": "as the server says"}}, status_code=status)


def _on_error(_: Any, failure: Exception) -> Response[Any]:
    if isinstance(failure, PermissionError):
        return error(401, "invalid_request_error", None)
    if isinstance(failure, ConflictError | InvalidInputError | NotFoundError):
        return error(400, "invalid_request_error", "refused")
    return error(503, "api_error", None)


def application(shaped: StripeShaped) -> Litestar:
    """The server as an ASGI application."""
    handlers: Any = {PermissionError: _on_error, ConnectionError: _on_error, ParkHubError: _on_error}
    return Litestar(shaped.routes(), exception_handlers=handlers, openapi_config=None, logging_config=None)


@contextlib.asynccontextmanager
async def running(webhook: str = "", secret: str = "") -> AsyncIterator[StripeShaped]:
    """The server on a port of its own, in this very loop."""
    shaped = StripeShaped(webhook, secret)
    config = uvicorn.Config(application(shaped), host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = Quiet(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    shaped.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield shaped
    finally:
        server.should_exit = True
        await task


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook", required=True)
    parser.add_argument("--secret", required=True)
    given = parser.parse_args()
    shaped = StripeShaped(given.webhook, given.secret, f"http://127.0.0.1:{given.port}")
    uvicorn.run(application(shaped), host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
