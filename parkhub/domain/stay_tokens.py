"""The address of a stay's page: signed, good for some hours, and telling nothing to who reads it but a number."""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

LIFE: Final = timedelta(hours=8)
_FORM: Final = struct.Struct(">QQ")
_MAC_BYTES: Final = 16
_PURPOSE: Final = b"parkhub stay page\0"


@dataclass(frozen=True, slots=True)
class StayToken:
    """What a token names, and until when it does."""

    session_id: int
    ends_at: datetime


def make_token(key: str, session_id: int, now: datetime) -> str:
    """A token for a session."""
    body = _FORM.pack(session_id, int((now + LIFE).timestamp()))
    return base64.urlsafe_b64encode(body + _mac(key, body)).decode().rstrip("=")


def read_token(key: str, text: str) -> StayToken | None:
    """What a token says, also one that has ended; None for one that was not made here."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _FORM.size], raw[_FORM.size :]
    if len(body) != _FORM.size or not hmac.compare_digest(mac, _mac(key, body)):
        return None
    session_id, ends_at = _FORM.unpack(body)
    return StayToken(session_id, datetime.fromtimestamp(ends_at, UTC))


def _mac(key: str, body: bytes) -> bytes:
    return hmac.new(key.encode(), _PURPOSE + body, hashlib.sha256).digest()[:_MAC_BYTES]
