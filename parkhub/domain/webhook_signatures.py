"""Stripe's scheme of signing what it sends: `Stripe-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from parkhub.errors import SignatureError

HEADER: Final = "stripe-signature"
TOLERANCE_S: Final = 300
_SCHEME: Final = "v1"
_PARTS_MAX: Final = 20


def sign(body: bytes, secret: str, now: datetime) -> str:
    """The header for a body sent now."""
    seconds = int(now.timestamp())
    return f"t={seconds},{_SCHEME}={_digest(body, secret, str(seconds))}"


def check_signature(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """Raise SignatureError unless one of the secrets signed this body within `TOLERANCE_S` of ``now``.

    An empty secret signs nothing: anybody could have.
    """
    parts = [part.strip().split("=", 1) for part in header.split(",", _PARTS_MAX)]
    times = [part[1] for part in parts if len(part) == 2 and part[0] == "t"]
    given = [part[1] for part in parts if len(part) == 2 and part[0] == _SCHEME]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdecimal() or len(times[0]) > 12 or not given:
        raise SignatureError("The webhook is not signed as Stripe signs.")
    wanted = [_digest(body, secret, times[0]) for secret in secrets if secret]
    # every pair is compared, so that the time taken tells nothing
    if not any([hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given]):  # noqa: C419
        raise SignatureError("The webhook's signature is wrong.")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise SignatureError(f"The webhook was signed more than {TOLERANCE_S} s ago, or a clock is wrong.")


def _digest(body: bytes, secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
