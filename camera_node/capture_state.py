"""What a node says about its taking of pictures, and what becomes of an order to it."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from camera_node.configuration import Configuration
from camera_node.picture import Picture
from camera_node.settings import SourceSettings

ACTIONS = ("snapshot", "focus")


@dataclass(frozen=True, slots=True)
class Setup:
    """What the process is started with; ``silence_s`` is after how long of standing still it is killed."""

    source: SourceSettings
    configuration: Configuration
    silence_s: float
    state_folder: Path | None


@dataclass(frozen=True, slots=True)
class Sharpness:
    """How sharp the picture's centre was ``t_s`` seconds after the order: 0 and up, only good for comparing."""

    t_s: float
    value: float


@dataclass(frozen=True, slots=True)
class CaptureState:
    """How it goes; ``trouble`` is empty while all is well, ``last_error`` stays until a picture comes.

    Nothing in it names a password.

    ``late`` frames were skipped because newer ones were there, ``dropped`` pictures because nobody took them in time.
    ``quality`` (JPEG) and ``width`` (pixels at most) are what overviews are made with now.
    """

    source: str = ""
    running: bool = False
    ended: bool = False
    pid: int | None = None
    mode: str = ""
    rate_per_s: float = 0.0
    pictures: int = 0
    last_picture_at: datetime | None = None
    dropped: int = 0
    late: int = 0
    connections: int = 0
    restarts: int = 0
    trouble: str = ""
    last_error: str = ""
    quality: int = 0
    width: int = 0


@dataclass(slots=True)
class Order:
    """An order under way: wait for it, then read ``picture`` (snapshot) or ``marks`` (focus), or ``problem``."""

    action: str
    number: int
    picture: Picture | None = None
    marks: list[Sharpness] = field(default_factory=list)
    problem: str = ""
    _done: threading.Event = field(default_factory=threading.Event, repr=False)

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is done or has failed; False when that takes longer."""
        return self._done.wait(timeout_s)

    def end(self, problem: str = "") -> None:
        """Say that nothing more comes."""
        self.problem = problem
        self._done.set()


class OrderBook:
    """Orders under way, by number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[int, Order] = {}
        self._number = 0

    def begin(self, action: str) -> Order:
        """Return a new order under a number of its own. Raises ValueError for what is none."""
        if action not in ACTIONS:
            raise ValueError(f"{action!r} must be one of {', '.join(ACTIONS)}")
        with self._lock:
            self._number += 1
            order = self._orders[self._number] = Order(action, self._number)
            return order

    def mark(self, number: int, mark: Sharpness) -> None:
        """Add what was seen to an order for focus."""
        with self._lock:
            order = self._orders.get(number)
        if order is not None:
            order.marks.append(mark)

    def end(self, number: int, problem: str = "", picture: Picture | None = None) -> None:
        """Say that nothing more comes; one that has ended stays as it is."""
        with self._lock:
            order = self._orders.pop(number, None)
        if order is not None:
            order.picture = picture
            order.end(problem)

    def end_all(self, problem: str) -> None:
        """End every order in the same way."""
        with self._lock:
            numbers = list(self._orders)
        for number in numbers:
            self.end(number, problem)
