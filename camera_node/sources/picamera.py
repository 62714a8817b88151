"""The Raspberry Pi's own cameras, by Picamera2.

Written against Picamera2's documented interface (The Picamera2 Library, chapters 4 to 6 and appendix C) and libcamera's
controls. It is there on Raspberry Pi OS only (apt install python3-picamera2), so nothing else loads it, and it is
tested with a stand-in of that interface, not with a camera.
"""

from datetime import timedelta
from typing import Any

from camera_node.configuration import CameraControls, Focus, Night
from camera_node.picture import monotonic_s
from camera_node.sources.frame import Frame, Planes, now
from camera_node.sources.night import NightWatch
from camera_node.sources.pace import Pace
from camera_node.sources.source import SourceError, Wanted

READ_S = 0.5
SIZE = (1920, 1080)
STILL_GAP_S = 2.0
"""Asked less often than this, the camera works as for photographs: the whole sensor, noise taken out with care."""

FORMAT = "YUV420"
OLD_S = 5.0

# libcamera's numbers for its controls.
AF_MANUAL, AF_CONTINUOUS = 0, 2
EXPOSURE_NORMAL, EXPOSURE_SHORT, EXPOSURE_LONG = 0, 1, 2
NOISE_FAST, NOISE_HIGH_QUALITY = 1, 2
FRAME_DAY_US = (33_333, 100_000)
FRAME_NIGHT_US = (33_333, 1_000_000)
FRAME_NIGHT_MOVING_US = (33_333, 66_666)


class PicameraSource:
    """A camera at the Pi's ribbon cable; ``size`` in pixels, zeros for 1920 x 1080; ``camera`` is its number, or ""."""

    each = False
    patient = False

    def __init__(self, size: tuple[int, int] = (0, 0), *, camera: str = "") -> None:
        self.name = f"picamera2 {camera}".strip()
        self.late = 0
        self._size = size if all(size) else SIZE
        self._number = int(camera) if camera.isdigit() else 0
        self._camera: Any = None
        self._wanted = Wanted()
        self._still: bool | None = None
        self._night = NightWatch()
        self._pace = Pace()

    def open(self) -> None:
        """See `Source`."""
        try:
            from picamera2 import Picamera2  # type: ignore[import-not-found]
        except ImportError:
            raise SourceError(
                "Picamera2 is not installed. On Raspberry Pi OS: apt install python3-picamera2, "
                "and a virtual environment made with --system-site-packages."
            ) from None
        try:
            self._camera = Picamera2(self._number)
            self._still = None
            self._set_up()
        except (RuntimeError, IndexError, OSError) as error:
            self.close()
            raise SourceError(f"The Pi's camera {self._number} does not start: {error}. Check its cable.") from None

    def read(self) -> Frame | None:
        """See `Source`."""
        self._pace.sleep(monotonic_s(), READ_S)
        if not self._pace.due(monotonic_s()):
            return None
        try:
            frame = self._capture()
        except (RuntimeError, OSError) as error:
            raise SourceError(f"The Pi's camera {self._number} stopped: {error}.") from None
        self._pace.took(frame.at_s)
        return frame

    def _capture(self) -> Frame:
        request = self._camera.capture_request()
        try:
            rows = request.make_array("main")
            told = request.get_metadata()
        finally:
            request.release()
        captured_at, at_s = now()
        # The sensor's own moment: nanoseconds of the clock that counts from the machine's start.
        seen_s = told.get("SensorTimestamp", 0) / 1e9
        if 0 <= at_s - seen_s <= OLD_S:
            captured_at, at_s = captured_at - timedelta(seconds=at_s - seen_s), seen_s
        if self._night.saw(told.get("Lux")) and self._wanted.controls.night is Night.AUTO:
            self._camera.set_controls(self._controls())
        width, height = self._camera.stream_configuration("main")["size"]
        return Frame(self.name, captured_at, at_s, at_s, planes=_planes(rows, width, height))

    def configure(self, wanted: Wanted) -> None:
        """See `Source`."""
        before, self._wanted = self._wanted, wanted
        self._pace.gap_s = max(wanted.gap_s, 0.03)
        if self._camera is None or (before == wanted and self._still is not None):
            return
        try:
            self._set_up()
        except (RuntimeError, OSError) as error:
            raise SourceError(f"The Pi's camera {self._number} does not take its settings: {error}.") from None

    def _set_up(self) -> None:
        """Start in the configuration that the gap asks for, or only set the controls where it runs in that."""
        still = self._pace.gap_s >= STILL_GAP_S
        if still == self._still:
            self._camera.set_controls(self._controls())
            return
        if self._still is not None:
            self._camera.stop()
        main = {"size": self._size, "format": FORMAT}
        if still:
            made = self._camera.create_still_configuration(main=main, buffer_count=2)
        else:
            made = self._camera.create_video_configuration(main=main, buffer_count=4)
        self._still = still
        self._camera.configure(made)
        self._camera.set_controls(self._controls())
        self._camera.start()

    def _controls(self) -> dict[str, Any]:
        return controls_for(
            self._wanted.controls, self._camera.camera_controls, still=bool(self._still), dark=self.dark
        )

    @property
    def dark(self) -> bool:
        """Whether the camera is set for the night."""
        return {Night.ON: True, Night.OFF: False}.get(self._wanted.controls.night, self._night.dark)

    def hurry(self) -> None:
        """See `Source`."""
        self._pace.hurry()

    def close(self) -> None:
        """See `Source`."""
        camera, self._camera = self._camera, None
        self._still = None
        if camera is not None:
            try:
                camera.stop()
            except RuntimeError:
                pass
            finally:
                camera.close()


def controls_for(wanted: CameraControls, known: Any, *, still: bool, dark: bool) -> dict[str, Any]:
    """Return libcamera's controls for what is wanted; those that the camera does not have (``known``) are left out.

    By night a still camera exposes for up to a second; where things move (``still`` is False), no longer than 1/15 s.
    """
    night_us = FRAME_NIGHT_US if still else FRAME_NIGHT_MOVING_US
    exposure = EXPOSURE_LONG if dark and still else EXPOSURE_NORMAL if still else EXPOSURE_SHORT
    limits = night_us if dark else FRAME_DAY_US
    if wanted.exposure_us is not None:
        limits = (min(limits[0], wanted.exposure_us), max(limits[1], wanted.exposure_us))
    controls: dict[str, Any] = {
        "FrameDurationLimits": limits,
        "AeEnable": wanted.exposure_us is None or wanted.gain is None,
        "AeExposureMode": exposure,
        "ExposureTime": wanted.exposure_us or 0,  # 0 gives it back to the camera
        "AnalogueGain": wanted.gain or 0.0,
        "NoiseReductionMode": NOISE_HIGH_QUALITY if still else NOISE_FAST,
        "AfMode": AF_MANUAL if wanted.focus is Focus.MANUAL else AF_CONTINUOUS,
    }
    if wanted.focus is Focus.MANUAL and wanted.lens_position is not None:
        controls["LensPosition"] = wanted.lens_position
    return {name: value for name, value in controls.items() if name in known}


def _planes(rows: Any, width: int, height: int) -> Planes:
    """Cut Picamera2's YUV420 array: ``height`` rows of Y, then two rows of U (then V) in each of the rest."""
    stride = rows.shape[1]
    quarter = height // 2 * (stride // 2)
    colours = rows[height:].reshape(-1)
    u, v = (colours[n * quarter : (n + 1) * quarter].reshape(height // 2, stride // 2) for n in (0, 1))
    return Planes(rows[:height, :width], u[:, : width // 2], v[:, : width // 2])
