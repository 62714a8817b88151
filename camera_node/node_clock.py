"""When pictures were taken, by the server's clock, whatever this machine's clock says.

A machine without a battery boots in the past, and its clock is set while it runs. So pictures are timed by a clock
that nobody sets (`monotonic_s`, seconds since this boot), and what lies between it and the server's is learnt from
the server's answers: the middle between asking and hearing, wrong by half the way at most (Cristian 1989). Pictures of
a boot that was never compared get the best guess between the boots before and after it, and are not `sure`.
"""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from camera_node.node_boots import Boot, Boots
from camera_node.picture import monotonic_s

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DRIFT = 200e-6
"""How far a cheap crystal runs off in a second, at most."""

STEP_S = 1.0
"""A change of the machine's own clock that is worth a write."""

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
        known = self._boots.find(self.boot)
        self._now = known or Boot(self.boot, None, 0.0, wall() - monotonic(), monotonic())
        self._told_at = self._now.seen_s
        self._keep()

    @property
    def compared(self) -> bool:
        """Say whether the server's time is known in this boot."""
        return self._now.server_s is not None

    @property
    def offset_s(self) -> float | None:
        """The server's time less this machine's; None until compared."""
        with self._lock:
            at = self._now.server_s
            return None if at is None else at + self._monotonic() - self._wall()

    def now(self) -> float:
        """Seconds since 1970 by the server's clock; by this machine's until compared."""
        with self._lock:
            at = self._now.server_s
            return self._wall() if at is None else at + self._monotonic()

    def asked(self) -> float:
        """Call it just before asking the server, and give the answer to `told`."""
        return self._monotonic()

    def told(self, server_s: float, asked_monotonic_s: float, resolution_s: float = 0.0) -> None:
        """The server said its time, cut off to ``resolution_s``, in an answer that has just come."""
        heard = self._monotonic()
        error = (heard - asked_monotonic_s + resolution_s) / 2
        server_at_zero = server_s + resolution_s / 2 - (heard + asked_monotonic_s) / 2
        with self._lock:
            before = self._now.server_s
            if before is not None:
                blurred = self._now.error_s + DRIFT * (heard - self._told_at)
                if error > blurred and abs(server_at_zero - before) <= error + blurred:
                    return
            self._told_at = heard
            self._now = Boot(self.boot, server_at_zero, error, self._wall() - heard, heard)
            if before is None or abs(server_at_zero - before) > STEP_S:
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
            found = self._now if boot == self.boot else self._boots.find(boot)
            if found is not None and found.server_s is not None:
                return _moment(found.server_s + captured_monotonic_s), True
            guess = wall.timestamp() if wall is not None else self._wall()
            if found is not None:
                guess = found.wall_s + captured_monotonic_s
            earliest, latest = self._boots.between(boot, self._now)
            if found is not None:
                earliest += captured_monotonic_s
                latest -= max(0.0, found.seen_s - captured_monotonic_s)
        return _moment(max(earliest, min(guess, latest))), False

    def _keep(self) -> None:
        self._kept_at = self._monotonic()
        self._boots.keep(self._now)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), 4e9), UTC)
