"""A camera that cannot be trusted: what staff are told, and the button that says it can."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, post
from litestar.params import FromPath
from litestar.response import Redirect

from parkhub.domain.rights import Right
from parkhub.domain.trust import Trouble
from parkhub.services import cameras, troubles
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs

WORDS: Final = {
    Trouble.FROZEN: "frozen",
    Trouble.DARK: "dark",
    Trouble.BLOWN: "too bright",
    Trouble.BLOCKED: "covered",
    Trouble.BLURRED: "blurred",
    Trouble.MOVED: "moved",
}
"""A trouble in a word or two, where there is no room for its sentence."""

ADVICE: Final = {
    Trouble.FROZEN: "Start the camera and its node again.",
    Trouble.DARK: "Look whether its lens is covered, and whether there is light.",
    Trouble.BLOWN: "Shade its lens, or turn it away from the light.",
    Trouble.BLOCKED: "Take away what stands in its view.",
    Trouble.BLURRED: "Clean its lens, and focus it.",
    Trouble.MOVED: "If the outlines lie where the places are now, say so below.",
}
"""What somebody can do about it, as the sentence after the trouble's own."""


@post("/console/cameras/{public_id:str}/view")
async def accept_view(clients: GivenClients, public_id: FromPath[str]) -> Response[Any]:
    """Somebody says that the places lie right: what the camera sees next is what it is compared with from now on."""
    await troubles.accept_view(clients, await cameras.find_camera(public_id), datetime.now(UTC))
    return Redirect(f"/console/cameras/{public_id}?view=1", status_code=303)


routes = [Router("/", route_handlers=[accept_view], guards=[needs(Right.SET_UP)], include_in_schema=False)]
