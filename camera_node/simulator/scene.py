"""The simulated camera as one thing: traffic, the hour's light, and the picture of both."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.light import Light, clouds_at, is_night, light_at
from camera_node.simulator.render import Renderer
from camera_node.simulator.traffic import World

JPEG_QUALITY = 85
LIGHT_HOLDS_H = 0.1
"""The sun stands still for so many hours: re-lighting everything for every picture would be seen by nobody."""


class Scene:
    """A car park under its camera; the same for the same seed and steps. Not for sharing between threads."""

    def __init__(self, seed: int = 1, *, day_s: float = 1200.0, start_hour: float = 9.5) -> None:
        """``day_s`` simulated seconds are a whole day; the first picture is taken at ``start_hour``."""
        self.world = World(seed)
        self._seed = seed
        self._day_s = day_s
        self._start_hour = start_hour
        self._renderer = Renderer(seed)
        self._light: Light | None = None
        self._light_key = (-2, -2)

    @property
    def hour(self) -> float:
        """The hour of the simulated day, 0..24."""
        return (self._start_hour + self.world.now_s / self._day_s * 24) % 24

    def step(self, dt_s: float) -> None:
        """Move on by ``dt_s`` seconds."""
        self.world.step(dt_s)

    def light(self) -> Light:
        """Return the light of the moment, held still for a short while."""
        clouds = clouds_at(self.world.now_s, self._seed)
        key = (-1, 0) if is_night(self.hour) else (int(self.hour / LIGHT_HOLDS_H), round(clouds * 12))
        if self._light is None or key != self._light_key:
            self._light, self._light_key = light_at(key[0] * LIGHT_HOLDS_H, key[1] / 12), key
        return self._light

    def render(self) -> NDArray[np.uint8]:
        """Return the picture (720 x 1280 x 3, BGR)."""
        return self._renderer.render(self.world.seen(), self.light())

    def jpeg(self) -> bytes:
        """Return the picture as the camera sends it."""
        _, data = cv2.imencode(".jpg", self.render(), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return bytes(data.tobytes())
