"""One picture over TLS, with a certificate of one's own, and through a proxy."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from receivers import Receiver, receiving
from servers import missing

from camera_node.connection import open_client
from camera_node.picture import Picture
from camera_node.picture_line import Answer, PictureLine, UnreachableError
from camera_node.server_line import MachineClock, OneKey
from camera_node.settings import ConnectionSettings

PICTURE = Picture("a.jpg", b"\xff\xd8 picture \xff\xd9", "image/jpeg", datetime(2026, 11, 21, 10, tzinfo=UTC))


def send(url: str, connection: ConnectionSettings) -> Answer:
    with open_client(connection) as client:
        return PictureLine(client, url, "gate", OneKey("secret"), MachineClock()).send(PICTURE, 17)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`own.pem` with its key and name 127.0.0.1, signed by itself; good for a server and for a node."""
    openssl = shutil.which("openssl") or missing("openssl")
    folder = tmp_path_factory.mktemp("certificates")
    command = [str(openssl), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", "own.key", "-out", "own.pem"], check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture
def tls(certificates: Path) -> Iterator[tuple[Receiver, ssl.SSLContext]]:
    """A server over TLS, and how it may be made to want a certificate of whoever asks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "own.pem", certificates / "own.key")
    with receiving(context) as found:
        yield found, context


def test_a_server_that_nobody_vouches_for_gets_neither_picture_nor_key(
    tls: tuple[Receiver, ssl.SSLContext],
) -> None:
    with pytest.raises(UnreachableError, match="self-signed certificate"):
        send(tls[0].url, ConnectionSettings())
    assert tls[0].requests == []


def test_an_authority_of_one_s_own_is_trusted(tls: tuple[Receiver, ssl.SSLContext], certificates: Path) -> None:
    assert send(tls[0].url, ConnectionSettings(ca_file=certificates / "own.pem")).accepted


def test_a_server_that_wants_a_certificate_gets_it(tls: tuple[Receiver, ssl.SSLContext], certificates: Path) -> None:
    receiver, context = tls
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates / "own.pem")
    trusting = ConnectionSettings(ca_file=certificates / "own.pem")
    with pytest.raises(UnreachableError):
        send(receiver.url, trusting)
    own = ConnectionSettings(
        ca_file=certificates / "own.pem",
        client_certificate=certificates / "own.pem",
        client_key=certificates / "own.key",
    )
    assert send(receiver.url, own).accepted


@dataclass
class Proxy:
    """Hands on what it is asked for; remembers where to."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    found = Proxy()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {
                name: value for name, value in self.headers.items() if name.lower().startswith(("parkhub", "content"))
            }
            with httpx.Client(trust_env=False, verify=False) as client:
                answer = client.post(self.path, content=body, headers=headers)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def test_a_proxy_that_is_set_is_used(receiver: Receiver, proxy: Proxy) -> None:
    assert send(receiver.url, ConnectionSettings(proxy=proxy.url)).accepted
    assert proxy.asked == [f"{receiver.url}/api/v1/cameras/gate/frames"]


def test_the_machine_s_proxy_is_used(receiver: Receiver, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    assert send(receiver.url, ConnectionSettings()).accepted
    assert len(proxy.asked) == 1


def test_nobody_is_redirected_with_the_key(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.answers = [(307, {"Location": f"{elsewhere.url}/api/v1/cameras/gate/frames"})]
        assert send(receiver.url, ConnectionSettings()).status == 307
        assert elsewhere.requests == []
