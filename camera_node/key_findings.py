"""What the doctor finds about the camera's key at the server: a newer one, and another node that uses it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx

from camera_node.findings import Finding, Grade
from camera_node.keys import Keys
from camera_node.server_line import ServerLine, read_answer


def look_at_key_there(line: ServerLine, keys: Keys, *, running: bool) -> Iterator[Finding]:
    """What the server knows that this machine cannot see. ``running``: a node does here, which would take a key."""
    try:
        told = read_answer(line.get("node"))
    except httpx.HTTPError:
        return  # an older server, which does not say
    if told.get("twin") is True:
        yield Finding(
            Grade.BAD,
            "Another node uses this camera's key, too: pictures and settings of both get mixed up.",
            "Make a new code in the console and enrol the right one with it; the other is refused from then on.",
        )
    since = _minute(told.get("new_key_at"))
    if not since:
        return
    what = f"The server holds a newer key for this camera, since {since}"
    if keys.refused:
        do = "Offer it no longer in the console, then change the key anew, or enrol with a new code."
        yield Finding(Grade.BAD, f"{what}, but refused it when this node signed with it.", do)
    elif running:
        yield Finding(Grade.NOTE, f"{what}.", "The node takes it with its next heartbeat; nothing to do.")
    else:
        yield Finding(
            Grade.BAD, f"{what}, and no node runs here to take it.", "Start it: after a week the old one stays."
        )


def _minute(said: object) -> str:
    """A moment for people; empty for none."""
    try:
        return datetime.fromisoformat(str(said)).astimezone(UTC).strftime("%-d %B, %H:%M UTC")
    except ValueError:
        return ""
