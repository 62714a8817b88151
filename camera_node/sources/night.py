"""Whether it is night, by what a camera says of the light."""

DARK_LUX = 8.0
LIGHT_LUX = 25.0
ROW = 5
"""So many pictures in a row must say so: headlights are no morning."""


class NightWatch:
    """Turns to night and back with some inertia."""

    def __init__(self) -> None:
        self.dark = False
        self._row = 0

    def saw(self, lux: float | None) -> bool:
        """Take a picture's light, None where the camera cannot tell; return whether it has just turned."""
        other = lux is not None and (lux > LIGHT_LUX if self.dark else lux < DARK_LUX)
        self._row = self._row + 1 if other else 0
        if self._row < ROW:
            return False
        self.dark, self._row = not self.dark, 0
        return True
