"""Finished pictures between the one who takes them and the one who keeps them: few, and the newest wins."""

import threading
from collections import deque

from camera_node.picture import Kind, Picture

PICTURES_MAX = 64
BYTES_MAX = 32 * 1024 * 1024


class PictureQueue:
    """A queue in the order of arrival. Full, the oldest overview goes first, then the oldest of all."""

    def __init__(self, pictures_max: int = PICTURES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._pictures_max = pictures_max
        self._bytes_max = bytes_max
        self._waiting: deque[Picture] = deque()
        self._bytes = 0
        self._closed = False
        self._change = threading.Condition()
        self.dropped = 0
        self.patient = False
        """Whether the source can wait, so that nothing needs to be dropped: then ask `room` before `put`."""

    @property
    def room(self) -> bool:
        """Whether one more fits."""
        with self._change:
            return len(self._waiting) < self._pictures_max and self._bytes < self._bytes_max

    def put(self, picture: Picture) -> None:
        """Append a picture; drop others where there is no room."""
        with self._change:
            self._waiting.append(picture)
            self._bytes += len(picture.data)
            while len(self._waiting) > 1 and self._over():
                self._drop()
            self._change.notify()

    def get(self, timeout_s: float) -> Picture | None:
        """Return the oldest, None when there is none for ``timeout_s``."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closed, timeout_s)
            if not self._waiting:
                return None
            picture = self._waiting.popleft()
            self._bytes -= len(picture.data)
            return picture

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _over(self) -> bool:
        return len(self._waiting) > self._pictures_max or self._bytes > self._bytes_max

    def _drop(self) -> None:
        victim = next((each for each in self._waiting if each.kind is Kind.OVERVIEW), self._waiting[0])
        self._waiting.remove(victim)
        self._bytes -= len(victim.data)
        self.dropped += 1
