"""Commands through a real worker: never twice when it is killed before the answer."""

import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gated import a_side
from processes import running, wait_for
from workers import ROOT, environment

from parkhub.clients import Clients
from parkhub.db import barrier_openings as opening_rows
from parkhub.domain.barriers import LATE_FOR, Barrier, Opening, OpeningOutcome
from parkhub.services import barrier_commands, barriers
from parkhub.settings import Settings
from tasks.barriers import make_senders, open_barrier


class Gate:
    """A barrier's webhook: keeps what came, and answers once it may."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.may_answer = threading.Event()


@contextmanager
def a_gate() -> Iterator[tuple[Gate, int]]:
    gate = Gate()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            gate.came.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["id"])
            gate.may_answer.wait(60)
            body = b'{"outcome": "acknowledged"}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return  # whoever asked was killed

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield gate, server.server_port
    finally:
        gate.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def live(sqlite_open: Settings, redis_url: str) -> Settings:
    return sqlite_open.model_copy(update={"redis_url": redis_url})


async def test_a_killed_worker_has_sent_its_command_once_and_the_next_one_sends_its_own(
    live: Settings, tmp_path: Path, opened: Callable[[Settings], Awaitable[Clients]]
) -> None:
    clients = await opened(live)
    given = {**environment(live), "PARKHUB_BARRIER_NETWORKS": "127.0.0.0/8"}
    with a_gate() as (gate, port):
        side = await a_side(address=f"http://127.0.0.1:{port}/open", timeout_s=60)
        first = await _asked(clients, side.barrier)
        with running([sys.executable, "-m", "tasks.worker", "work"], tmp_path, given, cwd=ROOT) as worker:
            wait_for(lambda: gate.came, "the command")
            worker.process.kill()
            worker.process.wait()
        gate.may_answer.set()
        second = await _asked(clients, side.barrier)
        senders = make_senders(live.model_copy(update={"barrier_networks": "127.0.0.0/8"}), clients)
        for opening in (first, second):  # as the queue gives them to the next worker
            await open_barrier({"clients": clients, "senders": senders}, opening.id)
        await senders.webhooks.close()
    await barrier_commands.end_all(clients, first.expires_at + LATE_FOR + timedelta(seconds=1))
    assert gate.came == [first.uid, second.uid]
    ended = [(await opening_rows.get_opening(each.id)).outcome for each in (first, second)]
    assert ended == [OpeningOutcome.TIMED_OUT, OpeningOutcome.ACKNOWLEDGED]


async def _asked(clients: Clients, barrier: Barrier) -> Opening:
    return await barriers.open_by_hand(clients, barrier, "ambulance", None, "", datetime.now(UTC))
