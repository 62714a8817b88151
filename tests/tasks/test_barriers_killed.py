"""Commands through real workers: in time, and never twice when the worker is killed before the answer."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gated import a_side
from processes import Program, running, wait_for
from workers import ROOT, environment

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db import barrier_openings as opening_rows
from parkhub.domain.barriers import Barrier, Opening, OpeningOutcome
from parkhub.services import barriers
from parkhub.settings import Settings


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
            gate.may_answer.wait(30)
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


@contextmanager
def a_worker(settings: Settings, folder: Path) -> Iterator[Program]:
    given = {**environment(settings), "PARKHUB_BARRIER_NETWORKS": "127.0.0.0/8"}
    with running([sys.executable, "-m", "tasks.worker", "work"], folder, given, cwd=ROOT) as program:
        wait_for(lambda: program.log_lines("worker.started"), "the worker")
        yield program


async def test_a_killed_worker_has_sent_its_command_once_and_the_next_one_sends_its_own(
    live: Settings, tmp_path: Path
) -> None:
    clients = await open_clients(live)
    with a_gate() as (gate, port):
        side = await a_side(address=f"http://127.0.0.1:{port}/open", timeout_s=6)
        with a_worker(live, tmp_path) as worker:
            first = await _asked(clients, side.barrier)
            wait_for(lambda: gate.came, "the command")
            worker.process.kill()
            worker.process.wait()
        gate.may_answer.set()
        with a_worker(live, tmp_path):
            second = await _asked(clients, side.barrier)
            wait_for(lambda: len(gate.came) > 1, "the next command")
            ended = await _ended(first.id)
    assert gate.came == [first.uid, second.uid]
    assert ended is OpeningOutcome.TIMED_OUT
    assert (await opening_rows.get_opening(second.id)).outcome is OpeningOutcome.ACKNOWLEDGED
    await close_clients(clients)


async def _asked(clients: Clients, barrier: Barrier) -> Opening:
    return await barriers.open_by_hand(clients, barrier, "ambulance", None, "", datetime.now(UTC))


async def _ended(opening_id: int) -> OpeningOutcome:
    async with asyncio.timeout(40):
        while True:
            found = (await opening_rows.get_opening(opening_id)).outcome
            if found is not OpeningOutcome.WAITING:
                return found
            await asyncio.sleep(0.1)
