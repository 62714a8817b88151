"""When pictures were taken, by the server's clock, whatever this machine's clock says.

A machine without a battery boots in the past, and its clock is set while it runs. So pictures are timed by a clock
that nobody sets (`monotonic_s`, seconds since this boot). Each answer bounds how far the server's clock is ahead of it:
the time that it tells was read after the asking and before the hearing. The bounds are intersected (Marzullo 1984), and
the lower one is believed, which is right but for the way back: no picture is ever of the future.

What is believed may jump ahead but goes back slowly, so that pictures keep the order in which they were taken. Those
of a boot that was never compared get the best guess between the boots before and after it, and are not `sure`.
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from camera_node.node_boots import Boot, Boots
from camera_node.picture import monotonic_s

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DRIFT = 200e-6
"""How far a cheap crystal runs off in a second, at most."""

BACK_SLOWLY = 0.5
"""Seconds that the time goes back in a second, at most: less than one, or later pictures would get earlier times."""

SET_S = 60.0
"""Whoever is further off than this was set, and is followed at once."""

STEP_S = 1.0
"""A change of the machine's own clock that is worth a write."""

MOVED_S = 0.2
LATEST_S = 4e9
"""The year 2096: what lies beyond is no time, and of what lies far beyond no date can be made."""

RIGHT_S = 5.0
"""A machine's clock that is not further off than this is right."""

KEEP_EVERY_S = 3600.0


def boot_id() -> str:
    """Return what names this start of the machine; of this process where the system has none."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return uuid.uuid4().hex


class NodeClock:
    """The server's time at this machine; safe to share between threads."""

    def __init__(
        self,
        file: Path | None = None,
        *,
        boot: str | None = None,
        monotonic: Callable[[], float] = monotonic_s,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``file`` keeps what was learnt in this and earlier boots; without one it is forgotten."""
        self.boot = boot or boot_id()
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        self._boots = Boots(file)
        now = monotonic()
        self._now = self._boots.find(self.boot) or Boot(self.boot, None, None, now, wall() - now, now)
        known = self._now.server_s
        self._low, self._high = float("-inf") if known is None else known, float("inf")
        self._told_at, self._followed_at = self._now.seen_s, now
        self._keep()

    @property
    def compared(self) -> bool:
        """Say whether the server's time is known in this boot."""
        return self._now.server_s is not None

    @property
    def offset_s(self) -> float | None:
        """The server's time less this machine's; None until compared."""
        with self._lock:
            ahead = self._follow()
            return None if ahead is None else ahead + self._monotonic() - self._wall()

    def now(self) -> float:
        """Seconds since 1970 by the server's clock; by this machine's until compared."""
        with self._lock:
            ahead = self._follow()
            return self._wall() if ahead is None else ahead + self._monotonic()

    def asked(self) -> float:
        """Call it just before asking the server, and give the answer to `told`."""
        return self._monotonic()

    def told(self, server_s: float, asked_monotonic_s: float, resolution_s: float = 0.0) -> None:
        """The server said its time, cut off to ``resolution_s``, in an answer that has just come."""
        if not 0 < server_s < LATEST_S:  # a NaN neither: what is learnt is kept on disk
            return
        heard = self._monotonic()
        low, high = server_s - heard, server_s + resolution_s - asked_monotonic_s
        with self._lock:
            first = self._now.server_s is None
            before = self._follow()
            blur = DRIFT * (heard - self._told_at)
            self._low, self._high, self._told_at = self._low - blur, self._high + blur, heard
            if low > self._high or high < self._low:
                self._low, self._high = low, high
            else:
                self._low, self._high = max(low, self._low), min(high, self._high)
            if first:
                self._now = replace(self._now, server_s=self._low, first_s=self._low, first_at=heard)
            ahead = self._follow()
            self._now = self._now.seen(self._wall() - heard, heard)
            if before is None or ahead is None or abs(ahead - self._kept_s) > MOVED_S:
                self._keep()

    def note(self) -> None:
        """Look at this machine's clock, because somebody may have set it; call it now and then."""
        heard, wall_at_zero = self._monotonic(), self._wall() - self._monotonic()
        with self._lock:
            stepped = abs(wall_at_zero - self._now.wall_s) > STEP_S
            self._now = self._now.seen(wall_at_zero, heard)
            if stepped or heard - self._kept_at > KEEP_EVERY_S:
                self._keep()

    def captured(self, captured_monotonic_s: float, boot: str, wall: datetime | None = None) -> tuple[datetime, bool]:
        """When a picture was taken by the server's clock, and whether that is sure.

        ``wall`` is what its machine's clock said then, the guess where nothing is known of ``boot``.
        """
        with self._lock:
            found = self._boots.find(boot)
            if boot == self.boot:
                self._follow()
                found = self._now
            ahead = None if found is None else found.ahead(captured_monotonic_s)
            if ahead is not None:
                return _moment(ahead + captured_monotonic_s), _can_be_sure(ahead, captured_monotonic_s, wall)
            guess = wall.timestamp() if wall is not None else self._wall()
            if found is not None:
                guess = found.wall_s + captured_monotonic_s
            earliest, latest = self._boots.between(boot, self._now)
            if found is not None:
                earliest += captured_monotonic_s
                latest -= max(0.0, found.seen_s - captured_monotonic_s)
        return _moment(max(earliest, min(guess, latest))), False

    def _follow(self) -> float | None:
        """How far the server's clock is ahead of the one that nobody sets, as it is believed now."""
        now, before = self._monotonic(), self._now.server_s
        if before is None:
            return None
        least = before - BACK_SLOWLY * max(0.0, now - self._followed_at)
        self._followed_at = now
        ahead = self._low if before - self._low > SET_S else max(self._low, least)
        self._now = replace(self._now, server_s=ahead)
        return ahead

    def _keep(self) -> None:
        self._kept_at, self._kept_s = self._monotonic(), self._now.server_s or 0.0
        self._boots.keep(self._now)


def _can_be_sure(ahead: float, captured_monotonic_s: float, wall: datetime | None) -> bool:
    """A file from before the start was timed by the machine's clock, which may have been wrong then or since."""
    if captured_monotonic_s >= 0 or wall is None:
        return True
    return abs(wall.timestamp() - captured_monotonic_s - ahead) < RIGHT_S


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), LATEST_S), UTC)
