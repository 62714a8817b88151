"""Webhooks through real sockets: where they go, where never, and what is known when no answer comes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest
from processes import free_port

from parkhub.clients.webhooks import ANSWER_BYTES_MAX, HttpWebhooks, check_url, is_allowed
from parkhub.errors import BusyError, InvalidInputError, UnansweredError

HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """A server that answers so; status 0 hangs up. Yields its port and what came."""
    came: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((self.headers["host"], self.rfile.read(int(self.headers["content-length"]))))
            if status == 0:
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
async def webhooks():
    """May send to this machine."""
    found = HttpWebhooks(HERE)
    yield found
    await found.close()


async def test_a_message_arrives_under_its_name_and_the_answer_comes_back(webhooks: HttpWebhooks) -> None:
    with answering(200, b'{"outcome": "acknowledged"}') as (port, came):
        answer = await webhooks.post(f"http://localhost:{port}/open", b"{}", {"parkhub-id": "a"}, 5)
    assert (answer.status, answer.body) == (200, b'{"outcome": "acknowledged"}')
    assert came == [(f"localhost:{port}", b"{}")]


async def test_a_redirect_is_an_answer_and_not_followed(webhooks: HttpWebhooks) -> None:
    with answering(307, b"", location="http://127.0.0.1:9/elsewhere") as (port, came):
        answer = await webhooks.post(f"http://127.0.0.1:{port}/open", b"{}", {}, 5)
    assert (answer.status, len(came)) == (307, 1)


async def test_of_a_long_answer_the_beginning_is_read(webhooks: HttpWebhooks) -> None:
    with answering(200, b"x" * 100_000) as (port, _):
        answer = await webhooks.post(f"http://127.0.0.1:{port}/open", b"{}", {}, 5)
    assert len(answer.body) == ANSWER_BYTES_MAX


async def test_whether_it_may_have_arrived_is_told_apart(webhooks: HttpWebhooks) -> None:
    with pytest.raises(BusyError, match="cannot be reached"):
        await webhooks.post(f"http://127.0.0.1:{free_port()}/open", b"{}", {}, 5)
    with answering(0) as (port, came), pytest.raises(UnansweredError):
        await webhooks.post(f"http://127.0.0.1:{port}/open", b"{}", {}, 5)
    assert len(came) == 1


async def test_nothing_is_sent_into_private_networks_that_no_setting_names() -> None:
    stranger = HttpWebhooks()
    with answering(200) as (port, came):
        for host in ("127.0.0.1", "localhost", "[::1]"):
            with pytest.raises(InvalidInputError, match="private network"):
                await stranger.post(f"http://{host}:{port}/open", b"{}", {}, 5)
    assert came == []
    await stranger.close()


ADDRESSES = {
    "1.1.1.1": True,
    "2606:4700::1111": True,
    "10.0.0.1": False,
    "192.168.7.5": True,
    "192.168.8.5": False,
    "169.254.169.254": False,
    "100.64.0.1": False,
    "0.0.0.0": False,
    "224.0.0.1": False,
    "::ffff:10.0.0.1": False,
    "fe80::1%eth0": False,
    "fd00::1": False,
    "64:ff9b::7f00:1": False,
    "64:ff9b::808:808": True,
    "64:ff9b:1::a00:1": False,
    "2002:7f00:1::1": False,
    "::10.0.0.1": False,
    "fec0::1": False,
}


@pytest.mark.parametrize(("address", "allowed"), ADDRESSES.items(), ids=ADDRESSES)
def test_only_public_addresses_and_named_networks_are_reached(address: str, allowed: bool) -> None:
    assert is_allowed(address, [ip_network("192.168.7.0/24")]) is allowed


REFUSED = ["http://gate.example.org", "ftp://gate", "https://a@gate.example.org", "https://", "https://x y", "gate", ""]


@pytest.mark.parametrize("url", [*REFUSED, "https://[::1", "https://gate.example.org/#a"])
def test_other_addresses_are_not_taken(url: str) -> None:
    with pytest.raises(InvalidInputError):
        check_url(url)


@pytest.mark.parametrize("url", ["https://gate.example.org/open", "http://127.0.0.1:8080", "http://localhost/a"])
def test_these_are(url: str) -> None:
    check_url(url)
