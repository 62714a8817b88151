"""The light of an hour: sun, sky, lamps, and how the camera exposes for them.

Light is in display-linear units: 1 on a white surface is the brightest the camera shows. Colours are BGR.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Light:
    """``sun`` points to the sun; ``sun_colour`` falls on a face towards it, ``sky_colour`` on one that looks up,
    ``lamps`` is how far the street lamps are on (0..1) and ``lamp_colour`` their light; ``noise`` is the sensor's
    (standard deviation in grey levels).
    """

    hour: float
    sun: Vector
    sun_colour: Vector
    sky_colour: Vector
    horizon_colour: Vector
    lamps: float
    lamp_colour: Vector
    noise: float
    blur_px: float

    @property
    def tangent(self) -> float:
        """The tangent of the sun's height, never below 0.1 so that shadows end somewhere."""
        return max(0.1, float(self.sun[2] / max(1e-6, np.hypot(self.sun[0], self.sun[1]))))


def light_at(hour: float, clouds: float) -> Light:
    """Return the light at ``hour`` (0..24) under ``clouds`` (0 clear, 1 overcast) on a spring day, sun up 6 to 20."""
    climb = float(np.sin(np.pi * (hour - 6) / 14))
    height = np.deg2rad(max(57 * climb, -18) if 0 <= hour - 4 <= 18 else -18)
    turn = np.deg2rad(82 - (hour - 6) / 14 * 164)  # east at sunrise, south (towards the camera) at one, west at dusk
    flat = max(0.0, float(np.cos(height)))
    sun = np.array([np.sin(turn) * flat, -np.cos(turn) * flat, max(0.05, float(np.sin(height)))])
    sun /= np.linalg.norm(sun)
    degrees = float(np.rad2deg(height))
    up = float(np.clip((degrees - 0.5) / 9, 0, 1))
    day = float(np.clip((degrees + 7) / 14, 0, 1))
    warm = float(np.clip((24 - degrees) / 24, 0, 1)) * day
    sun_strength = up * (1 - 0.93 * clouds) * (1.42 - 0.35 * warm)
    sun_colour = sun_strength * np.array([0.95 - 0.5 * warm, 1.0 - 0.2 * warm, 1.05 + 0.03 * warm])
    # The camera opens its iris for a dull sky, so overcast is not dark but flat.
    sky_strength = day * (0.3 + 0.8 * clouds + 0.2 * (1 - up))
    sky_colour = sky_strength * np.array([1.1 - 0.06 * clouds, 1.0, 0.93 + 0.06 * clouds])
    # Automatic exposure: a low sun or a dull sky is lifted, though not to the brightness of noon.
    level = sun_strength * float(sun[2]) + sky_strength
    gain = 1 + day * (min(1.75, max(0.85, 1.3 / max(level, 0.1))) - 1)
    sun_colour, sky_colour = gain * sun_colour, gain * sky_colour
    dusk = float(np.clip((degrees + 9) / 12, 0, 1)) * (1 - up)
    sky_colour = sky_colour + dusk * 0.05 * np.array([1.25, 1.0, 0.95]) + 0.022 * np.array([1.35, 1.0, 0.85])
    lamps = float(np.clip((4 - degrees) / 6, 0, 1))
    horizon = sky_colour * 1.9 + up * 0.5 * (1 - clouds)
    return Light(
        hour=hour,
        sun=sun,
        sun_colour=sun_colour,
        sky_colour=sky_colour,
        horizon_colour=horizon,
        lamps=lamps,
        lamp_colour=np.array([0.62, 0.86, 1.0]) * 1.25,
        noise=1.7 + 4.6 * (1 - day) + 0.8 * (1 - up) * day,
        blur_px=0.55 + 0.25 * (1 - day),
    )


def is_night(hour: float) -> bool:
    """Say whether nothing but lamps gives light, so that the hour no longer matters."""
    return not 4.2 <= hour <= 21.8


def clouds_at(now_s: float, seed: int) -> float:
    """Return how overcast it is: clear mostly, with clouds that come and go over minutes."""
    start = 0.37 * (seed % 7)  # every seed starts clear, and its first clouds come at another time
    wave = np.sin(now_s / 97 - 1.4 - start) + 0.6 * np.sin(now_s / 41 - start) + 0.5 * np.sin(now_s / 233 - 0.7)
    return float(max(0.0, min(1.0, float(wave - 0.25) / 1.2)) ** 0.8)
