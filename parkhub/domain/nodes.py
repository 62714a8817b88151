"""How a camera's node is: what it says in its heartbeat, and what of that somebody must do something about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from parkhub.domain.text import clean
from parkhub.errors import InvalidInputError

TEXT_MAX: Final = 300
HOT_C: Final = 80.0
ROOM_MIN: Final = 200_000_000
QUEUE_LONG: Final = 200
WAITED_LONG: Final = timedelta(minutes=10)
CLOCK_OFF_S: Final = 5.0
HEARTBEATS_MISSED: Final = 3
INSTANCES_KNOWN: Final = 8
TWINS_FOR: Final = timedelta(minutes=15)
"""So long after two nodes of one camera were heard in turns it is told."""

BEGINNING_S: Final = 60.0
"""A node that has only just begun may not have its camera yet."""

Count = Annotated[int, Meta(ge=0, le=10**15)]
Rate = Annotated[float, Meta(ge=0, le=1000)]
Instant = Annotated[datetime, Meta(tz=True)]
Sign = Annotated[str, Meta(max_length=40)]


class SpoolState(Struct, frozen=True):
    """What waits at the node, and what it has dropped for room or was refused since its spool was made."""

    pictures: Count | None = None
    bytes: Count | None = None
    gate_pictures: Count | None = None
    oldest_at: Instant | None = None
    dropped_overview: Count | None = None
    dropped_gate: Count | None = None
    refused: Count | None = None


class CaptureState(Struct, frozen=True):
    """How taking pictures goes. ``mode``: the one that holds now."""

    running: bool | None = None
    mode: str | None = None
    rate_per_s: Rate | None = None
    last_picture_at: Instant | None = None
    restarts: Count | None = None
    last_error: str | None = None


class Heartbeat(Struct, frozen=True):
    """What a node says of itself (`camera_node/WIRE.md`); None: it does not know."""

    version: str | None = None
    boot: str | None = None
    instance: str | None = None
    uptime_s: Annotated[float, Meta(ge=0, le=10**9)] | None = None
    running_s: Annotated[float, Meta(ge=0, le=10**9)] | None = None
    temperature_c: Annotated[float, Meta(ge=-60, le=200)] | None = None
    throttled: Annotated[list[Sign], Meta(max_length=16)] | None = None
    disk_free_bytes: Count | None = None
    spool: SpoolState | None = None
    rate_per_s: Rate | None = None
    capture: CaptureState | None = None
    configuration_version: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    clock_offset_s: Annotated[float, Meta(ge=-(10**10), le=10**10)] | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A camera's node by its last heartbeat. ``offline_since``: since when people know that it is silent.

    ``instances``: runs of a node that were heard, each with its kind, the last one first; ``twin_at``: when an earlier
    one was heard again.
    """

    camera_id: int
    heard_at: datetime
    heartbeat: Heartbeat
    offline_since: datetime | None = None
    instances: tuple[str, ...] = ()
    twin_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many pictures wait at it."""
        spool = self.heartbeat.spool
        return (spool.pictures if spool else None) or 0

    def has_twin(self, now: datetime) -> bool:
        """Whether two nodes use the camera's key."""
        return self.twin_at is not None and now - self.twin_at < TWINS_FOR


def meet(node: Node | None, heartbeat: Heartbeat, now: datetime) -> tuple[tuple[str, ...], datetime | None]:
    """Which runs of a node are known with this one, and when an earlier one was heard again.

    A run that ended never comes back, so one that does after another runs beside it: two nodes have one key. Nodes
    that do not name their run are told apart by the start of their machine, and only from each other: a node may have
    gone back to an older version on the same start.
    """
    known, twin_at = (node.instances, node.twin_at) if node is not None else ((), None)
    kind = "run:" if heartbeat.instance else "boot:"
    name = "".join((heartbeat.instance or heartbeat.boot or "").split())
    if not name:
        return known, twin_at
    run = kind + name
    if run in [each for each in known if each.startswith(kind)][1:]:
        twin_at = now
    return (run, *(each for each in known if each != run))[:INSTANCES_KNOWN], twin_at


@dataclass(frozen=True, slots=True)
class Ail:
    """Something about a node that a person should see to. ``bad``: pictures are lost or soon will be."""

    bad: bool
    words: str
    advice: str


def read_heartbeat(body: bytes) -> Heartbeat:
    """A heartbeat as sent, its texts cut to size. Raises InvalidInputError naming the field."""
    try:
        found = msgspec.json.decode(body, type=Heartbeat)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"The heartbeat is refused: {error}.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInputError("The heartbeat is not JSON.") from None
    capture = found.capture
    if capture is not None:
        capture = msgspec.structs.replace(
            capture, mode=_text(capture.mode, 20), last_error=_text(capture.last_error, TEXT_MAX)
        )
    return msgspec.structs.replace(
        found,
        version=_text(found.version, 60),
        boot=_text(found.boot, 64),
        instance=_text(found.instance, 64),
        throttled=None if found.throttled is None else [clean(sign, 40) for sign in found.throttled],
        last_error=_text(found.last_error, TEXT_MAX),
        capture=capture,
    )


def _text(said: str | None, length_max: int) -> str | None:
    return None if said is None else clean(said, length_max)


def silent_after(stale_after_s: float, heartbeat_s: float) -> timedelta:
    """How long nothing may come of a camera before its node counts as offline."""
    return timedelta(seconds=max(stale_after_s, HEARTBEATS_MISSED * heartbeat_s))


def find_ails(node: Node, now: datetime, *, enabled: bool) -> Sequence[Ail]:
    """What is wrong with a node, the worst first. ``enabled``: its camera is to take pictures."""
    said, found = node.heartbeat, list[Ail]()
    if node.offline_since is not None:
        found.append(Ail(True, "It is offline: nothing comes from it.", "Look at its power and its network."))
    if node.has_twin(now):
        words = "Two nodes use this camera's key: their pictures and settings get mixed up."
        found.append(Ail(True, words, "Set up the right one with a new code; the other is refused from then on."))
    signs = set(said.throttled or ())
    if "under-voltage" in signs:
        found.append(Ail(True, "Its power supply is too weak.", "Use the supply made for it, and a short cable."))
    elif "was-under-voltage" in signs:
        found.append(Ail(False, "Its power was too weak since it started.", "Use the supply made for it."))
    if signs & {"throttled", "hot"} or (said.temperature_c or 0.0) >= HOT_C:
        found.append(Ail(False, "It is hot and slows down.", "Give it shade, air or a heat sink."))
    if said.disk_free_bytes is not None and said.disk_free_bytes < ROOM_MIN:
        found.append(Ail(True, "Its disk is nearly full.", "Take off what is not needed, or use a larger card."))
    capture = said.capture
    begins = said.running_s is not None and said.running_s < BEGINNING_S
    stands = capture is not None and capture.running is False and not begins
    if enabled and capture is not None and (stands or capture.last_error):
        why = f" It says: {capture.last_error}" if capture.last_error else ""
        found.append(Ail(True, f"It takes no pictures or loses some.{why}", "Look at the camera and its cable."))
    spool = said.spool
    if spool is not None:
        if spool.dropped_gate or spool.dropped_overview:
            lost = (spool.dropped_gate or 0) + (spool.dropped_overview or 0)
            words = f"{lost:,} pictures found no room there and are lost."
            found.append(Ail(bool(spool.dropped_gate), words, _room_advice(node)))
        old = spool.oldest_at is not None and bool(spool.pictures) and now - spool.oldest_at > WAITED_LONG
        if node.waiting > QUEUE_LONG or old:
            found.append(
                Ail(False, f"{node.waiting:,} pictures wait there to be sent.", "Its network is slow or away.")
            )
    if said.clock_offset_s is not None and abs(said.clock_offset_s) > CLOCK_OFF_S:
        off = f"{abs(said.clock_offset_s):,.0f} s {'behind' if said.clock_offset_s > 0 else 'ahead'}"
        found.append(Ail(False, f"Its clock is {off}.", "Pictures get the right time all the same."))
    if said.last_error and (capture is None or said.last_error != capture.last_error):
        found.append(Ail(False, f"It says: {said.last_error}", ""))
    return sorted(found, key=lambda ail: not ail.bad)


def _room_advice(node: Node) -> str:
    free = node.heartbeat.disk_free_bytes
    if free is not None and free < ROOM_MIN:
        return "Take off its disk what is not needed, or use a larger one."
    more = "raise megabytes_max under [spool] in its node.toml"
    return f"Mend its network, or {more}." if node.waiting else f"If it is to keep more, {more}."
