"""Where the payment provider tells what has happened: verified, kept, answered; a worker does the rest."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, post
from litestar.exceptions import InternalServerException

from parkhub.domain.webhook_signatures import HEADER
from parkhub.errors import TooLargeError
from parkhub.services import payment_events
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.errors import problem
from parkhub.web.templating import AnyRequest

PATH: Final = "/webhooks/stripe"
BYTES_MAX: Final = 256 * 1024
TIME_MAX_S: Final = 15


@post(PATH, opt=NO_CSRF, status_code=200, request_max_body_size=None, include_in_schema=False)
async def take_event(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[dict[str, Any]]:
    """Take one signed event; a repeat is answered alike and changes nothing."""
    if not payment_events.accepted_secrets(clients, settings):
        detail = "Webhooks are refused here until PARKHUB_STRIPE_WEBHOOK_SECRET is set."
        return problem(503, "No signing secret is set", detail, {"retry-after": "3600"})
    try:
        async with asyncio.timeout(TIME_MAX_S):
            body = await _read(request)
    except TimeoutError:
        return problem(408, "Too slow", f"The event did not arrive within {TIME_MAX_S} s. Send it again.")
    except InternalServerException:  # Litestar's word for a sender who hung up
        return problem(400, "Cut off", "The event ended before its last byte. Send it again.")
    new = await payment_events.receive(clients, settings, body, request.headers.get(HEADER, ""), datetime.now(UTC))
    return Response({"received": True, "repeated": not new}, status_code=200)


async def _read(request: AnyRequest) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > BYTES_MAX:
            raise TooLargeError(f"The event has more than {BYTES_MAX:,} bytes.")
        body += chunk
    return bytes(body)


routes = [take_event]
