"""Sends one picture in one request, and again for as long as it makes sense to.

A connection error, 408, 429 or 5xx is tried again with growing, random pauses (or after what Retry-After asks for);
every other 4xx is the server's last word. A repeat is answered 200 and counts as sent, so a lost answer does no harm.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from camera_node.picture import Picture
from camera_node.signing import frames_path, sign_headers

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0


class RefusedError(Exception):
    """The server answered that this picture will never be taken; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(Exception):
    """The server could not be reached, or was not able to answer, for as long as the uploader tries."""


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
        self._path = frames_path(camera)
        self._url = server.rstrip("/") + self._path
        self._key = key
        self._retry_for_s = retry_for_s
        self._tell = tell
        self._sleep = sleep
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=10.0), headers={"User-Agent": "parkhub-node/1"}
        )

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
                answer = self._post(picture, sequence)
            except httpx.TransportError as error:
                problem = f"{self._url} cannot be reached ({type(error).__name__}: {error})"
            else:
                if answer.status_code in (200, 201):
                    return _sent(answer, sequence, tries, started_s)
                problem = _problem(answer)
                if not _worth_another_try(answer.status_code):
                    raise RefusedError(problem, answer.status_code)
                asked_s = retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC))
            pause_s = asked_s if asked_s is not None else _pause_s(tries)
            if time.monotonic() - started_s + pause_s > self._retry_for_s:
                raise UnreachableError(f"{problem}; gave up after {tries} tries")
            self._tell(f"{problem}; trying again in {pause_s:.1f} s")
            self._sleep(pause_s)

    def _post(self, picture: Picture, sequence: int) -> httpx.Response:
        # Signed anew for every try: the server takes a signature for 300 s only.
        headers = sign_headers(
            self._key,
            self._path,
            signed_at_s=int(time.time()),
            sequence=sequence,
            captured_at=picture.captured_at,
            body=picture.data,
        )
        return self._client.post(
            self._url, content=picture.data, headers=headers | {"Content-Type": picture.media_type}
        )


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, in seconds or as a date; None when it is missing or makes no sense."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _worth_another_try(status: int) -> bool:
    return status in (408, 425, 429) or status >= 500


def _pause_s(tries: int) -> float:
    """Full jitter below a doubling limit: many nodes that lost one server do not all come back at once."""
    limit_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(tries - 1, 10))
    return limit_s * random.uniform(0.5, 1.0)  # noqa: S311


def _sent(answer: httpx.Response, sequence: int, tries: int, started_s: float) -> Sent:
    body = _json(answer)
    return Sent(
        frame=str(body.get("id", "")),
        sequence=sequence,
        repeat=answer.status_code == 200,
        tries=tries,
        took_ms=round((time.monotonic() - started_s) * 1000),
    )


def _problem(answer: httpx.Response) -> str:
    body = _json(answer)
    detail = body.get("detail") or body.get("title") or answer.reason_phrase
    return f"the server answered {answer.status_code}: {str(detail).rstrip('.')}"


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
