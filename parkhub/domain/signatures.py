"""Signed uploads: what a camera node signs, and whether a signature, its time and its picture's time hold.

The wire is version 1, documented in `camera_node/WIRE.md`; both sides are held together by a contract test.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from parkhub.errors import InvalidInputError, SignatureError

TOLERANCE_S = 300
CAPTURED_AHEAD_MAX_S = 300
CAPTURED_AGE_MAX = timedelta(days=7)
SEQUENCE_MAX = 2**62 - 1

UNSIGNED = (
    "The upload needs the headers Parkhub-Key, Parkhub-Time, Parkhub-Sequence, Parkhub-Captured-At and "
    "Parkhub-Signature."
)
UNKNOWN = "The camera is not known or its key is wrong. Check both in the console."
WRONG = "The signature does not fit the upload. Sign exactly the bytes that are sent."
OFF_TIME = f"The upload was signed more than {TOLERANCE_S} seconds ago or ahead. Set the camera's clock."

_WHOLE = re.compile(r"[0-9]{1,19}")
_RFC3339 = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|\+00:00)")
_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """The five headers, read. ``key`` is the node's secret: never log it. ``captured_at_text`` is what was signed."""

    key: str
    signed_at_s: int
    sequence: int
    captured_at: datetime
    captured_at_text: str
    signature: str

    def __repr__(self) -> str:
        return f"SignedHeaders(sequence={self.sequence}, captured_at={self.captured_at_text})"


def read_headers(
    key: str | None, time: str | None, sequence: str | None, captured_at: str | None, signature: str | None
) -> SignedHeaders:
    """Read the headers as sent; None where one is missing.

    Raises SignatureError when one is missing or the signature's form is wrong, InvalidInputError for a number or a
    time that is none.
    """
    if not key or not time or not sequence or not captured_at or not signature:
        raise SignatureError(UNSIGNED)
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise SignatureError("Parkhub-Signature must be v1= and 64 lower-case hexadecimal digits.")
    if not _WHOLE.fullmatch(time):
        raise SignatureError("Parkhub-Time must be whole Unix seconds.")
    if not _WHOLE.fullmatch(sequence) or int(sequence) > SEQUENCE_MAX:
        raise InvalidInputError(f"Parkhub-Sequence must be a whole number from 0 to {SEQUENCE_MAX}.")
    return SignedHeaders(key, int(time), int(sequence), read_time(captured_at), captured_at, found[1])


def read_time(text: str) -> datetime:
    """RFC 3339 in UTC, such as 2026-11-21T10:00:00.123Z, to the microsecond. Raises InvalidInputError."""
    found = _RFC3339.fullmatch(text)
    try:
        if found is not None:
            micros = int(((found[2] or "") + "000000")[:6])
            return datetime.fromisoformat(found[1]).replace(microsecond=micros, tzinfo=UTC)
    except ValueError:
        pass  # the 30th of February
    raise InvalidInputError("Parkhub-Captured-At must be RFC 3339 in UTC, such as 2026-11-21T10:00:00Z.")


def hash_key(key: str) -> str:
    """What is kept of a camera's key: SHA-256, hex. The key is 32 random bytes, so a slow hash adds nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def sign(key: str, method: str, path: str, headers: SignedHeaders, body_sha256: str) -> str:
    """HMAC-SHA256 in hex over version, method, path, signing time, sequence, capture time and the body's hash."""
    text = "\n".join(
        ["v1", method, path, str(headers.signed_at_s), str(headers.sequence), headers.captured_at_text, body_sha256]
    )
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def check_key(key_hash: str | None, key: str) -> None:
    """Raise SignatureError unless the key is the camera's, in constant time.

    ``key_hash`` None means there is no such camera, which says and costs the same as a wrong key.
    """
    same = hmac.compare_digest(hash_key(key), key_hash or "0" * 64)
    if key_hash is None or not same:
        raise SignatureError(UNKNOWN)


def check_signature(method: str, path: str, headers: SignedHeaders, body_sha256: str, now: datetime) -> None:
    """Raise SignatureError unless the signature fits what was sent and is at most 300 s off ``now``."""
    wanted = sign(headers.key, method, path, headers, body_sha256)
    if not hmac.compare_digest(wanted, headers.signature):
        raise SignatureError(WRONG)
    if abs(now.timestamp() - headers.signed_at_s) > TOLERANCE_S:
        raise SignatureError(OFF_TIME)


def check_captured_at(captured_at: datetime, now: datetime) -> None:
    """Raise InvalidInputError for a picture from the future or from too long ago."""
    if captured_at > now + timedelta(seconds=CAPTURED_AHEAD_MAX_S):
        raise InvalidInputError(
            f"The picture is too early: its time lies more than {CAPTURED_AHEAD_MAX_S} seconds ahead. "
            "Set the camera's clock."
        )
    if captured_at < now - CAPTURED_AGE_MAX:
        raise InvalidInputError(f"The picture is too old: at most {CAPTURED_AGE_MAX.days} days are taken.")
