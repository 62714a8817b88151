"""Sends one picture in one request, and again for as long as it makes sense to.

A connection error, 408, 429 or 5xx is tried again with growing, random pauses (or after what Retry-After asks for);
every other 4xx is the server's last word. A repeat is answered 200 and counts as sent, so a lost answer does no harm.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from camera_node.connection import USER_AGENT
from camera_node.picture import Picture
from camera_node.picture_line import PictureLine, UnreachableError, retry_after_s
from camera_node.server_line import MachineClock, OneKey

__all__ = ["RefusedError", "Sent", "UnreachableError", "Uploader", "retry_after_s"]

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0


class RefusedError(Exception):
    """The server answered that this picture will never be taken; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a picture: the server's number for it, and whether it was there already."""

    frame: str
    sequence: int
    repeat: bool
    tries: int
    took_ms: int


class Uploader:
    """Uploads pictures of one camera over one kept connection. Not for sharing between threads."""

    def __init__(
        self,
        server: str,
        camera: str,
        key: str,
        *,
        retry_for_s: float = 300.0,
        timeout_s: float = 30.0,
        tell: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``server`` is the address people open; ``tell`` hears a sentence before every pause."""
        self._retry_for_s = retry_for_s
        self._tell = tell
        self._sleep = sleep
        self._client = httpx.Client(headers={"User-Agent": USER_AGENT})
        timeout = httpx.Timeout(timeout_s, connect=10.0)
        self._line = PictureLine(self._client, server, camera, OneKey(key), MachineClock(), timeout)

    def __enter__(self) -> "Uploader":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, picture: Picture, sequence: int) -> Sent:
        """Send ``picture`` under ``sequence``. Raises RefusedError or UnreachableError, each a sentence."""
        started_s = time.monotonic()
        tries = 0
        while True:
            tries += 1
            asked_s: float | None = None
            try:
                answer = self._line.send(picture, sequence)
            except UnreachableError as error:
                problem = str(error).rstrip(".")
            else:
                if answer.accepted:
                    took_ms = round((time.monotonic() - started_s) * 1000)
                    return Sent(answer.frame, sequence, answer.repeat, tries, took_ms)
                problem, asked_s = answer.words, answer.retry_after_s
                if not worth_another_try(answer.status):
                    raise RefusedError(problem, answer.status)
            pause_s = asked_s if asked_s is not None else _pause_s(tries)
            if time.monotonic() - started_s + pause_s > self._retry_for_s:
                raise UnreachableError(f"{problem}; gave up after {tries} tries")
            self._tell(f"{problem}; trying again in {pause_s:.1f} s")
            self._sleep(pause_s)


def worth_another_try(status: int) -> bool:
    """Say whether an answer may be another one later."""
    return status in (408, 425, 429) or status >= 500


def _pause_s(tries: int) -> float:
    """Jitter below a doubling limit: many nodes that lost one server do not all come back at once."""
    limit_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(tries - 1, 10))
    return limit_s * random.uniform(0.5, 1.0)  # noqa: S311
