"""Cameras that answer a request with one JPEG."""

import logging
import ssl
from typing import Any

import httpx

from camera_node.picture import is_whole, monotonic_s
from camera_node.sources.address import masked, split_login
from camera_node.sources.frame import Frame, now
from camera_node.sources.pace import Pace
from camera_node.sources.source import SourceError, Wanted

READ_S = 0.5
BYTES_MAX = 32 * 1024 * 1024
ENDINGS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


class SnapshotSource:
    """Asks whenever a frame is due. The address may hold a log-in; the camera says whether it wants basic or digest."""

    each = False
    patient = False

    def __init__(self, address: str, *, timeout_s: float = 10.0) -> None:
        self.name = masked(address)
        self.late = 0
        self._address, user, password = split_login(address)
        self._login = (user, password) if user or password else None
        self._auth: httpx.Auth | None = None
        self._timeout_s = timeout_s
        self._client: httpx.Client | None = None
        self._pace = Pace()
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes whole addresses

    def open(self) -> None:
        """See `Source`."""
        self._client = httpx.Client(timeout=self._timeout_s, follow_redirects=True, trust_env=False)

    def read(self) -> Frame | None:
        """See `Source`."""
        self._pace.sleep(monotonic_s(), READ_S)
        asked_at, asked_s = now()
        if not self._pace.due(asked_s):
            return None
        data = self._ask()
        self._pace.took(asked_s)
        # Taken between asking and the first byte: the asking is the safe side.
        return Frame(self.name, asked_at, asked_s, asked_s, file=data, media_type=_media_type(data))

    def _ask(self) -> bytes:
        if self._client is None:
            raise SourceError(f"{self.name} is not open.")
        try:
            status, data, challenge = self._get(self._client)
            if status == 401 and self._login is not None:
                self._auth = _auth_for(challenge, *self._login)
                status, data, _ = self._get(self._client)
        except httpx.HTTPError as error:
            raise SourceError(f"{self.name} gives no picture: {_explain(error)}") from None
        if status in (401, 403):
            raise SourceError(f"{self.name} wants another user name and password (answer {status}).")
        if status != 200:
            raise SourceError(f"{self.name} gives no picture: it answered {status}. Check the path of the address.")
        if not any(data.startswith(start) for start in ENDINGS):
            raise SourceError(f"{self.name} answers, but not with a picture. A stream needs kind = mjpeg or rtsp.")
        if not is_whole(data):
            raise SourceError(f"{self.name} sent a picture that breaks off.")
        return data

    def _get(self, client: httpx.Client) -> tuple[int, bytes, str]:
        sent: dict[str, Any] = {} if self._auth is None else {"auth": self._auth}
        with client.stream("GET", self._address, **sent) as answer:
            data = bytearray()
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > BYTES_MAX:
                    raise SourceError(f"{self.name} sends without an end. A stream needs kind = mjpeg.")
            return answer.status_code, bytes(data), answer.headers.get("WWW-Authenticate", "")

    def configure(self, wanted: Wanted) -> None:
        """See `Source`."""
        self._pace.gap_s = max(wanted.gap_s, 0.05)

    def hurry(self) -> None:
        """See `Source`."""
        self._pace.hurry()

    def close(self) -> None:
        """See `Source`."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _auth_for(challenge: str, user: str, password: str) -> httpx.Auth:
    if "digest" in challenge.lower():
        return httpx.DigestAuth(user, password)
    return httpx.BasicAuth(user, password)


def _media_type(data: bytes) -> str:
    return next(kind for start, kind in ENDINGS.items() if data.startswith(start))


def _explain(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer."
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "its certificate is not one that this machine trusts."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "nothing answers at that address; is the camera on, and the port right?"
    return "it broke the connection off."
