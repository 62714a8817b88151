"""Recordings: a video somebody uploaded, analysed spot by spot."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from parkhub.domain.cameras import Engine
from parkhub.domain.spots import Debounce, SpotObservation, SpotState, SpotTrack, debounce, expire

EVERY_S: Final = 0.5
EVERY_S_MIN, EVERY_S_MAX = 0.02, 3600.0
STEADY: Final = Debounce(agree=2, window=3)
SURE: Final = 0.7
SERIES_MAX: Final = 600
CHANGES_MAX: Final = 1000
FAILED_KEPT: Final = timedelta(days=7)
"""So long a failed analysis keeps what was uploaded, to be tried again."""
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)  # a video has no date of its own; only differences count


class RecordingStatus(StrEnum):
    """Where an analysis stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more will happen."""
        return self in (RecordingStatus.DONE, RecordingStatus.CANCELLED, RecordingStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Recording:
    """One analysis. ``progress`` 0..1. ``summary`` is what `summary.json` holds, once done. ``folder`` is the key
    prefix of its files in the picture store. ``attempt`` counts the jobs that began it and were not handed back; only
    the newest may speak for it. ``attempts_before``: those made before somebody asked for it once more."""

    id: int
    title: str
    account_id: int
    engine: Engine
    status: RecordingStatus
    attempt: int
    attempts_before: int
    progress: float
    folder: str
    created_at: datetime
    started_at: datetime | None
    alive_at: datetime | None
    ended_at: datetime | None
    error: str
    summary: dict[str, Any] | None

    def may_try_again(self, now: datetime) -> bool:
        """Whether it failed and what was uploaded is still kept."""
        if self.status is not RecordingStatus.FAILED or self.ended_at is None:
            return False
        return now < self.ended_at + FAILED_KEPT


@dataclass(frozen=True, slots=True)
class Sample:
    """What the engine saw in one frame, ``t_s`` seconds after the first; spots in the order asked."""

    t_s: float
    observations: tuple[SpotObservation, ...]


@dataclass(slots=True)
class _SpotTime:
    """How long one spot was in which state, and how often it changed between free and occupied."""

    seconds: dict[SpotState, float] = field(default_factory=lambda: dict.fromkeys(SpotState, 0.0))
    known: SpotState = SpotState.UNKNOWN
    change_count: int = 0


class Timeline:
    """Adds an analysis up, sample by sample, in memory that does not grow with the video's length.

    States are steadied: two of the last three looks must agree, so one bad look (somebody walks by) changes nothing,
    at the price of showing a real change one sample later; and a look of less confidence than `SURE` never speaks
    against a state that is known, because an engine in doubt wavers (a recording has nobody who would correct it). A
    spot nobody could look at for longer than ``stale_after_s`` turns unknown.
    """

    def __init__(self, spots: Sequence[str], every_s: float = EVERY_S, rule: Debounce = STEADY) -> None:
        self.spots = tuple(spots)
        self.rule = rule
        self.stale_after_s = max(5.0, 4 * every_s)
        self.sample_count = 0
        self._tracks = [SpotTrack(name) for name in spots]
        self._times = [_SpotTime() for _ in spots]
        self._t_s = 0.0
        self._series: list[dict[str, float]] = []
        self._stride = 1
        self._missed: dict[str, float] | None = None  # the last point, when the chart skipped it
        self._changes: list[dict[str, Any]] = []

    @property
    def states(self) -> tuple[SpotState, ...]:
        """The present state of every spot, in order."""
        return tuple(track.state for track in self._tracks)

    def add(self, sample: Sample) -> tuple[SpotState, ...]:
        """Take a sample into account; samples come in order of time. Returns the states after it."""
        self._pass_time(sample.t_s)
        at = _START + timedelta(seconds=sample.t_s)
        for index, (track, seen) in enumerate(zip(self._tracks, sample.observations, strict=True)):
            after = expire(self._steady(track, seen, at), at, self.stale_after_s)
            self._tracks[index] = after
            if after.state not in (SpotState.UNKNOWN, self._times[index].known):
                self._note_change(index, after.state, sample.t_s)
        self._add_point(sample.t_s)
        self.sample_count += 1
        return self.states

    def _steady(self, track: SpotTrack, seen: SpotObservation, at: datetime) -> SpotTrack:
        doubtful = seen.confidence < SURE and seen.state is not track.state
        if doubtful and SpotState.UNKNOWN not in (track.state, seen.state):
            return replace(track, seen_at=at)
        return debounce(track, seen, at, self.rule)

    def summary(self, duration_s: float) -> dict[str, Any]:
        """Everything a person asks of a finished analysis, ready for JSON.

        Shares are of the whole ``duration_s``, 0..1; a change counts when a spot goes from free to occupied or back,
        even if nobody could look in between.
        """
        self._pass_time(max(duration_s, self._t_s))
        if self._missed is not None:
            self._series.append(self._missed)
        whole = sum(self._times[0].seconds.values()) if self._times else 0.0
        return {
            "spot_count": len(self.spots),
            "sample_count": self.sample_count,
            "change_count": sum(time.change_count for time in self._times),
            "free_at_end": self.states.count(SpotState.FREE),
            "occupied_at_end": self.states.count(SpotState.OCCUPIED),
            "unknown_at_end": self.states.count(SpotState.UNKNOWN),
            "spots": [self._spot(track, time, whole) for track, time in zip(self._tracks, self._times, strict=True)],
            "changes": self._changes,
            "series": self._series,
        }

    def _pass_time(self, t_s: float) -> None:
        """The states held until now. Before the first sample counts as the first sample's state: t_s is 0 there."""
        passed = max(0.0, t_s - self._t_s)
        for track, time in zip(self._tracks, self._times, strict=True):
            time.seconds[track.state] += passed
        self._t_s = self._t_s + passed

    def _note_change(self, index: int, state: SpotState, t_s: float) -> None:
        time = self._times[index]
        before, time.known = time.known, state
        if before is SpotState.UNKNOWN:
            return
        time.change_count += 1
        if len(self._changes) < CHANGES_MAX:
            row = {"t_s": round(t_s, 3), "id": self.spots[index], "from": str(before), "to": str(state)}
            self._changes.append(row)

    def _add_point(self, t_s: float) -> None:
        """A point for the chart; when there are too many, every second goes and later ones come half as often."""
        states = self.states
        point: dict[str, float] = {"t_s": round(t_s, 3)} | {str(state): states.count(state) for state in SpotState}
        self._missed = None if self.sample_count % self._stride == 0 else point
        if self._missed is not None:
            return
        self._series.append(point)
        if len(self._series) > SERIES_MAX:
            self._series = self._series[::2]
            self._stride *= 2

    @staticmethod
    def _spot(track: SpotTrack, time: _SpotTime, whole_s: float) -> dict[str, Any]:
        shares = {
            state: (time.seconds[state] / whole_s if whole_s else float(track.state is state)) for state in SpotState
        }
        return {
            "id": track.spot,
            "state": str(track.state),
            "occupied_share": round(shares[SpotState.OCCUPIED], 4),
            "free_share": round(shares[SpotState.FREE], 4),
            "unknown_share": round(shares[SpotState.UNKNOWN], 4),
            "change_count": time.change_count,
        }
