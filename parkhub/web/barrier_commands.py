"""Nodes listen here for commands to them and to their relays, and say what became of them; signed as pictures are."""

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
from parkhub.db import cameras as camera_rows
from parkhub.db import node_commands as command_rows
from parkhub.domain.node_commands import Action, Outcome
from parkhub.domain.signatures import hash_key
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services import barrier_commands, node_commands, node_keys
from parkhub.services.barrier_commands import Answer
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients
from parkhub.web.node_requests import find_signer
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest
from parkhub.web.watched import encode

BODY_BYTES_MAX: Final = 4096

Commands = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class NodeSource:
    """The commands that hold for one camera's node and its relay, signed with what is kept of the key it asked with."""

    camera_id: int
    key_hash: str = field(repr=False)
    spacing_s: float = 0.0

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "relay", self.camera_id, self.key_hash

    async def read(self) -> Commands:
        """See `Source`. A key that has died ends it; a camera that is switched off opens nothing."""
        camera, now = await camera_rows.get_camera(self.camera_id), datetime.now(UTC)
        if camera.key_hash != self.key_hash and not await node_keys.takes(camera.id, self.key_hash, now):
            raise NotFoundError("The key of this camera is another now.")
        known = {each.id: each for each in await barrier_rows.list_of_node(camera.id)} if camera.enabled else {}
        openings = await opening_rows.list_for(list(known), now)
        commands = await command_rows.list_waiting(camera.id, now)
        return (
            *(barrier_commands.signed_command(known[each.barrier_id], each, self.key_hash) for each in openings),
            *(
                node_commands.signed_command(each, self.key_hash)
                for each in commands
                if camera.enabled or each.action is not Action.SNAPSHOT
            ),
        )

    def topics(self, view: Commands) -> frozenset[str]:  # noqa: ARG002
        """See `Source`."""
        return frozenset({f"relay:{self.camera_id}"})

    def tell(self, view: Commands, before: Commands | None) -> bytes | None:
        """See `Source`."""
        return None if view == before else encode("commands", {"commands": list(view)})

    def due_s(self, view: Commands) -> None:
        """See `Source`."""


@get("/api/v1/cameras/{camera_id:str}/commands", opt=NO_CSRF, tags=["cameras"], summary="Commands for a node")
async def stream_commands(request: AnyRequest, camera_id: FromPath[str], clients: GivenClients) -> ASGIApp:
    """Commands as server-sent events, each until it is answered or has ended. `Parkhub-Time` is this server's time."""
    asked = await find_signer(request, clients, camera_id, "commands")
    told = f"{datetime.now(UTC).timestamp():.3f}".encode()
    return await stream(request, NodeSource(asked.camera.id, hash_key(asked.headers.key)), [(b"parkhub-time", told)])


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
    asked = await find_signer(request, clients, camera_id, f"commands/{uid}")
    camera, now = asked.camera, asked.at
    try:
        answer = msgspec.json.decode(asked.body, type=Answer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInputError("This is no answer to a command.") from None
    said = barrier_commands.read_outcome(answer)
    command = await node_commands.answered(clients, camera, uid, Outcome(said.value), answer.why, now)
    if command is not None:
        return {"id": uid, "outcome": command.outcome.value}
    own = {each.id for each in await barrier_rows.list_of_node(camera.id)}
    opening = await barrier_commands.answered(clients, uid, answer, now, own)
    if opening is None:
        raise NotFoundError("There is no such command for this node.")
    return {"id": uid, "outcome": opening.outcome.value}


routes = [stream_commands, answer_command]
