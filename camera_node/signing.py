"""Signs one upload, so that its bytes, number and times cannot be changed on the way or sent again much later.

The wire is described in WIRE.md, with a worked example that the tests check. Nothing here is shared with the server.
"""

import hashlib
import hmac
from datetime import UTC, datetime

VERSION = "v1"


def frames_path(camera: str) -> str:
    """Return the path a camera's pictures are posted to, which is also the path that is signed."""
    return f"/api/v1/cameras/{camera}/frames"


def results_path(camera: str) -> str:
    """Return the same for what was seen in a picture that stays here."""
    return f"/api/v1/cameras/{camera}/results"


def format_time(moment: datetime) -> str:
    """Return ``moment`` (aware) as RFC 3339 in UTC with milliseconds: ``2026-11-21T10:00:00.123Z``."""
    if moment.tzinfo is None:
        raise ValueError("A capture time needs a time zone.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign(
    key: str, path: str, *, signed_at_s: int, sequence: int, captured_at: str, body: bytes, method: str = "POST"
) -> str:
    """Return the value of ``Parkhub-Signature``.

    ``key`` is the camera's key as text (its UTF-8 bytes are the HMAC key), ``captured_at`` exactly the text of the
    header ``Parkhub-Captured-At``, ``body`` all bytes of the request's body.
    """
    digest = hashlib.sha256(body).hexdigest()
    message = f"{VERSION}\n{method}\n{path}\n{signed_at_s}\n{sequence}\n{captured_at}\n{digest}"
    return f"{VERSION}={hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()}"


def sign_headers(
    key: str, path: str, *, signed_at_s: int, sequence: int, captured_at: datetime, body: bytes, method: str = "POST"
) -> dict[str, str]:
    """Return the five ``Parkhub-…`` headers of one request."""
    captured = format_time(captured_at)
    return {
        "Parkhub-Key": key,
        "Parkhub-Time": str(signed_at_s),
        "Parkhub-Sequence": str(sequence),
        "Parkhub-Captured-At": captured,
        "Parkhub-Signature": sign(
            key, path, signed_at_s=signed_at_s, sequence=sequence, captured_at=captured, body=body, method=method
        ),
    }
