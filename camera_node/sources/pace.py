"""When a frame is due, and whether a stream has fallen behind."""

import threading

SLACK_S = 0.02
EARLY = 0.1
LATE_S = 1.0
JUMP_S = 10.0
GIVE_UP_S = 5.0
DRIFT = 0.001
"""Cameras' clocks run faster or slower than ours by less than this."""


class Pace:
    """Every ``gap_s`` seconds a frame is due, on a grid; at once after `hurry`. 0: every frame is."""

    def __init__(self) -> None:
        self._gap_s = 0.0
        self._last_s: float | None = None
        self._due_s = 0.0
        self._hurried = threading.Event()

    @property
    def gap_s(self) -> float:
        """Seconds from frame to frame; one that is made shorter counts at once."""
        return self._gap_s

    @gap_s.setter
    def gap_s(self, gap_s: float) -> None:
        self._gap_s = gap_s
        if self._last_s is not None:
            self._due_s = min(self._due_s, self._last_s + gap_s)

    def due(self, at_s: float) -> bool:
        """Say whether the frame of ``at_s`` is due."""
        return self._hurried.is_set() or self.wait_s(at_s) <= self._slack_s

    def wait_s(self, at_s: float) -> float:
        """Return in how many seconds the next is due, by the gap alone."""
        return 0.0 if self._last_s is None else self._due_s - at_s

    def took(self, at_s: float) -> None:
        """A frame was taken; the next is due a gap later."""
        self._hurried.clear()
        on_grid = self._last_s is not None and -self._slack_s <= at_s - self._due_s <= self.gap_s
        self._due_s = (self._due_s if on_grid else at_s) + self.gap_s
        self._last_s = at_s

    @property
    def _slack_s(self) -> float:
        """How early a frame may come: a stream's key frame that is a little early is better than the next one."""
        return max(SLACK_S, EARLY * self.gap_s)

    def hurry(self) -> None:
        """Make a frame due now."""
        self._hurried.set()

    def sleep(self, at_s: float, longest_s: float) -> None:
        """Wait until a frame is due, `hurry` is called, or ``longest_s`` has passed."""
        self._hurried.wait(max(0.0, min(longest_s, self.wait_s(at_s))))


class Lateness:
    """Finds that a stream's frames come later and later: they wait somewhere, and the newest should be had."""

    def __init__(self) -> None:
        self._least_s: float | None = None
        self._at_s = 0.0
        self._late_since_s: float | None = None

    def late(self, stream_s: float | None, at_s: float) -> bool:
        """Say whether what has the stream's time ``stream_s`` comes more than a second later than it could."""
        if stream_s is None:
            return False
        lag_s = at_s - stream_s
        if self._least_s is None or not -JUMP_S < lag_s - self._least_s < JUMP_S * 3:
            self._least_s = lag_s  # the beginning, or the camera's clock was set
        self._least_s = min(lag_s, self._least_s + (at_s - self._at_s) * DRIFT if self._at_s else lag_s)
        self._at_s = at_s
        if lag_s - self._least_s <= LATE_S:
            self._late_since_s = None
            return False
        self._late_since_s = at_s if self._late_since_s is None else self._late_since_s
        if at_s - self._late_since_s > GIVE_UP_S:
            # Not waiting somewhere, then: that is how late this stream is now.
            self._least_s, self._late_since_s = lag_s, None
            return False
        return True
