"""A stand-in for Picamera2 by what its manual says of it: configurations, controls, requests, padded YUV420 arrays.

Picamera2 is only on Raspberry Pi OS and needs a camera. What a real one does beyond its manual is not tried here.
"""

import time
import types
from typing import Any

import numpy as np
from numpy.typing import NDArray

CORNERS = (16, 235)
STRIDE = 64
"""YUV420 rows are padded to a multiple of so many bytes."""

CONTROLS = (
    "AeEnable", "AeExposureMode", "AnalogueGain", "ExposureTime", "FrameDurationLimits", "NoiseReductionMode",
)  # fmt: skip


class Pi:
    """The machine: which camera is at it, how light it is, and what fails."""

    def __init__(self) -> None:
        self.camera: FakeCamera
        self.has_motor = True
        self.lux = 500.0
        self.fails_at = ""


def module_for(pi: Pi) -> types.ModuleType:
    """What `import picamera2` gives on that machine."""
    module = types.ModuleType("picamera2")
    module.Picamera2 = lambda number=0: FakeCamera(pi, number)  # type: ignore[attr-defined]
    return module


class FakeRequest:
    def __init__(self, camera: "FakeCamera") -> None:
        self._camera = camera

    def make_array(self, name: str) -> NDArray[np.uint8]:
        assert name == "main"
        width, height = self._camera.configuration["main"]["size"]
        stride = -(-width // STRIDE) * STRIDE
        rows = np.full((height * 3 // 2, stride), 200, np.uint8)
        rows[0, 0], rows[height - 1, width - 1] = CORNERS
        rows[height : height + height // 4] = 90
        rows[height + height // 4 :] = 170
        return rows

    def get_metadata(self) -> dict[str, Any]:
        return {"SensorTimestamp": int(self._camera.sensor_s * 1e9), "Lux": self._camera.pi.lux}

    def release(self) -> None:
        self._camera.released += 1


class FakeCamera:
    def __init__(self, pi: Pi, number: int) -> None:
        if pi.fails_at == "init":
            raise IndexError("list index out of range")  # what Picamera2 raises without a camera
        pi.camera = self
        self.pi = pi
        self.configuration: dict[str, Any] = {}
        self.controls: dict[str, Any] = {}
        self.log: list[str] = []
        self.sensor_s = 0.0
        self.requested = self.released = 0
        self._started = False

    @property
    def camera_controls(self) -> dict[str, tuple[Any, Any, Any]]:
        motor = ("AfMode", "LensPosition") if self.pi.has_motor else ()
        return dict.fromkeys((*CONTROLS, *motor), (0, 1, 0))

    def create_still_configuration(self, main: dict[str, Any], buffer_count: int = 1) -> dict[str, Any]:
        return {"use_case": "still", "main": main, "buffer_count": buffer_count}

    def create_video_configuration(self, main: dict[str, Any], buffer_count: int = 6) -> dict[str, Any]:
        return {"use_case": "video", "main": main, "buffer_count": buffer_count}

    def configure(self, configuration: dict[str, Any]) -> None:
        if self._started:
            raise RuntimeError("Camera must be stopped before configuring")
        if self.pi.fails_at == "configure":
            raise RuntimeError("Configuration failed")
        assert configuration["main"]["format"] == "YUV420"
        self.configuration = configuration
        self.log.append(f"configure {configuration['use_case']}")

    def stream_configuration(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.configuration[name]
        return found

    def set_controls(self, controls: dict[str, Any]) -> None:
        unknown = controls.keys() - self.camera_controls.keys()
        if unknown:
            raise RuntimeError(f"Control {unknown} is not advertised by libcamera")
        self.controls.update(controls)

    def start(self) -> None:
        self.log.append("start")
        self._started = True

    def stop(self) -> None:
        self.log.append("stop")
        self._started = False

    def close(self) -> None:
        self.log.append("close")

    def capture_request(self) -> FakeRequest:
        if self.pi.fails_at == "capture":
            raise RuntimeError("Camera has stopped")
        self.requested += 1
        self.sensor_s = time.clock_gettime(time.CLOCK_BOOTTIME) - 0.02
        return FakeRequest(self)
