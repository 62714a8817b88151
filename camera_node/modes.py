"""When a picture is taken: at intervals, when something has changed, or while a vehicle passes a gate."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from camera_node.change import WIDTH, ChangeWatch
from camera_node.configuration import Configuration
from camera_node.gate_burst import GateBurst
from camera_node.picture import Kind
from camera_node.schedule import Mode
from camera_node.sources.frame import Frame

GATE_GAP_S = 0.1
EARLY = 0.12
"""A frame may come before its time by so much of the interval; sources give one up to a tenth early."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A frame that becomes a picture."""

    frame: Frame
    kind: Kind
    rank: float = 0.0


class Plan(Protocol):
    """One mode at work. `gap_s`: how often it wants to see a frame, 0 for every one."""

    mode: Mode
    gap_s: float

    def holds(self, configuration: Configuration, moment: datetime) -> bool:
        """Say whether it still does what ``configuration`` asks for at ``moment``."""

    def look(self, frame: Frame) -> list[Chosen]:
        """Return what is to be sent now, best first. Raises FrameError."""

    def idle(self, now_s: float) -> list[Chosen]:
        """Return what is to be sent though no frame came; ``now_s`` counts as a frame's ``at_s``."""

    def end(self) -> list[Chosen]:
        """Return what is left to be sent before another plan begins."""


Asked = tuple[object, ...]


def plan_for(configuration: Configuration, moment: datetime, *, each: bool) -> Plan:
    """Return what to do at ``moment``; ``each``: the source's frames are files, every one meant to be sent."""
    mode, interval_s = configuration.at(moment)
    asked = _asked(configuration, moment)
    if mode is Mode.CHANGE:
        return _Change(configuration, asked)
    if mode is Mode.GATE:
        return _Gate(configuration, asked)
    return _Interval(interval_s, asked, each=each)


def _asked(configuration: Configuration, moment: datetime) -> Asked:
    """Return all that a plan depends on: another one is needed when this changes."""
    mode, interval_s = configuration.at(moment)
    match mode:
        case Mode.CHANGE:
            return (mode, configuration.change)
        case Mode.GATE:
            return (mode, configuration.gate)
        case _:
            return (mode, interval_s)


class _Planned:
    """What all plans have."""

    mode: Mode
    gap_s: float

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def holds(self, configuration: Configuration, moment: datetime) -> bool:
        return _asked(configuration, moment) == self._asked

    def idle(self, now_s: float) -> list[Chosen]:  # noqa: ARG002
        return []

    def end(self) -> list[Chosen]:
        return []


class _Interval(_Planned):
    mode = Mode.INTERVAL

    def __init__(self, interval_s: float, asked: Asked, *, each: bool) -> None:
        super().__init__(asked)
        self.gap_s = interval_s
        self._each = each
        self._due_s = float("-inf")

    def look(self, frame: Frame) -> list[Chosen]:
        if self._each:
            return [Chosen(frame, Kind.OVERVIEW)]
        if frame.at_s < self._due_s - EARLY * self.gap_s:
            return []
        # On the grid while the source keeps up, from now on after a break.
        on_grid = frame.at_s - self._due_s <= self.gap_s
        self._due_s = (self._due_s if on_grid else frame.at_s) + self.gap_s
        return [Chosen(frame, Kind.OVERVIEW)]


class _Change(_Planned):
    mode = Mode.CHANGE

    def __init__(self, configuration: Configuration, asked: Asked) -> None:
        super().__init__(asked)
        change = configuration.change
        self.gap_s = change.interval_min_s
        self._watch = ChangeWatch(change.interval_min_s, change.interval_max_s, change.threshold, change.area)

    def look(self, frame: Frame) -> list[Chosen]:
        return [Chosen(frame, Kind.OVERVIEW)] if self._watch.wants(frame.grey(WIDTH), frame.at_s) else []


class _Gate(_Planned):
    mode = Mode.GATE

    def __init__(self, configuration: Configuration, asked: Asked) -> None:
        super().__init__(asked)
        gate = configuration.gate
        self.gap_s = GATE_GAP_S
        self._burst = GateBurst(gate.area, gate.burst_max, gate.keep)
        self._idle_interval_s = gate.idle_interval_s
        self._overview_s = float("-inf")
        self._seen_s = float("-inf")

    def look(self, frame: Frame) -> list[Chosen]:
        self._seen_s = frame.at_s
        chosen = [Chosen(each.frame, Kind.GATE, each.rank) for each in self._burst.look(frame)]
        if frame.at_s - self._overview_s >= self._idle_interval_s and not self._burst.passing:
            self._overview_s = frame.at_s
            chosen.append(Chosen(frame, Kind.OVERVIEW))
        return chosen

    def idle(self, now_s: float) -> list[Chosen]:
        return self.end() if self._burst.passing and now_s - self._seen_s > 1.0 else []

    def end(self) -> list[Chosen]:
        return [Chosen(each.frame, Kind.GATE, each.rank) for each in self._burst.end()]
