"""Cameras that answer a request with one JPEG."""

from typing import Any

import pytest
from cameras import next_frame, snapshot_camera
from pictures import draw, encode, jpeg

from camera_node.sources.snapshot import SnapshotSource
from camera_node.sources.source import SourceError, Wanted


def _open(address: str, gap_s: float = 0.05, timeout_s: float = 5.0) -> SnapshotSource:
    source = SnapshotSource(address, timeout_s=timeout_s)
    source.configure(Wanted(gap_s=gap_s))
    source.open()
    return source


def test_each_picture_is_asked_for_and_is_the_cameras_own_file() -> None:
    with snapshot_camera(jpeg(1)) as camera:
        source = _open(camera.address)
        assert next_frame(source).file == jpeg(1)
        camera.data = encode(draw(), "PNG")
        frame = next_frame(source)
        source.close()
    assert (frame.media_type, frame.size) == ("image/png", (160, 120))
    assert camera.asked == ["/picture.jpg"] * 2


def test_nothing_is_asked_before_it_is_due_unless_hurried() -> None:
    with snapshot_camera(jpeg()) as camera:
        source = _open(camera.address, gap_s=3600)
        next_frame(source)
        assert source.read() is None
        source.hurry()
        assert source.read() is not None
        assert source.read() is None
        source.close()
    assert len(camera.asked) == 2


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_camera_with_a_password_is_signed_in_to(scheme: str) -> None:
    with snapshot_camera(jpeg()) as camera:
        camera.scheme = scheme
        source = _open(camera.address_with_login)
        assert next_frame(source).file
        assert next_frame(source).file
        source.close()
    assert "sesame" not in source.name


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({"scheme": "basic"}, "wants another user name and password", id="no login"),
        pytest.param({"status": 404}, "answered 404", id="no such path"),
        pytest.param({"data": b"<html>Welcome"}, "not with a picture", id="a page"),
        pytest.param({"data": jpeg()[:500]}, "breaks off", id="half a picture"),
        pytest.param({"silent": True}, "does not answer", id="silence"),
    ],
)
def test_why_there_is_no_picture_is_said(given: dict[str, Any], why: str) -> None:
    with snapshot_camera(jpeg()) as camera:
        for name, value in given.items():
            setattr(camera, name, value)
        source = _open(camera.address, timeout_s=0.3 if camera.silent else 5.0)
        with pytest.raises(SourceError, match=why):
            next_frame(source)
        source.close()


def test_a_camera_that_is_off_is_said_to_be() -> None:
    with snapshot_camera(jpeg()) as camera:
        pass
    source = _open(camera.address_with_login)
    with pytest.raises(SourceError, match="nothing answers") as caught:
        next_frame(source)
    source.close()
    assert "sesame" not in str(caught.value)
