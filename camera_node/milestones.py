"""What a node's log says once: that it has come so far, that something is away, and that it is back."""

from collections.abc import Callable

from camera_node.capture_state import CaptureState
from camera_node.sender_state import SenderState
from camera_node.spool_state import SpoolState

DROPPED_OVER_S = 60.0
SURE = 2
"""Seen so often in a row: a disk that just makes room for a picture is in trouble for a moment."""


class Milestones:
    """Hears now and then how it goes."""

    def __init__(self, info: Callable[[str], None], warning: Callable[[str], None]) -> None:
        self._info, self._warning = info, warning
        self._opened = self._away = self._sent = self._disk_fails = self._dropping = False
        self._disk_changed = 0
        self._dropped: int | None = None
        self._dropped_s = 0.0

    def hear(self, capture: CaptureState, spool: SpoolState, sender: SenderState, now_s: float) -> None:
        """Say what is new; ``now_s`` is of any clock that only goes forward."""
        self._hear_camera(capture)
        if sender.sent and not self._sent:
            self._sent = True
            self._info("The first picture was sent, or what was seen in it.")
        self._hear_disk(spool)
        self._hear_dropped(spool.dropped_overview + spool.dropped_gate, now_s)

    def _hear_camera(self, capture: CaptureState) -> None:
        if capture.trouble:
            self._away = True
        elif capture.running and capture.mode and capture.connections:
            if not self._opened:
                self._info(f"The source is open: {capture.source}.")
            elif self._away:
                self._info(f"The source was away and is back: {capture.source}.")
            self._opened, self._away = True, False

    def _hear_disk(self, spool: SpoolState) -> None:
        if bool(spool.trouble) == self._disk_fails:
            self._disk_changed = 0
            return
        self._disk_changed += 1
        if self._disk_changed < SURE:
            return
        self._disk_changed, self._disk_fails = 0, bool(spool.trouble)
        if spool.trouble:
            self._warning(spool.trouble)
        else:
            self._info("The disk takes pictures again.")

    def _hear_dropped(self, dropped: int, now_s: float) -> None:
        before, self._dropped = self._dropped, dropped
        if before is not None and dropped > before:
            self._dropped_s = now_s
            if not self._dropping:
                self._dropping = True
                self._warning("There is no room for more pictures here: the oldest of places are dropped.")
        elif self._dropping and now_s - self._dropped_s > DROPPED_OVER_S:
            self._dropping = False
            self._info(f"There is room again; {dropped:,} pictures were dropped in all.")
