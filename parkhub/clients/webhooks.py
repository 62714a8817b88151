"""Webhooks that we send: to whom is checked before and while it is connected, and where they lead further is not gone.

Nobody who may set an address shall reach what only this machine can: private networks are refused unless a setting
names them, and the connection goes to the very address that was checked, so that a name cannot turn into another.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

from parkhub.domain.hosts import is_loopback
from parkhub.errors import BusyError, InvalidInputError, UnansweredError

ANSWER_BYTES_MAX: Final = 4096
URL_LENGTH_MAX: Final = 500

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out; Python calls global what nobody has forbidden."""
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last 32 bits."""


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What came back: at most `ANSWER_BYTES_MAX` of it."""

    status: int
    body: bytes


class WebhookSender(Protocol):
    """Sends one signed message."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> WebhookAnswer:
        """Send once and wait for the answer, whatever its status.

        Raises InvalidInputError for where nothing is sent, BusyError when it surely did not arrive, UnansweredError
        when it may have.
        """

    async def close(self) -> None:
        """Give connections back."""


def check_url(url: str) -> None:
    """Raise InvalidInputError unless it is https, or http on this very machine, without a user or a fragment."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInputError("Give an address such as https://gate.example.org/open.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InvalidInputError("Leave user, password and # out of the address: what is sent is signed.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InvalidInputError("Give an https:// address; http:// does for this very machine only.")


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether anything may be sent to a network address: a public one, or one of the ``networks``."""
    found = _meant(ipaddress.ip_address(address.partition("%")[0]))
    if any(found in network for network in networks if network.version == found.version):
        return True
    if isinstance(found, ipaddress.IPv6Address) and found not in _UNICAST:
        return False
    return found.is_global and not found.is_multicast


class HttpWebhooks:
    """The real one."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = networks
        self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False, headers={"user-agent": "parkhub/1"})

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> WebhookAnswer:
        """See `WebhookSender`."""
        check_url(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            async with asyncio.timeout(timeout_s):
                address = await self._resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
                target = httpx.URL(url).copy_with(host=address)
                return await self._send(target, body, {**headers, "host": parts.netloc}, host, timeout_s)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise BusyError(f"{host} cannot be reached.") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise UnansweredError(f"{host} did not answer.") from error

    async def _send(
        self, target: httpx.URL, body: bytes, headers: Mapping[str, str], host: str, timeout_s: float
    ) -> WebhookAnswer:
        request = self._client.build_request(
            "POST",
            target,
            content=body,
            headers={"content-type": "application/json", **headers},
            timeout=timeout_s,
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            read = b""
            async for chunk in answer.aiter_raw(ANSWER_BYTES_MAX):
                read += chunk
                if len(read) >= ANSWER_BYTES_MAX:
                    break
            return WebhookAnswer(answer.status_code, read[:ANSWER_BYTES_MAX])
        finally:
            await answer.aclose()

    async def _resolve(self, host: str, port: int) -> str:
        """An address of the host to connect to. Every one it has must be allowed: who has one inside is not trusted."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise BusyError(f"{host} has no address just now.") from error
        addresses = [str(each[4][0]) for each in found]
        if not addresses or not all(is_allowed(address, self._networks) for address in addresses):
            raise InvalidInputError(
                f"{host} is in a private network. Name it in PARKHUB_BARRIER_NETWORKS if barriers are there."
            )
        return addresses[0]

    async def close(self) -> None:
        """See `WebhookSender`."""
        await self._client.aclose()


class MemoryWebhooks:
    """A stand-in: ``sent`` keeps what was posted, ``answers`` are given in turn, and the last one from then on."""

    def __init__(self, *answers: WebhookAnswer | Exception) -> None:
        self.answers = list(answers) or [WebhookAnswer(200, b'{"outcome": "acknowledged"}')]
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> WebhookAnswer:  # noqa: ARG002
        """See `WebhookSender`."""
        self.sent.append((url, body, dict(headers)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """See `WebhookSender`."""


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, by translation or a tunnel; else itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
