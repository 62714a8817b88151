"""Nodes fetch commands for their relays here and say what became of them, signed as they sign pictures."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.types import ASGIApp

from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.signatures import read_headers
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services import barrier_commands, frames
from parkhub.services.barrier_commands import Answer
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest
from parkhub.web.watched import encode

BODY_BYTES_MAX: Final = 4096

Commands = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class RelaySource:
    """The commands that hold for the relay of one camera's node, signed with what is kept of its key."""

    camera_id: int
    key_hash: str = field(repr=False)
    spacing_s: float = 0.0

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "relay", self.camera_id, self.key_hash

    async def read(self) -> Commands:
        """See `Source`."""
        known = {each.id: each for each in await barrier_rows.list_of_node(self.camera_id)}
        waiting = await opening_rows.list_for(list(known), datetime.now(UTC))
        signed = barrier_commands.signed_command
        return tuple(signed(known[each.barrier_id], each, self.key_hash) for each in waiting)

    def topics(self, view: Commands) -> frozenset[str]:  # noqa: ARG002
        """See `Source`."""
        return frozenset({f"relay:{self.camera_id}"})

    def tell(self, view: Commands, before: Commands | None) -> bytes | None:
        """See `Source`."""
        return None if view == before else encode("commands", {"commands": list(view)})

    def due_s(self, view: Commands) -> None:
        """See `Source`."""


@get("/api/v1/cameras/{camera_id:str}/commands", opt=NO_CSRF, tags=["cameras"], summary="Commands for a node's relay")
async def stream_commands(request: AnyRequest, camera_id: FromPath[str]) -> ASGIApp:
    """Commands as server-sent events, each until it is answered or has ended. `Parkhub-Time` is this server's time."""
    camera = await _sender(request, camera_id, "GET", f"/api/v1/cameras/{camera_id}/commands", b"")
    told = f"{datetime.now(UTC).timestamp():.3f}".encode()
    return await stream(request, RelaySource(camera.id, camera.key_hash), [(b"parkhub-time", told)])


@post(
    "/api/v1/cameras/{camera_id:str}/commands/{uid:str}",
    opt=NO_CSRF,
    status_code=200,
    request_max_body_size=BODY_BYTES_MAX,
    tags=["cameras"],
    summary="What became of a command",
)
async def answer_command(
    request: Request[Any, Any, Any], camera_id: FromPath[str], uid: FromPath[str], clients: GivenClients
) -> dict[str, str]:
    """A node says what became of a command; said again it changes nothing."""
    body = await request.body()
    camera = await _sender(request, camera_id, "POST", f"/api/v1/cameras/{camera_id}/commands/{uid}", body)
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except msgspec.DecodeError:
        raise InvalidInputError("This is no answer to a command.") from None
    own = {each.id for each in await barrier_rows.list_of_node(camera.id)}
    opening = await barrier_commands.answered(clients, uid, answer, datetime.now(UTC), own)
    if opening is None:
        raise NotFoundError("There is no such command for this node.")
    return {"id": uid, "outcome": opening.outcome.value}


async def _sender(request: AnyRequest, camera_id: str, method: str, path: str, body: bytes) -> Camera:
    """The camera that signed the request. Raises SignatureError and ForbiddenError."""
    get_header = request.headers.get
    headers = read_headers(
        get_header("parkhub-key"),
        get_header("parkhub-time"),
        get_header("parkhub-sequence"),
        get_header("parkhub-captured-at"),
        get_header("parkhub-signature"),
    )
    camera = await frames.find_sender(camera_id, headers.key)
    frames.check_sent(camera, method, path, headers, hashlib.sha256(body).hexdigest(), datetime.now(UTC))
    return camera


routes = [stream_commands, answer_command]
