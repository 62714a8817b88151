"""How long to leave a server alone that does not take pictures now."""

import random
from collections.abc import Callable

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0
ASKED_MAX_S = 3600.0
PERSON_FIRST_S = 60.0
PERSON_MAX_S = 900.0
URGENT_PAUSE_S = 2.0
"""A car at the gate is worth a try this soon after one that failed, unless the server asked for more."""


class Backoff:
    """Full jitter below a doubling limit (Brooker 2015), so that nodes that lost one server do not come back at once.

    Times are seconds of any clock that only goes forward.
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        """``chance`` gives numbers from 0 to 1."""
        self._chance = chance
        self._failed_at = 0.0
        self._until = 0.0
        self._held_until = 0.0
        self._tries = 0

    def good(self) -> None:
        """The server took a picture."""
        self._tries = 0
        self._until = self._held_until = 0.0

    def failed(self, now_s: float, asked_s: float | None = None) -> float:
        """It did not, and asked for ``asked_s`` if at all; returns the pause."""
        self._tries += 1
        self._failed_at = now_s
        if asked_s is None:
            limit_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(self._tries - 1, 20))
            self._until = now_s + max(0.05, limit_s * self._chance())
            return self._until - now_s
        asked_s = min(asked_s, ASKED_MAX_S)
        self._held_until = now_s + asked_s + self._chance() * min(5.0, 0.5 + asked_s / 10)
        return self._held_until - now_s

    def wants_person(self, now_s: float, asked_s: float | None = None) -> float:
        """Nothing will change until somebody looks; returns the pause, which is long."""
        self._tries += 1
        limit_s = min(PERSON_MAX_S, PERSON_FIRST_S * 2.0 ** min(self._tries - 1, 10))
        pause_s = max(limit_s * (0.75 + self._chance() / 2), min(asked_s or 0.0, ASKED_MAX_S))
        self._held_until = now_s + pause_s
        return pause_s

    def left_s(self, now_s: float, *, urgent: bool) -> float:
        """Return how long to wait still; 0 or less: no longer."""
        until = min(self._until, self._failed_at + URGENT_PAUSE_S) if urgent else self._until
        return max(until, self._held_until) - now_s


class Pace:
    """Lets through so many pictures and bits a second in the mean. What may not wait goes at once and is owed."""

    OWED_MAX_S = 60.0

    def __init__(self) -> None:
        self._free_at = 0.0

    def left_s(self, now_s: float) -> float:
        """Return how long to wait still; 0 or less: no longer."""
        return self._free_at - now_s

    def sent(self, now_s: float, byte_count: int, pictures_per_s: float, kbit_per_s: float | None) -> None:
        """A picture began at ``now_s``."""
        gap_s = 1.0 / pictures_per_s
        if kbit_per_s is not None:
            gap_s = max(gap_s, byte_count * 8 / (kbit_per_s * 1000))
        self._free_at = min(max(self._free_at, now_s) + gap_s, now_s + max(gap_s, self.OWED_MAX_S))
