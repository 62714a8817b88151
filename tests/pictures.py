"""Small pictures for tests, made on the spot."""

import hashlib
import hmac
import io
from datetime import UTC, datetime

import builders
from PIL import Image, ImageDraw


def draw(colour: str = "grey", size: tuple[int, int] = (160, 120), seed: int = 0) -> Image.Image:
    """A picture with a few shapes, another for each seed."""
    picture = Image.new("RGB", size, colour)
    pen = ImageDraw.Draw(picture)
    for number in range(6):
        x, y = (seed * 31 + number * 53) % size[0], (seed * 17 + number * 29) % size[1]
        pen.rectangle((x, y, x + 20, y + 12), fill=(number * 40, (seed * 7) % 255, 200 - number * 20))
    return picture


def encode(picture: Image.Image, kind: str = "JPEG", **given: object) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **given)
    return file.getvalue()


def jpeg(seed: int = 0, size: tuple[int, int] = (160, 120)) -> bytes:
    """A JPEG, another for each seed."""
    return encode(draw(size=size, seed=seed), quality=85)


def signed(
    camera_id: str,
    body: bytes,
    sequence: int = 0,
    *,
    key: str = builders.KEY,
    now: datetime | None = None,
    captured_at: str | None = None,
    content_type: str = "image/jpeg",
) -> dict[str, str]:
    """Headers of an upload, signed as the wire says; written down here once more, not taken from either side."""
    at = now or datetime.now(UTC)
    captured = captured_at or at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    path = f"/api/v1/cameras/{camera_id}/frames"
    digest = hashlib.sha256(body).hexdigest()
    message = f"v1\nPOST\n{path}\n{int(at.timestamp())}\n{sequence}\n{captured}\n{digest}"
    signature = hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "Parkhub-Key": key,
        "Parkhub-Time": str(int(at.timestamp())),
        "Parkhub-Sequence": str(sequence),
        "Parkhub-Captured-At": captured,
        "Parkhub-Signature": f"v1={signature}",
    }
