"""The simulated car park as a camera."""

from camera_node.picture import monotonic_s
from camera_node.sources.frame import Frame, now
from camera_node.sources.pace import Pace
from camera_node.sources.source import Wanted

READ_S = 0.5
STEP_MAX_S = 2.0


class SimulatedSource:
    """Draws a picture whenever one is due; traffic moves on by the time that has passed."""

    each = False
    patient = False

    def __init__(self, seed: int = 1) -> None:
        self.name = "simulator"
        self.late = 0
        self._seed = seed
        self._pace = Pace()
        self._drawn_s: float | None = None

    def open(self) -> None:
        """See `Source`."""
        import cv2

        from camera_node.simulator.scene import Scene

        cv2.setNumThreads(1)  # a camera is a guest on its machine
        self._scene = Scene(seed=self._seed)
        self._drawn_s = None

    def read(self) -> Frame | None:
        """See `Source`."""
        self._pace.sleep(monotonic_s(), READ_S)
        captured_at, at_s = now()
        if not self._pace.due(at_s):
            return None
        passed_s = 0.0 if self._drawn_s is None else at_s - self._drawn_s
        while passed_s > 0:  # the drivers think in short steps
            self._scene.step(min(passed_s, STEP_MAX_S))
            passed_s -= STEP_MAX_S
        self._drawn_s = at_s
        self._pace.took(at_s)
        return Frame(self.name, captured_at, at_s, at_s, bgr=self._scene.render())

    def configure(self, wanted: Wanted) -> None:
        """See `Source`."""
        self._pace.gap_s = max(wanted.gap_s, 0.05)

    def hurry(self) -> None:
        """See `Source`."""
        self._pace.hurry()

    def close(self) -> None:
        """See `Source`."""
