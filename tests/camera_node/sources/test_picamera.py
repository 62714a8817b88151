"""The Pi's camera, against a stand-in of Picamera2's documented interface: no camera was there to try it with."""

import sys
from collections.abc import Iterator

import numpy as np
import picamera2_shaped
import pytest
from cameras import next_frame

from camera_node.configuration import CameraControls, Focus, Night
from camera_node.sources.night import ROW
from camera_node.sources.picamera import PicameraSource
from camera_node.sources.source import SourceError, Wanted


@pytest.fixture
def pi() -> Iterator[picamera2_shaped.Pi]:
    """A Pi with one camera: what `import picamera2` finds."""
    pi = picamera2_shaped.Pi()
    sys.modules["picamera2"] = picamera2_shaped.module_for(pi)
    yield pi
    del sys.modules["picamera2"]


def _open(wanted: Wanted, size: tuple[int, int] = (640, 480)) -> PicameraSource:
    source = PicameraSource(size)
    source.configure(wanted)
    source.open()
    return source


def test_a_frame_is_cut_out_of_the_padded_array_and_has_the_sensors_time(pi: picamera2_shaped.Pi) -> None:
    source = _open(Wanted(gap_s=0.05), size=(640, 480))
    frame = next_frame(source)
    source.close()
    assert frame.planes is not None
    assert frame.planes.y.shape == (480, 640)
    assert (frame.planes.y[0, 0], frame.planes.y[-1, -1]) == picamera2_shaped.CORNERS
    assert (np.unique(frame.planes.u).tolist(), np.unique(frame.planes.v).tolist()) == ([90], [170])
    assert frame.monotonic_s == pytest.approx(pi.camera.sensor_s, abs=1e-6)
    assert pi.camera.released == pi.camera.requested


def test_rare_pictures_are_stills_and_many_are_video_and_a_change_restarts_the_camera(pi: picamera2_shaped.Pi) -> None:
    source = _open(Wanted(gap_s=10.0))
    assert pi.camera.log == ["configure still", "start"]
    source.configure(Wanted(gap_s=0.1))
    assert pi.camera.log[2:] == ["stop", "configure video", "start"]
    source.configure(Wanted(gap_s=0.2))
    assert len(pi.camera.log) == 5
    source.close()
    assert pi.camera.log[5:] == ["stop", "close"]


@pytest.mark.parametrize(
    ("wanted", "gap_s", "controls"),
    [
        pytest.param(CameraControls(), 10, {"AeEnable": True, "AfMode": 2, "ExposureTime": 0}, id="all by itself"),
        pytest.param(
            CameraControls(exposure_us=2000, gain=4.0), 0.1,
            {"AeEnable": False, "ExposureTime": 2000, "AnalogueGain": 4.0}, id="shutter and gain by hand",
        ),
        pytest.param(
            CameraControls(focus=Focus.MANUAL, lens_position=0.5), 10, {"AfMode": 0, "LensPosition": 0.5},
            id="focus by hand",
        ),
        pytest.param(
            CameraControls(night=Night.ON), 10,
            {"AeExposureMode": 2, "FrameDurationLimits": (33_333, 1_000_000)}, id="a still at night",
        ),
        pytest.param(
            CameraControls(night=Night.ON), 0.1,
            {"AeExposureMode": 1, "FrameDurationLimits": (33_333, 66_666)}, id="a gate at night stays fast",
        ),
        pytest.param(
            CameraControls(exposure_us=3_000_000), 10, {"FrameDurationLimits": (33_333, 3_000_000)},
            id="an exposure longer than a frame",
        ),
    ],
)  # fmt: skip
def test_the_camera_is_set_as_wanted(
    pi: picamera2_shaped.Pi, wanted: CameraControls, gap_s: float, controls: dict[str, object]
) -> None:
    source = _open(Wanted(gap_s=gap_s, controls=wanted))
    assert controls.items() <= pi.camera.controls.items()
    source.close()


def test_a_camera_without_a_motor_is_not_asked_to_focus(pi: picamera2_shaped.Pi) -> None:
    pi.has_motor = False
    source = _open(Wanted(controls=CameraControls(focus=Focus.MANUAL, lens_position=0.5)))
    assert not {"AfMode", "LensPosition"} & pi.camera.controls.keys()
    source.close()


def test_night_comes_by_itself_after_a_row_of_dark_pictures_and_goes_again(pi: picamera2_shaped.Pi) -> None:
    source = _open(Wanted(gap_s=0.03))
    dark = []
    for lux in [500.0] * 2 + [1.0] * ROW + [15.0, 100.0] + [1.0] * 2 + [100.0] * ROW:
        pi.lux = lux
        next_frame(source)
        dark.append(source.dark)
    assert dark == [False] * (2 + ROW - 1) + [True] * (1 + 2 + 2 + ROW - 1) + [False]
    assert pi.camera.controls["FrameDurationLimits"] == (33_333, 100_000)
    source.close()


@pytest.mark.parametrize(
    ("trouble", "why"), [("init", "does not start"), ("configure", "does not start"), ("capture", "stopped")]
)
def test_a_camera_that_fails_is_said_to_and_let_go(pi: picamera2_shaped.Pi, trouble: str, why: str) -> None:
    pi.fails_at = trouble
    source = PicameraSource()
    source.configure(Wanted(gap_s=0.05))
    with pytest.raises(SourceError, match=why):
        _open_and_read(source)
    source.close()
    assert trouble == "init" or pi.camera.log[-1] == "close"


def _open_and_read(source: PicameraSource) -> None:
    source.open()
    next_frame(source)


def test_where_picamera2_is_missing_it_is_said_how_to_get_it() -> None:
    with pytest.raises(SourceError, match="apt install python3-picamera2"):
        PicameraSource().open()
