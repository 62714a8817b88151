"""Stripe's errors as ours."""

from typing import NoReturn

import stripe
import structlog

from parkhub.errors import BusyError, InvalidInputError

log = structlog.get_logger(__name__)


def raise_ours(error: stripe.StripeError, what: str) -> NoReturn:
    """Ours for Stripe's. Its message stays out: it may quote what was sent, the key's end among it."""
    log.warning(
        "stripe.failed", what=what, kind=type(error).__name__, status=error.http_status, code=error.code,
        request=error.request_id,
    )  # fmt: skip
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        raise BusyError("Payments are not set up rightly here. Pay at the machine or call.", retry_after_s=60) from None
    if isinstance(error, stripe.InvalidRequestError | stripe.CardError | stripe.IdempotencyError):
        code = f" ({error.code})" if error.code else ""
        raise InvalidInputError(f"The payment provider refused this{code}.") from None
    raise BusyError("The payment provider is away. Try again in a moment.", retry_after_s=10) from None
