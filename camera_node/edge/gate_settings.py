"""What decides which plates and vehicles are seen at a gate, as the server's file says it (`gate.json`)."""

import json
from dataclasses import dataclass
from typing import Any

from camera_node.edge.error import EdgeError

FILE = "gate.json"
NOT_UNDERSTOOD = "How plates are to be read is for newer nodes. Bring this node up to date."

COLOUR = "as it is"
DRAWN_OUT = "contrast drawn out"
TONES = (COLOUR, DRAWN_OUT)


@dataclass(frozen=True, slots=True)
class Finding:
    """How a picture is searched for plates."""

    long_sides_px: tuple[int, ...]
    widths_px: tuple[float, ...]
    padding: int
    step_px: int
    stride: int
    confidence_min: float
    overlap_max: float
    regions_max: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The size that plates are brought to, and when they are shrunk or their contrast drawn out before."""

    width_px: int
    height_px: int
    shrink_min: float
    contrast_min: float


@dataclass(frozen=True, slots=True)
class Way:
    """One way to cut a strip: room on each side in shares of the box, its tone, tilt, and the rows that are cut."""

    room_x: float
    room_y: float
    tone: str
    tilt: float
    rows: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """When a plate is looked at again, how many regions are read, and how many letters a plate has at least."""

    sure: float
    doubtful: float
    two_lines_aspect_max: float
    faint: float
    clear: float
    certain: float
    regions_max: int
    letters_min: int


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Which vehicles are told of, and which stand at the gate."""

    confidence_min: float
    certain: float
    cover_min: float
    cover_motorcycle_min: float
    edge: float


@dataclass(frozen=True, slots=True)
class GateSettings:
    """All of it; ``again`` and ``lines`` are the ways of further looks."""

    find: Finding
    strip: Strip
    first: Way
    again: tuple[Way, ...]
    lines: tuple[Way, ...]
    read: Reading
    vehicles: Vehicles


def read_gate_settings(data: bytes) -> GateSettings:
    """Return what the file says. Raises EdgeError."""
    try:
        said = json.loads(data)
        ways = said["ways"]
        found = GateSettings(
            Finding(**_numbers(said["find"], Finding)),
            Strip(**_numbers(said["strip"], Strip)),
            _way(ways["first"]),
            tuple(_way(each) for each in ways["again"]),
            tuple(_way(each) for each in ways["lines"]),
            Reading(**_numbers(said["read"], Reading)),
            Vehicles(**_numbers(said["vehicles"], Vehicles)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EdgeError(NOT_UNDERSTOOD) from None
    sizes = (*found.find.long_sides_px, found.find.step_px, found.find.stride, found.strip.width_px)
    if min(*sizes, found.strip.height_px) < 1 or max(sizes) > 4096:
        raise EdgeError(NOT_UNDERSTOOD)
    return found


def _way(said: dict[str, Any]) -> Way:
    tone = said["tone"]
    if tone not in TONES:
        raise ValueError
    numbers = _numbers({**said, "tone": 0}, Way)
    if len(numbers["rows"]) != 2:
        raise ValueError
    return Way(**{**numbers, "tone": tone})


def _numbers(said: dict[str, Any], kind: type) -> dict[str, Any]:
    """The fields of ``kind``, which are numbers or lists of numbers; others are left aside."""
    return {name: _number(said[name]) for name in kind.__annotations__}


def _number(said: Any) -> Any:
    if isinstance(said, list):
        return tuple(_number(each) for each in said)
    if isinstance(said, bool) or not isinstance(said, int | float) or abs(said) > 1e6 or said != said:
        raise TypeError
    return said
