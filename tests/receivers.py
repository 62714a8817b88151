"""A small HTTP server that answers uploads as a script says and remembers what came."""

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """``answers``: (status, headers) for the next requests, then 201; status 0 hangs up without a word.

    ``broken`` are sequences that are always answered 500. ``live`` is the status of every GET. Answers say what time
    it is, unless ``dated`` is False: for tests that let time pass by themselves. ``words`` are those of refusals.
    """

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    dated: bool = True
    live: int = 200
    broken: set[str] = field(default_factory=set)
    words: str = ""

    def sequences(self) -> list[str]:
        """The sequence of each request, in the order they came."""
        return [headers["parkhub-sequence"] for _, headers, _ in self.requests]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A server on a free port, gone afterwards."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, body))
            status, extra = receiver.answers.pop(0) if receiver.answers else (201, {})
            if headers.get("parkhub-sequence") in receiver.broken:
                status = 500
            if status == 0:
                self.close_connection = True
                return
            known = status in (200, 201)
            stored = {
                "id": len(receiver.requests),
                "sequence": int(headers.get("parkhub-sequence", 0)),
                "sha256": hashlib.sha256(body).hexdigest(),
                "status": "stored",
            }
            detail = stored if known else {"detail": receiver.words or f"No, {status}."}
            data = json.dumps(detail).encode()
            self.answer(status, extra, data)

        def do_GET(self) -> None:
            self.answer(receiver.live, {}, b'{"status":"live"}')

        def answer(self, status: int, extra: dict[str, str], data: bytes) -> None:
            self.send_response_only(status)
            if receiver.dated:
                self.send_header("Date", self.date_time_string())
            for name, value in (extra | {"Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
