"""The way of pictures to the server: one request, its answer read, believed only where it fits what was sent."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from camera_node.connection import explain
from camera_node.picture import RESULTS, Picture
from camera_node.server_line import Clock, KeyHolder, read_server_time
from camera_node.signing import frames_path, results_path, sign_headers

CHUNK_BYTES = 16_384
ANSWER_BYTES_MAX = 65_536
TIMEOUT = httpx.Timeout(60.0, connect=10.0, write=45.0)
"""An answer may take long over a slow line: what the system has buffered is still on its way."""

UNSENT_BYTES_MAX = 32_768
BROKEN_AFTER_MS = 12_000
SIGNED_AGAIN_MAX = 2
UNSURE = {"Parkhub-Clock": "unsure"}


class UnreachableError(Exception):
    """The server could not be reached, or what answered is not ParkHub; a sentence."""


class GivenWayError(Exception):
    """The picture was left in the middle, because something else is to go first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said of a picture; ``words`` is a sentence. ``took_s`` from the first byte to the answer."""

    status: int
    words: str
    frame: str
    took_s: float
    retry_after_s: float | None

    @property
    def accepted(self) -> bool:
        """Say whether the server has the picture."""
        return self.status in (200, 201)

    @property
    def repeat(self) -> bool:
        """Say whether the server had it before."""
        return self.status == 200


class PictureLine:
    """Sends pictures of one camera over one kept connection. For one thread; `abort` is for others."""

    def __init__(
        self,
        client: httpx.Client,
        server: str,
        camera: str,
        keys: KeyHolder,
        clock: Clock,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        """``server`` is the address people open. Redirects are not followed: the key is for this server only."""
        self._client = client
        self._server = server.rstrip("/")
        self._camera = camera
        self._keys = keys
        self._clock = clock
        self._timeout = timeout
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._aborted = False

    def send(
        self,
        picture: Picture,
        sequence: int,
        *,
        sure: bool = True,
        give_way: Callable[[int], bool] = lambda _: False,
    ) -> Answer:
        """Send a picture once. ``give_way`` is asked with the bytes that are left, and ends it by True.

        Raises UnreachableError or GivenWayError. Signed again at once where the key or the clock has been set right;
        but one that was not sure gives way then, because its time may be known now.
        """
        digest = hashlib.sha256(picture.data).hexdigest()
        path = self._path(picture)
        for again in range(SIGNED_AGAIN_MAX + 1):
            key, asked, began = self._keys.current(), self._clock.asked(), time.monotonic()
            headers = self._signed(key, picture, sequence) | ({} if sure else UNSURE)
            answer, body = self._request("POST", path, headers, lambda: _chunks(picture.data, give_way))
            known = answer.status_code in (200, 201)
            if known and body.get("sha256") != digest:
                raise UnreachableError(f"Something at {self._server} answers that is not ParkHub. Is a login needed?")
            set_right = (known or answer.status_code == 401) and self._hear_time(answer, asked)
            other_key = self._keys.answered(key, answer.status_code)
            if set_right and not known and not sure:
                raise GivenWayError
            if answer.status_code != 401 or not (set_right or other_key) or again == SIGNED_AGAIN_MAX:
                break
        return Answer(
            answer.status_code,
            _words(answer, body),
            str(body.get("id", "")),
            time.monotonic() - began,
            retry_after_s(answer.headers.get("Retry-After"), _now(answer)),
        )

    def ask_time(self) -> None:
        """Have the clock hear the server's time, without signing anything.

        Raises UnreachableError, also when the server may say it later.
        """
        for _ in range(2):  # the second time over a line that is open, so that less of the way is in it
            asked = self._clock.asked()
            answer, body = self._request("GET", "/health/live", {}, None)
        if answer.status_code == 200 and body:
            self._hear_time(answer, asked)
        elif answer.status_code == 429 or answer.status_code >= 500:
            raise UnreachableError(f"{_words(answer, body)}.")

    def abort(self) -> None:
        """End what is under way, from another thread, and let nothing begin any more."""
        with self._lock:
            self._aborted = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not SSLSocket's own: that one takes TLS away from under who reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _request(
        self, method: str, path: str, headers: dict[str, str], body: Callable[[], Iterator[bytes]] | None
    ) -> tuple[httpx.Response, dict[str, Any]]:
        if self._aborted:
            raise UnreachableError("The node is being stopped.")
        content = body() if body is not None else None
        try:
            with self._client.stream(
                method,
                self._server + path,
                content=content,
                headers=headers,
                timeout=self._timeout,
                follow_redirects=False,
                extensions={"trace": self._trace},
            ) as answer:
                return answer, _read(answer)
        except httpx.HTTPError as error:
            raise UnreachableError(explain(error, self._server)) from error

    def _path(self, picture: Picture) -> str:
        return (results_path if picture.media_type == RESULTS else frames_path)(self._camera)

    def _signed(self, key: str, picture: Picture, sequence: int) -> dict[str, str]:
        # Signed anew for every try: the server takes a signature for 300 s only.
        signed = sign_headers(
            key,
            self._path(picture),
            signed_at_s=int(self._clock.now()),
            sequence=sequence,
            captured_at=picture.captured_at,
            body=picture.data,
        )
        return signed | {"Content-Type": picture.media_type, "Content-Length": str(len(picture.data))}

    def _hear_time(self, answer: httpx.Response, asked: float) -> bool:
        """True when the clock is another one now, so that a signature may hold that did not."""
        told, resolution_s = read_server_time(answer)
        if told is None:
            return False
        before, asked_again = self._clock.now(), self._clock.asked()
        self._clock.told(told, asked, resolution_s)
        return abs(self._clock.now() - before - (self._clock.asked() - asked_again)) > 60

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        found = info["return_value"].get_extra_info("socket")
        if not isinstance(found, socket.socket):
            return
        with suppress(OSError, AttributeError):
            # Little waits in the system, so that a picture that gives way gives it at once.
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
            # After a break in the line a new connection is sooner there than the next try of an old one.
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, BROKEN_AFTER_MS)
        with self._lock:
            self._socket = found
            if self._aborted:
                with suppress(OSError):
                    socket.socket.shutdown(found, socket.SHUT_RDWR)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, in seconds or as a date; None when it is missing or makes no sense."""
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _chunks(data: bytes, give_way: Callable[[int], bool]) -> Iterator[bytes]:
    for at in range(0, len(data), CHUNK_BYTES):
        if give_way(len(data) - at):
            raise GivenWayError
        yield data[at : at + CHUNK_BYTES]


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The object in an answer that is not too long; an empty one for anything else."""
    data = bytearray()
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > ANSWER_BYTES_MAX:
            return {}
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _words(answer: httpx.Response, body: dict[str, Any]) -> str:
    detail = str(body.get("detail") or body.get("title") or answer.reason_phrase)[:300]
    return f"the server answered {answer.status_code}: {detail.rstrip('.')}"


def _now(answer: httpx.Response) -> datetime:
    """The server's time as the answer says it, else this machine's."""
    told, _ = read_server_time(answer)
    return datetime.now(UTC) if told is None else datetime.fromtimestamp(told, UTC)
