"""Signed requests that are no pictures, and what every answer tells: the server's time, and whether a key holds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx

from camera_node.node_clock import LATEST_S
from camera_node.signing import sign_headers

SKEW_MAX_S = 240.0
"""The server takes a signature for 300 s; a clock further off than this is set by what the server says beside a 401."""


class KeyHolder(Protocol):
    """See `camera_node.keys.Keys`."""

    def current(self) -> str:
        """Return the key to sign the next request with."""

    def answered(self, key: str, status: int) -> bool:
        """Hear how a request was answered; True when it is worth signing it again."""


class Clock(Protocol):
    """See `camera_node.node_clock.NodeClock`."""

    def now(self) -> float:
        """Seconds since 1970 by the server's clock, as far as it is known."""

    def asked(self) -> float:
        """Call it just before asking."""

    def told(self, server_s: float, asked_monotonic_s: float, resolution_s: float = 0.0) -> None:
        """The server said its time."""


@dataclass(frozen=True, slots=True)
class OneKey:
    """A key that never changes."""

    key: str

    def current(self) -> str:
        """See `KeyHolder`."""
        return self.key

    def answered(self, key: str, status: int) -> bool:  # noqa: ARG002
        """See `KeyHolder`."""
        return False


class MachineClock:
    """This machine's clock, whatever the server says."""

    def now(self) -> float:
        """See `Clock`."""
        return time.time()

    def asked(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def told(self, server_s: float, asked_monotonic_s: float, resolution_s: float = 0.0) -> None:
        """See `Clock`."""


class ServerLine:
    """The way to one camera's paths at the server; safe to share between threads, as httpx.Client is."""

    def __init__(self, client: httpx.Client, server: str, camera: str, keys: KeyHolder, clock: Clock) -> None:
        self._client = client
        self._server = server.rstrip("/")
        self._base = f"/api/v1/cameras/{camera}/"
        self._keys = keys
        self.clock = clock

    def get(self, path: str) -> httpx.Response:
        """Ask for ``path`` below the camera's. Raises httpx.HTTPError, also for an answer that is a refusal."""
        return self._ask("GET", path, b"", {})

    def post(self, path: str, body: bytes, media_type: str = "application/json") -> httpx.Response:
        """Send ``body``. Raises httpx.HTTPError, also for an answer that is a refusal."""
        return self._ask("POST", path, body, {"Content-Type": media_type})

    @contextmanager
    def stream(self, path: str, read_timeout_s: float) -> Iterator[tuple[httpx.Response, str]]:
        """Open a stream of events; gives the answer and the key that it was asked with. Raises httpx.HTTPError."""
        key, asked, signed_s = self._keys.current(), self.clock.asked(), self.clock.now()
        headers = self._signed(key, "GET", path, b"") | {"Accept": "text/event-stream"}
        timeout = httpx.Timeout(10.0, read=read_timeout_s)
        with self._client.stream("GET", self._server + self._base + path, headers=headers, timeout=timeout) as answer:
            self._hear(answer, asked, signed_s)
            self._keys.answered(key, answer.status_code)
            if not answer.is_success:
                answer.read()
            answer.raise_for_status()
            yield answer, key

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        again = True
        while True:
            key, asked, signed_s = self._keys.current(), self.clock.asked(), self.clock.now()
            answer = self._client.request(
                method,
                self._server + self._base + path,
                content=body,
                headers=self._signed(key, method, path, body) | headers,
            )
            set_right = self._hear(answer, asked, signed_s)
            other_key = self._keys.answered(key, answer.status_code)
            if again and (other_key or set_right):
                again = False
                continue
            answer.raise_for_status()
            return answer

    def _hear(self, answer: httpx.Response, asked: float, signed_s: float) -> bool:
        """Learn the server's time; True when a refusal was the fault of the clock it was signed by."""
        told, resolution_s = read_server_time(answer)
        if told is None:
            return False
        if answer.status_code == 401 and abs(told - signed_s) > SKEW_MAX_S:
            self.clock.told(told, asked, resolution_s)
            return True
        if answer.is_success and resolution_s <= 1.0:
            self.clock.told(told, asked, resolution_s)
        return False

    def _signed(self, key: str, method: str, path: str, body: bytes) -> dict[str, str]:
        now = self.clock.now()
        return sign_headers(
            key,
            self._base + path,
            signed_at_s=int(now),
            sequence=0,
            captured_at=datetime.fromtimestamp(now, UTC),
            body=body,
            method=method,
        )


def read_server_time(answer: httpx.Response) -> tuple[float | None, float]:
    """Return the server's time in an answer and how coarse it is, in seconds; None where it does not say."""
    said = answer.headers.get("Parkhub-Time", "")
    told_s = read_seconds(said)
    if told_s is not None:
        return told_s, 0.001 if "." in said else 1.0
    try:
        # Servers renew it once a second, so that it may be two seconds old.
        return parsedate_to_datetime(answer.headers.get("Date", "")).timestamp(), 2.1
    except (ValueError, TypeError):
        return None, 0.0


def read_seconds(said: str) -> float | None:
    """Read seconds since 1970; None for what is no time that a server could tell, such as a NaN."""
    try:
        found = float(said)
    except ValueError:
        return None
    return found if 0 < found < LATEST_S else None


def read_answer(answer: httpx.Response) -> dict[str, Any]:
    """Return the object in an answer; an empty one for anything else."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def refusal(answer: httpx.Response) -> str:
    """Return what the server says in a refusal, in a sentence."""
    body = read_answer(answer)
    detail = str(body.get("detail") or body.get("title") or answer.reason_phrase)[:300]
    return f"the server answered {answer.status_code}: {detail.rstrip('.')}"
