"""What all requests of nodes have in common: who signed them, and where we are reached."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from litestar.exceptions import HTTPException

from parkhub.clients import Clients
from parkhub.domain.cameras import Camera
from parkhub.domain.signatures import SignedHeaders, check_signature, read_headers
from parkhub.services import frames, node_keys
from parkhub.settings import Settings
from parkhub.web.templating import AnyRequest

BODY_TIME_MAX_S: Final = 120
CLOCK: Final = "parkhub-clock"
UNSURE: Final = "unsure"


@dataclass(frozen=True, slots=True)
class Signed:
    """A request that was signed with a camera's key; whole at ``at``."""

    camera: Camera
    headers: SignedHeaders
    body: bytes = field(repr=False)
    at: datetime


def signed_headers(request: AnyRequest) -> SignedHeaders:
    """What a node signed. Raises SignatureError and InvalidInputError."""
    get = request.headers.get
    return read_headers(
        get("parkhub-key"),
        get("parkhub-time"),
        get("parkhub-sequence"),
        get("parkhub-captured-at"),
        get("parkhub-signature"),
    )


async def find_signer(request: AnyRequest, clients: Clients, camera_id: str, path: str) -> Signed:
    """The camera that signed a request for ``path`` below its own address, be it switched on or off.

    Who asks is known before the body is read, so that strangers cannot fill the memory. Raises SignatureError and
    InvalidInputError.
    """
    headers = signed_headers(request)
    camera = await frames.find_sender(camera_id, headers.key, datetime.now(UTC))
    body = await _read(request) if request.method == "POST" else b""
    now, full = datetime.now(UTC), f"/api/v1/cameras/{camera_id}/{path}"
    check_signature(str(request.method), full, headers, hashlib.sha256(body).hexdigest(), now)
    return Signed(await node_keys.note_use(clients, camera, headers.key, now), headers, body, now)


async def _read(request: AnyRequest) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIME_MAX_S):
            return await request.body()
    except TimeoutError:
        raise HTTPException(f"It did not arrive within {BODY_TIME_MAX_S} s.", status_code=408) from None


def is_unsure(request: AnyRequest) -> bool:
    """Whether the node says that it does not know when it took what it sends."""
    return request.headers.get(CLOCK, "").strip().lower() == UNSURE


def server_of(request: AnyRequest, settings: Settings) -> str:
    """Where nodes reach us: as set, else as whoever asks does."""
    return settings.public_url or str(request.base_url).rstrip("/")
