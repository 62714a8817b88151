"""Pictures out of a video at a chosen rate, by PyAV."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2

JPEG_QUALITY = 90


class VideoError(Exception):
    """A video cannot be read; the message is a sentence naming it."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a video: ``t_s`` seconds after its start, as JPEG."""

    t_s: float
    data: bytes


def read_duration_s(path: Path) -> float | None:
    """Return how long a video lasts, None when its file does not say. Raises VideoError."""
    try:
        with av.open(str(path)) as container:
            return None if container.duration is None else container.duration / 1_000_000
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"{path} cannot be read as a video: {error}") from None


def read_stills(path: Path, rate: float) -> Iterator[Still]:
    """Yield ``rate`` pictures per second of the video: for every instant k/rate the first frame at or after it.

    Raises VideoError when the file is not a video or breaks off before its first picture.
    """
    count = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise VideoError(f"{path} has no pictures in it.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            start_s: float | None = None
            for frame in container.decode(stream):
                seconds = frame.time if frame.time is not None else 0.0
                start_s = seconds if start_s is None else start_s
                t_s = seconds - start_s
                # A tenth of a millisecond of slack: time stamps are rounded to the stream's time base.
                if t_s + 1e-4 < count / rate:
                    continue
                good, data = cv2.imencode(
                    ".jpg", frame.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
                )
                if not good:
                    raise VideoError(f"{path}: the picture at {t_s:.2f} s cannot be written as JPEG.")
                count = int((t_s + 1e-4) * rate) + 1
                yield Still(t_s, data.tobytes())
    except (av.FFmpegError, OSError) as error:
        if count == 0:
            raise VideoError(f"{path} cannot be read as a video: {error}") from None
        raise VideoError(f"{path} breaks off after {count} pictures: {error}") from None
    if count == 0:
        raise VideoError(f"{path} has no pictures in it.")
