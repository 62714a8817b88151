"""USB and other cameras that Linux shows as /dev/video…, by FFmpeg's v4l2."""

from camera_node.sources.stream import Options, StreamSource

FRAMES_PER_S = "15"


def v4l2_source(device: str, size: tuple[int, int] = (0, 0), *, patience_s: float = 10.0) -> StreamSource:
    """Return the source for ``device``; ``size`` in pixels, zeros leave it to the camera.

    The camera's own JPEGs are asked for first: less to carry over USB and nothing to encode here.
    """
    sized: Options = {"video_size": f"{size[0]}x{size[1]}"} if all(size) else {}
    attempts = [
        {"input_format": "mjpeg", "framerate": FRAMES_PER_S, **sized},
        {"input_format": "mjpeg", **sized},
        {"framerate": FRAMES_PER_S, **sized},
        sized,
        {},
    ]
    return StreamSource(device, attempts, container="v4l2", patience_s=patience_s)
