"""A server that answers a node as the test says, and remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """``answers``: (status, JSON) by the first word of the path below the camera's or the API's; then 200 and {}.

    ``date`` and ``headers`` go with every answer. ``requests``: method, path, key and body.
    """

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    requests: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    date: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def said(self, path: str) -> list[Any]:
        """The JSON that came to a path."""
        return [json.loads(body) for _, asked, _, body in self.requests if asked.endswith(path)]


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on a free port, by TLS where there is a context; gone afterwards."""
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.requests.append((self.command, self.path, self.headers.get("Parkhub-Key", ""), body))
            name = self.path.removeprefix("/api/v1/").removeprefix("cameras/north/").split("/")[0]
            waiting = made.answers.get(name, [])
            status, said = waiting.pop(0) if waiting else (200, {})
            data = json.dumps(said).encode()
            self.send_response_only(status)
            for header, value in (({"Date": made.date} if made.date else {}) | made.headers).items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    Handler.do_GET = Handler.do_POST = Handler.answer  # type: ignore[attr-defined]

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up, as one does that does not trust a certificate."""

    with Quiet(("127.0.0.1", 0), Handler) as http:
        if context is not None:
            http.socket = context.wrap_socket(http.socket, server_side=True)
        made.url = f"http{'s' if context else ''}://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            http.shutdown()
            thread.join()
