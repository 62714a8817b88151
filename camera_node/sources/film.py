"""A video file as a camera: at the pace of life or as fast as it can be read, once or over and over."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from camera_node.picture import monotonic_s
from camera_node.sources.decoded import Container, explain, planes_of
from camera_node.sources.frame import Frame, now
from camera_node.sources.source import SourceEndedError, SourceError

READ_S = 0.5
BEHIND_S = 0.25


class FilmSource(Container):
    """Frames of a video. In real time those that come late are skipped; else every due one is given."""

    each = False

    def __init__(self, file: Path, *, real_time: bool = True, loop: bool = False) -> None:
        super().__init__()
        self.name = str(file)
        self.late = 0
        self.patient = not real_time
        self._file = file
        self._real_time = real_time
        self._loop = loop
        self._frames: Iterator[Any] = iter(())
        self._held: Any = None
        self._base_s = 0.0
        self._start_s: float | None = None
        self._last_s = 0.0
        self._given = 0

    def open(self) -> None:
        """See `Source`."""
        self._base_s = monotonic_s()
        self._given = 0
        self._begin()

    def _begin(self) -> None:
        try:
            self._container = av.open(str(self._file))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(f"{self.name} cannot be read as a video: {explain(error)}") from None
        if not self._container.streams.video:
            self.close()
            raise SourceError(f"{self.name} has no pictures in it.")
        stream = self._container.streams.video[0]
        stream.codec_context.thread_count = 1
        self._frames = self._container.decode(stream)
        self._start_s = None

    def read(self) -> Frame | None:
        """See `Source`."""
        until_s = time.monotonic() + READ_S
        while time.monotonic() < until_s:
            decoded = self._held or self._next()
            self._held = None
            if decoded is None:
                continue
            at_s = self._at(decoded)
            ahead_s = at_s - monotonic_s()
            if self._real_time and ahead_s > 0:
                time.sleep(min(ahead_s, READ_S))
                if ahead_s > READ_S:
                    self._held = decoded
                    return None
            if not self._pace.due(at_s):
                continue
            if self._real_time and -ahead_s > max(BEHIND_S, self._pace.gap_s):
                self.late += 1
                continue
            return self._give(decoded, at_s)
        return None

    def _give(self, decoded: Any, at_s: float) -> Frame:
        self._pace.took(at_s)
        self._given += 1
        captured_at, read_s = now()
        return Frame(f"{self.name}#{at_s - self._base_s:.3f}", captured_at, read_s, at_s, planes=planes_of(decoded))

    def _next(self) -> Any:
        try:
            return next(self._frames)
        except StopIteration:
            pass
        except av.error.InvalidDataError:
            return None
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self.name} breaks off: {explain(error)}") from None
        self.close()
        if not self._given:
            raise SourceError(f"{self.name} has no pictures in it.")
        if not self._loop:
            raise SourceEndedError(f"{self.name} has ended.")
        self._base_s = self._last_s + 0.04
        self._begin()
        return None

    def _at(self, decoded: Any) -> float:
        seconds = float(decoded.time) if decoded.time is not None else 0.0
        if self._start_s is None:
            self._start_s = seconds
        self._last_s = self._base_s + seconds - self._start_s
        return self._last_s

    def close(self) -> None:
        """See `Source`."""
        self._frames, self._held = iter(()), None
        super().close()
