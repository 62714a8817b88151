"""A recording as the console shows it: words for its state, and the chart of free places."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.web.engine_choices import ENGINES
from parkhub.web.templating import span

CHART_WIDTH, CHART_HEIGHT = 1000, 200
TABLE_ROWS_MAX: Final = 40
SILENT_S: Final = 10.0
_STEPS: Final = (1, 2, 5)
_BADGES: Final = {
    RecordingStatus.WAITING: ("waiting", "", ""),
    RecordingStatus.RUNNING: ("being analysed", "note", ""),
    RecordingStatus.DONE: ("done", "good", "✓"),
    RecordingStatus.CANCELLED: ("cancelled", "", ""),
    RecordingStatus.FAILED: ("failed", "bad", "×"),
}


def clock(seconds: float) -> str:
    """A moment in a video: 0:07, 12:30, 1:02:03."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float) -> str:
    """A share of 0..1 in words; neither 0 % nor 100 % unless it is exactly that."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share * 100:.0f} %"


@dataclass(frozen=True)
class Chart:
    """Free places over time as SVG paths in a box of `CHART_WIDTH` x `CHART_HEIGHT`; ``top`` is its upper edge."""

    top: int
    line: str
    area: str
    unknown: str
    y_marks: tuple[int, ...]
    x_marks: tuple[str, ...]


@dataclass(frozen=True)
class RecordingView:
    """``now`` is the server's time."""

    recording: Recording
    now: datetime

    @property
    def badge(self) -> tuple[str, str, str]:
        """Words, tone and mark."""
        return _BADGES[self.recording.status]

    @property
    def engine(self) -> str:
        """The engine in words."""
        return ENGINES[self.recording.engine]

    @property
    def percent(self) -> int:
        """Progress in whole percent."""
        return int(self.recording.progress * 100)

    @property
    def progress_words(self) -> str:
        """What is going on, and how long it will take once that can be told."""
        if self.recording.status is RecordingStatus.WAITING:
            return "Waiting for its turn"
        silent_s = (self.now - alive).total_seconds() if (alive := self.recording.alive_at) else 0.0
        if silent_s > SILENT_S:
            return f"Nothing heard of the analysis for {span(silent_s)}. It starts again by itself."
        return f"Analysing, {self.percent} %{self._left_words}"

    @property
    def _left_words(self) -> str:
        started, share = self.recording.started_at, self.recording.progress
        if started is None or share < 0.05:
            return ""
        spent_s = (self.now - started).total_seconds()
        return f", about {span(max(1.0, spent_s / share - spent_s))} left" if spent_s > 2 else ""

    @property
    def summary(self) -> dict[str, Any]:
        """The result; empty before there is one."""
        return self.recording.summary or {}

    @property
    def result_words(self) -> str:
        """One line for the list."""
        if self.recording.status is RecordingStatus.FAILED:
            return self.recording.error
        if not self.summary:
            return ""
        return f"{self.summary['free_at_end']} of {self.summary['spot_count']} free at the end"

    @cached_property
    def chart(self) -> Chart | None:
        """The chart; None when there is nothing to draw."""
        series: list[dict[str, float]] = self.summary.get("series", [])
        if not series:
            return None
        end_s = max(float(self.summary["duration_s"]), 0.001)
        most = max(max(point["free"], point["unknown"]) for point in series)
        top = nice_top(int(most))
        line = _stairs(series, "free", end_s, top)
        unknown = _stairs(series, "unknown", end_s, top) if any(point["unknown"] for point in series) else ""
        area = f"{line}V{CHART_HEIGHT}H0Z"
        marks = tuple(sorted({0, top // 2, top} if top % 2 == 0 else {0, top}, reverse=True))
        return Chart(top, line, area, unknown, marks, tuple(clock(end_s * part / 4) for part in range(5)))

    def moment(self, t_s: float) -> str:
        """A row's time: to a tenth of a second in a short video, where rows stand that close."""
        return f"{t_s:.1f} s" if self.summary["duration_s"] < TABLE_ROWS_MAX else clock(t_s)

    @cached_property
    def table(self) -> list[dict[str, float]]:
        """At most `TABLE_ROWS_MAX` points of the chart, first and last among them."""
        series: list[dict[str, float]] = self.summary.get("series", [])
        step = max(1, -(-len(series) // (TABLE_ROWS_MAX - 1)))
        rows = series[::step]
        return rows if not series or rows[-1] is series[-1] else [*rows, series[-1]]


def nice_top(most: int) -> int:
    """The least of 2, 4, 10, 20, 40, 100, … that is not below ``most``: a chart's upper edge that halves evenly."""
    scale = 2
    while True:
        for step in _STEPS:
            if most <= step * scale:
                return step * scale
        scale *= 10


def _stairs(series: list[dict[str, float]], key: str, end_s: float, top: int) -> str:
    """A path that holds each value until the next one: states change at once, not slowly."""
    pieces: list[str] = []
    for point in series:
        x = min(point["t_s"] / end_s, 1) * CHART_WIDTH
        y = CHART_HEIGHT * (1 - point[key] / top)
        pieces.append(f"M0 {y:.1f}" if not pieces else f"H{x:.1f}V{y:.1f}")
    return "".join(pieces) + f"H{CHART_WIDTH}"
