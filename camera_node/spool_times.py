"""When a picture was taken, by the server's clock: as far as that is known when it is kept, and when it leaves."""

from dataclasses import replace
from datetime import UTC, datetime

from camera_node.node_clock import NodeClock
from camera_node.picture import Picture
from camera_node.spool_files import Stored
from camera_node.spool_state import Spooled

AHEAD_MAX_S = 2.0


def stamp(picture: Picture, sequence: int, clock: NodeClock) -> Stored:
    """With the server's time where it is known by now, so that it stays the same however often it is sent."""
    if picture.monotonic_s is None:
        return Stored(sequence, picture, clock.boot, sure=True)
    at, sure = clock.captured(picture.monotonic_s, clock.boot, picture.captured_at)
    sure &= not picture.doubtful
    return Stored(sequence, replace(picture, captured_at=at) if sure else picture, clock.boot, sure)


def timed(stored: Stored, clock: NodeClock) -> Spooled:
    """With the time that is known by now where none was when it was kept, and never one that is still to come."""
    picture, sure = stored.picture, stored.sure
    if not sure and picture.monotonic_s is not None:
        at, sure = clock.captured(picture.monotonic_s, stored.boot, picture.captured_at)
        picture, sure = replace(picture, captured_at=at), sure and not picture.doubtful
    now_s = clock.now()
    if clock.compared and picture.captured_at.timestamp() > now_s + AHEAD_MAX_S:
        # Nobody takes a picture in the future: whoever said so had a wrong clock.
        picture, sure = replace(picture, captured_at=datetime.fromtimestamp(now_s, UTC)), False
    return Spooled(stored.sequence, picture, sure)
