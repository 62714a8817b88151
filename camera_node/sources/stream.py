"""Cameras that send a stream: RTSP, MJPEG over HTTP, and whatever else FFmpeg reads (by PyAV).

The newest frame wins. What comes late is not decoded, and of a stream with a key frame often enough only those key
frames are that are wanted. A stream of JPEG is not decoded at all: its pictures are the camera's own files.
"""

import time
from collections.abc import Iterator
from typing import Any

import av

from camera_node.picture import monotonic_s
from camera_node.sources.address import masked, with_quoted_login
from camera_node.sources.decoded import Container, explain, planes_of
from camera_node.sources.frame import Frame, now
from camera_node.sources.pace import Lateness
from camera_node.sources.source import SourceError

READ_S = 1.0
ALMOST = 1.05
JPEG_CODEC = "mjpeg"
HUFFMAN_TABLES = b"\xff\xc4"

Options = dict[str, str]


def rtsp_source(address: str, *, transport: str = "tcp", patience_s: float = 10.0) -> "StreamSource":
    """Return the source for an RTSP camera; without a packet for ``patience_s`` it has failed."""
    options = {"rtsp_transport": str(transport), "fflags": "+discardcorrupt", "analyzeduration": "500000"}
    return StreamSource(address, [options], patience_s=patience_s)


def http_source(address: str, *, patience_s: float = 10.0) -> "StreamSource":
    """Return the source for a camera that sends MJPEG or another stream over HTTP."""
    return StreamSource(address, [{"analyzeduration": "500000"}], patience_s=patience_s)


class StreamSource(Container):
    """A stream that PyAV opens. The first of ``attempts`` (FFmpeg's options) that works is taken."""

    each = False
    patient = False

    def __init__(
        self, address: str, attempts: list[Options], *, container: str | None = None, patience_s: float = 10.0
    ) -> None:
        """``container`` is FFmpeg's name of a format that cannot be told from the address."""
        super().__init__()
        self.name = masked(address)
        self.late = 0
        self._address = with_quoted_login(address)
        self._attempts = attempts
        self._format = container
        self._patience_s = patience_s
        self._packets: Iterator[Any] = iter(())
        self._codec: Any = None
        self._tables: Any = None
        self._lateness = Lateness()
        self._keys = _KeyFrames()
        self._synced = False

    def open(self) -> None:
        """See `Source`."""
        problem: Exception | None = None
        for options in self._attempts:
            try:
                self._begin(options)
            except (av.FFmpegError, OSError, ValueError) as error:
                problem = error
                self.close()
            else:
                return
        raise SourceError(f"{self.name} cannot be opened: {explain(problem or ValueError())}") from None

    def _begin(self, options: Options) -> None:
        self._container = av.open(
            self._address, format=self._format, options=options, timeout=(self._patience_s, self._patience_s)
        )
        if not self._container.streams.video:
            raise SourceError(f"{self.name} sends no pictures, only sound.")
        stream = self._container.streams.video[0]
        self._codec = stream.codec_context
        self._codec.thread_count = 1
        if self._codec.name == JPEG_CODEC:
            self._tables = av.bitstream.BitStreamFilterContext("mjpeg2jpeg", stream)
        self._packets = self._container.demux(stream)
        self._lateness = Lateness()
        self._keys = _KeyFrames()
        self._synced = False

    def read(self) -> Frame | None:
        """See `Source`."""
        until_s = time.monotonic() + READ_S
        while time.monotonic() < until_s:
            try:
                packet = next(self._packets)
                frame = self._take(packet) if packet.size else None
            except StopIteration:
                raise SourceError(f"{self.name} has ended the stream.") from None
            except (av.error.InvalidDataError, av.error.BufferTooSmallError):
                self._synced = False  # a damaged picture: go on with the next key frame
            except (av.FFmpegError, OSError) as error:
                raise SourceError(f"{self.name} stopped sending: {explain(error)}") from None
            else:
                if frame is not None:
                    return frame
        return None

    def _take(self, packet: Any) -> Frame | None:
        at_s = monotonic_s()
        seconds = None if packet.dts is None else float(packet.dts * packet.time_base)
        key = bool(packet.is_keyframe)
        self._keys.saw(seconds, key=key)
        due = self._pace.due(at_s)
        if self._lateness.late(seconds, at_s):
            self.late += 1
            self._synced = False
            return None
        if self._codec.name == JPEG_CODEC:
            return self._frame(file=self._whole_jpeg(bytes(packet))) if due else None
        if self._keys.enough_for(self._pace.gap_s):
            return self._take_key(packet) if due and key else None
        if not (self._synced or key):
            return None
        self._synced = True
        decoded = self._codec.decode(packet)
        return self._frame(decoded[-1]) if decoded and due else None

    def _take_key(self, packet: Any) -> Frame | None:
        """Decode one key frame by itself; the decoder would hold it back for the order of what follows."""
        self._codec.flush_buffers()
        decoded = [*self._codec.decode(packet), *self._codec.decode(None)]
        self._codec.flush_buffers()
        self._synced = False
        return self._frame(decoded[-1]) if decoded else None

    def _whole_jpeg(self, data: bytes) -> bytes:
        """Return a JPEG with its Huffman tables, which many USB cameras leave out."""
        head = data[: data.find(b"\xff\xda")]
        if HUFFMAN_TABLES in head or self._tables is None:
            return data
        packet = av.Packet(data)
        found = self._tables.filter(packet)
        return bytes(found[0]) if found else data

    def _frame(self, decoded: Any = None, file: bytes | None = None) -> Frame:
        captured_at, at_s = now()
        self._pace.took(at_s)
        planes = None if decoded is None else planes_of(decoded)
        return Frame(self.name, captured_at, at_s, at_s, file=file, planes=planes)

    def close(self) -> None:
        """See `Source`."""
        self._packets, self._codec, self._tables = iter(()), None, None
        super().close()


class _KeyFrames:
    """How far apart a stream's key frames are."""

    def __init__(self) -> None:
        self._gap_s: float | None = None
        self._last_s: float | None = None
        self._others = False

    def saw(self, seconds: float | None, *, key: bool) -> None:
        if not key:
            self._others = True
            return
        if seconds is not None:
            if self._last_s is not None and seconds > self._last_s:
                self._gap_s = seconds - self._last_s
            self._last_s = seconds

    def enough_for(self, gap_s: float) -> bool:
        """Say whether a key frame comes as often as a frame is wanted, or each is one."""
        if self._gap_s is None:
            return False
        return not self._others or self._gap_s <= gap_s * ALMOST
