"""From an exit's read to the command at its barrier: a real worker, Redis and SQLite, a webhook and an MQTT broker."""

import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiomqtt
import servers
from brokers import mosquitto
from builders import save_session
from gated import Side, a_side
from processes import running, wait_for
from workers import ROOT, environment

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db.engine import close_database, fetch, migrate, open_database
from parkhub.domain.barriers import BarrierKind
from parkhub.services import sessions
from parkhub.settings import load_settings

ROUNDS = 200
AGO = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC = "parkhub/bench/exit"


class Gate:
    """When which command came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}


def a_webhook(gate: Gate) -> ThreadingHTTPServer:
    """A barrier that answers at once."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            gate.came[json.loads(self.rfile.read(int(self.headers["content-length"])))["id"]] = time.perf_counter()
            body = b'{"outcome": "acknowledged"}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


async def listen(port: int, gate: Gate) -> None:
    """A barrier at the broker."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(TOPIC, qos=1)
        async for message in client.messages:
            gate.came[json.loads(bytes(message.payload))["id"]] = time.perf_counter()  # type: ignore[arg-type]


async def measure(clients: Clients, side: Side, gate: Gate, what: str) -> None:
    """Cars with a permit drive up, one by one; each is timed from its read to its command."""
    took = []
    for number in range(ROUNDS):
        plate = f"BB{number:04d}"
        now = datetime.now(UTC)
        await save_session(side.lot.id, plate, entered_at=now - timedelta(hours=1), right="allowed")
        passage = await side.saw(plate, now - timedelta(seconds=2), last_at=now)
        begun = time.perf_counter()
        await sessions.take_passage(clients, passage.id, datetime.now(UTC))
        opening = (await side.openings())[-1]
        deadline = begun + 10
        while opening.uid not in gate.came and time.perf_counter() < deadline:
            await asyncio.sleep(0.001)
        took.append(gate.came[opening.uid] - begun)
        await asyncio.sleep(0.05)
        await fetch("UPDATE passage SET last_at = {}, first_at = {} WHERE id = {}", AGO, AGO, passage.id)
    took.sort()
    p50, p99 = statistics.median(took) * 1000, took[int(len(took) * 0.99) - 1] * 1000
    print(
        f"{what}: from the exit's read to the command at the barrier p50 {p50:.0f} ms, p99 {p99:.0f} ms, n {len(took)}"
    )


async def main() -> None:
    """Measure both ways."""
    folder = Path(tempfile.mkdtemp(prefix="parkhub-bench-barriers-"))
    with servers.redis() as redis, mosquitto() as port:
        settings = load_settings(data_dir=folder / "data", redis_url=f"unix://{redis}")
        await migrate(settings)
        await open_database(settings)
        clients, gate = await open_clients(settings), Gate()
        server = a_webhook(gate)
        given = {"PARKHUB_BARRIER_NETWORKS": "127.0.0.0/8", "PARKHUB_MQTT_URL": f"mqtt://127.0.0.1:{port}"}
        heard = asyncio.create_task(listen(port, gate))
        command = [sys.executable, "-m", "tasks.worker", "work"]
        with running(command, folder, {**environment(settings), **given}, cwd=ROOT) as worker:
            wait_for(lambda: worker.log_lines("worker.started"), "the worker")
            webhook = await a_side(address=f"http://127.0.0.1:{server.server_port}/open")
            await measure(clients, webhook, gate, "webhook")
            mqtt = await a_side(BarrierKind.MQTT, address=TOPIC)
            await measure(clients, mqtt, gate, "mqtt   ")
        heard.cancel()
        await close_clients(clients)
        await close_database()


if __name__ == "__main__":
    asyncio.run(main())
