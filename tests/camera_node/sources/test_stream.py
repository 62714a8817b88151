"""Streams: RTSP by GStreamer's server, MJPEG over HTTP by FFmpeg's, and devices that are not there."""

from collections.abc import Iterator

import cv2
import numpy as np
import psutil
import pytest
from cameras import Camera, mjpeg_camera, next_frame, opened, read_to_the_end, rtsp_camera
from processes import free_port

from camera_node.sources.source import Source, SourceError, Wanted
from camera_node.sources.stream import http_source, rtsp_source
from camera_node.sources.v4l2 import v4l2_source

LOGIN = ("kai", "open-sesame")


def _read_to_failure(source: Source) -> str:
    _, error = read_to_the_end(source)
    return str(error)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Camera]:
    """A camera with a password."""
    with rtsp_camera(*LOGIN) as camera:
        yield camera


def test_an_rtsp_camera_gives_its_frames_at_the_gap_asked_for(guarded: Camera) -> None:
    address = guarded.address.replace("://", "://kai:open-sesame@")
    source = opened(rtsp_source(address, patience_s=60), Wanted(gap_s=0.2))
    frames = [next_frame(source) for _ in range(4)]
    source.close()
    assert "sesame" not in source.name + repr(frames)
    assert [frame.size for frame in frames] == [(320, 240)] * 4
    assert all(frame.planes is not None and frame.planes.limited for frame in frames)
    assert frames[-1].monotonic_s - frames[0].monotonic_s > 0.3  # one that comes late brings the next one no later
    assert frames[-1].grey(160).max() > 150 > 60 > frames[-1].grey(160).min()  # a white ball on black


def test_of_a_stream_with_key_frames_often_enough_only_those_are_decoded() -> None:
    with rtsp_camera(gop=2) as camera:
        source = opened(rtsp_source(camera.address, patience_s=60), Wanted(gap_s=0.4))
        first, _, last = (next_frame(source) for _ in range(3))
        source.configure(Wanted(gap_s=3600))
        later = next_frame(source)  # it was due already
        source.hurry()
        assert next_frame(source).size == first.size
        source.close()
    assert later.size == first.size
    assert np.abs(later.grey(160).astype(int) - last.grey(160)).max() > 100  # the ball has moved


@pytest.mark.parametrize(
    ("login", "path", "why"),
    [
        pytest.param("", "/lot", "it wants another user name and password", id="without a login"),
        pytest.param("kai:wrong-word@", "/lot", "it wants another user name and password", id="a wrong one"),
        pytest.param("kai:open-sesame@", "/attic", "it has no such stream", id="a wrong path"),
    ],
)
def test_why_a_camera_does_not_open_is_said_without_the_password(
    guarded: Camera, login: str, path: str, why: str
) -> None:
    source = rtsp_source(guarded.address.replace("://", f"://{login}").replace("/lot", path), patience_s=60)
    with pytest.raises(SourceError, match=why) as caught:
        source.open()
    assert "word" not in str(caught.value).replace("password", "")
    assert "sesame" not in str(caught.value)


def test_an_mjpeg_camera_gives_its_own_files_undecoded() -> None:
    with mjpeg_camera() as camera:
        source = opened(http_source(camera.address, patience_s=60))
        frame = next_frame(source)
        assert frame.file is not None
        assert frame.size == (320, 240)
        assert cv2.imdecode(np.frombuffer(frame.file, np.uint8), cv2.IMREAD_COLOR).shape == (240, 320, 3)
        camera.unplug()
        assert camera.address in _read_to_failure(source)
        source.close()
        camera.plug()
        assert next_frame(opened(source)).file
        source.close()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param(rtsp_source("rtsp://kai:secret@127.0.0.1:9/a"), "nothing answers", id="rtsp"),
        pytest.param(http_source("http://127.0.0.1:9/a?password=secret"), "nothing answers", id="http"),
        pytest.param(v4l2_source("/dev/video-none"), "it is not there", id="a device that is missing"),
        pytest.param(v4l2_source("/dev/null", (640, 480)), "it is no camera", id="a device that is no camera"),
    ],
)
def test_what_is_not_there_is_said_in_words(source: Source, why: str) -> None:
    with pytest.raises(SourceError, match=why) as caught:
        source.open()
    assert "secret" not in str(caught.value)


def test_opening_again_and_again_leaves_no_handle_behind(guarded: Camera) -> None:
    good = rtsp_source(guarded.address.replace("://", "://kai:open-sesame@"), patience_s=60)
    gone = http_source(f"http://127.0.0.1:{free_port()}/a")
    next_frame(opened(good))
    good.close()
    before = psutil.Process().num_fds()
    for _ in range(20):
        with pytest.raises(SourceError):
            gone.open()
        gone.close()
    for _ in range(2):
        next_frame(opened(good))
        good.close()
    assert psutil.Process().num_fds() <= before
