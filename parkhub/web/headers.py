"""Headers that every answer carries (ASVS 3.4)."""

from collections.abc import Sequence
from typing import Final

from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from parkhub.web.guards import PRIVATE

_FORMS: Final = "form-action 'self'"
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        _FORMS,
        "frame-ancestors 'none'",
    )
)

Header = tuple[bytes, bytes]


def security_headers(*, secure: bool, paid_at: Sequence[str] = ()) -> BeforeMessageSendHookHandler:
    """Build the hook that adds them. ``secure``: people come by https, and shall go on doing so.

    ``paid_at``: sites where drivers pay; browsers hold `form-action` against where a form's answer leads, too.
    """
    policy = POLICY.replace(_FORMS, " ".join((_FORMS, *paid_at)))
    always: list[Header] = [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        # Not `no-referrer`: browsers then send `Origin: null`, and forms could not prove where they come from.
        (b"referrer-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    if secure:
        always.append((b"strict-transport-security", b"max-age=31536000"))

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message.get("headers", []))
        headers += always
        if scope.get("state", {}).get(PRIVATE):
            headers = [header for header in headers if header[0] != b"cache-control"]
            headers.append((b"cache-control", b"no-store"))
        message["headers"] = headers

    return add
