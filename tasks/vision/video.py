"""Videos in and out: frames with their time, upright, one at a time; H.264 in MP4 that every browser plays."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import av.error
import cv2
import numpy as np

from parkhub.errors import InvalidInputError, TooLargeError
from tasks.vision.picture import Picture

PIXELS_MAX: Final = 8192 * 4320
SIDE_MIN: Final = 16
FPS_FALLBACK: Final = Fraction(25)
FPS_MAX: Final = 240
TICKS_PER_S: Final = 90_000
_FAILURES_MAX: Final = 500
# Named one by one: a playlist (HLS, concat, DASH) calling itself .mp4 could make FFmpeg open other files or addresses.
_FORMATS: Final = "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,flv,asf,ogg,mjpeg,gif,ivf,m4v,dv,mxf,3gp"
_TURNS: Final = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True, slots=True)
class TimedPicture:
    """One frame: seconds after the first one, its pixels as a person sees them, and whether they came through whole."""

    t_s: float
    picture: Picture
    whole: bool


class VideoReader:
    """Frames of an open video. ``width`` and ``height`` are of the upright picture.

    ``duration_s`` is what the file says, None when it does not. ``pixel_aspect`` is the width of one stored pixel
    over its height. ``failures`` counts the parts that could not be decoded so far.
    """

    def __init__(self, container: Any, stream: Any, file_bytes: int) -> None:
        self._container, self._stream, self._file_bytes = container, stream, file_bytes
        self.failures = 0
        self.fps = _fps(stream)
        self.duration_s = _duration_s(container, stream)
        self._position = 0.0
        self._frames = self._decode()
        first = next(self._frames, None)
        if first is None:
            raise InvalidInputError("The video holds no frame that can be decoded.")
        self._rotation = int(getattr(first, "rotation", 0) or 0) % 360
        self._stored = (first.width, first.height)
        turned = self._rotation in (90, 270)
        self.width, self.height = self._stored[::-1] if turned else self._stored
        self.pixel_aspect = _pixel_aspect(stream, turned)
        _check_size(self.width, self.height)
        self._first = first

    @property
    def progress(self) -> float:
        """How far the file has been read, 0..1, by time where the duration is known and by bytes elsewhere."""
        return min(1.0, self._position)

    def frames(self) -> Iterator[TimedPicture]:
        """Every frame once, in order, with strictly growing times. Can be walked once."""
        first_s: float | None = None
        t_s = -1.0
        step_s = float(1 / self.fps)
        for frame in self._chain():
            stamp = None if frame.time is None else float(frame.time)
            if first_s is None:
                first_s, t_s = stamp or 0.0, 0.0
            else:
                given = t_s + step_s if stamp is None else stamp - first_s
                t_s = given if given > t_s + 1e-4 else t_s + step_s
            if self.duration_s:
                self._position = t_s / self.duration_s
            yield TimedPicture(t_s, self._upright(frame), not frame.is_corrupt)

    def _chain(self) -> Iterator[Any]:
        yield self._first
        yield from self._frames

    def _decode(self) -> Iterator[Any]:
        """Frames as FFmpeg gives them; a damaged part is skipped and counted, as the rest may still be good."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if not self.duration_s and packet.pos is not None and self._file_bytes:
                    self._position = packet.pos / self._file_bytes
                frames = packet.decode()
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, ValueError):
                self.failures += 1
                if self.failures >= _FAILURES_MAX:
                    return
                continue
            yield from frames

    def _upright(self, frame: Any) -> Picture:
        if (frame.width, frame.height) != self._stored:  # some cameras change size in mid-stream
            _check_size(frame.width, frame.height)
            frame = frame.reformat(width=self._stored[0], height=self._stored[1])
        picture: Picture = frame.to_ndarray(format="bgr24")
        turn = _TURNS.get(self._rotation)
        return picture if turn is None else np.ascontiguousarray(cv2.rotate(picture, turn), dtype=np.uint8)


@contextmanager
def open_video(path: Path, threads: int = 1) -> Iterator[VideoReader]:
    """Open a video file for reading; its sound is never touched. ``threads`` bounds the decoder's.

    Raises InvalidInputError for a file that is no video, is cut short beyond reading, or holds no frame, and
    TooLargeError for pictures above `PIXELS_MAX`.
    """
    if not path.is_file():
        raise InvalidInputError(f"There is no file {path}.")
    if path.stat().st_size == 0:
        raise InvalidInputError("The video file is empty (0 bytes).")
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        container = av.open(f"file:{path.absolute()}", "r", options=options, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise InvalidInputError(_why_not_open(error)) from None
    with container:
        stream = _picture_stream(container)
        context = stream.codec_context
        _check_pixels(context.width, context.height)
        context.options = {"max_pixels": str(PIXELS_MAX)}  # holds also for what the file does not say
        context.thread_count = max(1, threads)
        if threads > 1:
            stream.thread_type = "AUTO"
        yield VideoReader(container, stream, path.stat().st_size)


class VideoWriter:
    """Writes H.264 (High, 4:2:0, even sizes) in MP4 with its index in front, so a browser plays while it loads.

    Pictures are BGR of exactly ``width`` x ``height``, both even; times must grow. ``close`` finishes the file;
    leaving the context by an error leaves an unfinished file for the caller to remove.
    """

    def __init__(self, path: Path, width: int, height: int, fps: Fraction, threads: int = 1) -> None:
        self._container = av.open(f"file:{path.absolute()}", "w", format="mp4", options={"movflags": "+faststart"})
        stream: Any = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, TICKS_PER_S)
        context.thread_count = max(1, threads)
        context.gop_size = max(1, round(2 * fps))  # a key frame every 2 s, so that seeking is quick
        context.color_range, context.colorspace = 1, 6  # what OpenCV's conversion below makes: BT.601, video range
        context.color_primaries, context.color_trc = 1, 1
        context.options = {"preset": "veryfast", "crf": "24", "profile": "high"}
        self._stream = stream
        self._pts = -1
        self._closed = False

    def write(self, picture: Picture, t_s: float) -> None:
        """Append one picture, shown from ``t_s`` seconds on."""
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
        self._pts = max(self._pts + 1, round(t_s * TICKS_PER_S))
        frame.pts, frame.time_base = self._pts, Fraction(1, TICKS_PER_S)
        frame.colorspace, frame.color_range = 6, 1
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file."""
        if not self._closed:
            self._closed = True
            self._container.mux(self._stream.encode())
            self._container.close()

    def abandon(self) -> None:
        """Let go of the file, unfinished; nothing happens once it was finished."""
        if not self._closed:
            self._closed = True
            with suppress(av.error.FFmpegError):  # a full disk must not hide why we stop
                self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def _picture_stream(container: Any) -> Any:
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        raise InvalidInputError("The file holds no video, only sound or other data.")
    # an unknown codec has no context
    readable = [stream for stream in streams if stream.codec_context is not None]
    if not readable:
        raise InvalidInputError("The video's codec is not known to this machine; save it as H.264 in an MP4 file.")
    return max(readable, key=lambda stream: stream.codec_context.width * stream.codec_context.height)


def _is_cover(stream: Any) -> bool:
    return "attached_pic" in str(getattr(stream, "disposition", "")).lower()


def _fps(stream: Any) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= FPS_MAX:
            return Fraction(rate).limit_denominator(100_000)
    return FPS_FALLBACK


def _duration_s(container: Any, stream: Any) -> float | None:
    if stream.duration and stream.time_base and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        return float(container.duration / av.time_base)
    return None


def _pixel_aspect(stream: Any, turned: bool) -> float:
    aspect = stream.sample_aspect_ratio
    if not aspect or not 0.1 < aspect < 10:
        return 1.0
    return float(1 / aspect if turned else aspect)


def _check_size(width: int, height: int) -> None:
    if min(width, height) < SIDE_MIN:
        raise InvalidInputError(f"The video is {width} x {height} pixels; at least {SIDE_MIN} each way are needed.")
    _check_pixels(width, height)


def _check_pixels(width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise TooLargeError(f"The video is {width} x {height} pixels; at most {PIXELS_MAX:,} pixels are read.")


def _why_not_open(error: Exception) -> str:
    if isinstance(error, av.error.InvalidDataError | ValueError):
        return (
            "The file is not a video this machine can read, or it is cut short "
            "(the end of an MP4 holds its index). Upload it again whole, or save it as H.264 in an MP4 file."
        )
    reason = getattr(error, "strerror", None) or str(error)
    return f"The video cannot be opened: {reason}."
