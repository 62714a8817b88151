"""The tests' own instrument: a server that checks uploads as WIRE.md says and keeps their hashes, not the pictures.

    python tests/wire_servers.py PORT [ADDRESS]

serves by itself; `GET /report` says what came, `GET /clock/SECONDS` sets its clock, `GET /rest` and `GET /wake` have it
answer nothing in between but 503.
"""

import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

KEY = "a-key-of-a-camera"
MARK = b"\xff\xd8picture"


class Stored(NamedTuple):
    """One accepted picture. ``number`` is the one it was made with, ``at_s`` when it came."""

    number: int
    sha256: str
    captured_at: str
    unsure: bool
    at_s: float


@dataclass
class WireServer:
    """What came. ``damaged``: bytes that nobody made; ``conflicts``: another picture under a used sequence."""

    url: str = ""
    stored: dict[int, Stored] = field(default_factory=dict)
    repeats: int = 0
    conflicts: int = 0
    damaged: int = 0
    badly_signed: int = 0
    resting: bool = False
    clock: float | None = None
    """The server's time where the test lets time pass by itself."""

    def report(self) -> dict[str, object]:
        """What came, in numbers."""
        numbers = self.numbers()
        by_capture = [each.number for each in sorted(self.stored.values(), key=lambda each: each.captured_at)]
        return {
            "stored": len(numbers),
            "stored_twice": len(numbers) - len(set(numbers)),
            "numbers": f"{min(numbers, default=0)} to {max(numbers, default=0)}",
            "in_order_of_capture": by_capture == sorted(numbers),
            "repeats": self.repeats,
            "conflicts": self.conflicts,
            "damaged": self.damaged,
            "badly_signed": self.badly_signed,
            "unsure": sum(each.unsure for each in self.stored.values()),
        }

    def numbers(self) -> list[int]:
        """Of every picture, in the order in which they came."""
        return [each.number for each in self.stored.values()]


def numbered_picture(number: int, size: int = 1000) -> bytes:
    """Bytes of which each can be checked, others for each number."""
    block = hashlib.sha512(str(number).encode()).digest()
    return (MARK + b"%012d" % number + block * (size // len(block) + 1))[: max(size, 64)]


def read_number(data: bytes) -> int | None:
    """The number that a picture was made with; None when a single byte is wrong."""
    try:
        number = int(data[len(MARK) : len(MARK) + 12])
    except ValueError:
        return None
    return number if numbered_picture(number, len(data)) == data else None


@contextmanager
def receiving(port: int = 0, address: str = "127.0.0.1") -> Iterator[WireServer]:
    """A server on a port of this machine, gone afterwards."""
    found = WireServer()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            _, command, *given = self.path.split("/")
            if command == "clock":
                found.clock = float(given[0])
            elif command in ("rest", "wake"):
                found.resting = command == "rest"
            elif found.resting:
                self.answer(503, {})
                return
            self.answer(200, found.report() if command == "report" else {"status": "live"})

        def parse_request(self) -> bool:
            """As nodes ask, in a tenth of the time that takes everything."""
            words = self.raw_requestline.decode("latin-1").split()
            self.close_connection = len(words) != 3
            if self.close_connection:
                return False
            self.command, self.path, self.request_version = words
            self.said: dict[str, str] = {}
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                self.said[name.strip().lower()] = value.strip()
            return True

        def do_POST(self) -> None:
            length = int(self.said["content-length"])
            body = self.rfile.read(length)
            if len(body) != length:
                self.close_connection = True
                return
            with lock:
                status = 503 if found.resting else self.take(body)
            sha256 = hashlib.sha256(body).hexdigest()
            sequence = int(self.said["parkhub-sequence"])
            self.answer(status, {"id": 1, "sequence": sequence, "sha256": sha256, "status": "stored"})

        def take(self, body: bytes) -> int:
            get = self.said.get
            digest = hashlib.sha256(body).hexdigest()
            signed = [get(f"parkhub-{name}", "") for name in ("time", "sequence", "captured-at")]
            text = "\n".join(["v1", "POST", self.path, *signed, digest])
            wanted = "v1=" + hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
            now = time.time() if found.clock is None else found.clock
            if get("parkhub-signature") != wanted or abs(now - int(signed[0])) > 300:
                found.badly_signed += 1
                return 401
            sequence, number = int(signed[1]), read_number(body)
            if number is None:
                found.damaged += 1
                return 422
            before = found.stored.get(sequence)
            if before is not None:
                same = before.sha256 == digest
                found.repeats += same
                found.conflicts += not same
                return 200 if same else 409
            unsure = get("parkhub-clock") == "unsure"
            found.stored[sequence] = Stored(number, digest, signed[2], unsure, time.monotonic())
            return 201

        def answer(self, status: int, body: dict[str, object]) -> None:
            data = json.dumps(body).encode()
            now = time.time() if found.clock is None else found.clock
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string(now))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Nodes are killed in the middle here."""

    with Server((address, port), Handler) as listening:
        found.url = f"http://{address}:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            listening.shutdown()
            thread.join()


if __name__ == "__main__":
    with receiving(int(sys.argv[1]), *sys.argv[2:]):
        threading.Event().wait()
