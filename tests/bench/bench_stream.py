"""Fan-out of a lot's event stream: `python tests/bench/bench_stream.py`.

One web process (`parkhub.cli.serve`), SQLite, a real Redis. A lot of 400 spots; this process changes one spot in the
database, announces it, and a second process holds the clients: plain sockets that note when a whole event has come.
Latency is from just before the announcement to the last byte of the event at a client. The product tells a lot at most
twice a second, so no row asks for more of one lot: a faster row spreads the changes over several lots. Server and
clients share the machine.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers
from builders import a_new_spot

from parkhub.clients import close_clients, open_clients
from parkhub.db import spots as spot_rows
from parkhub.db.engine import close_database, migrate, open_database, transaction
from parkhub.domain.lots import Lot
from parkhub.domain.spots import SpotState, SpotTrack
from parkhub.services.cameras import create_camera
from parkhub.services.lots import create_lot
from parkhub.settings import Settings, load_settings

SPOTS = 400
MARK = b"event: lot"


class Page(asyncio.Protocol):
    """One open page that counts whole events."""

    def __init__(self, slug: str, arrived: list[tuple[int, float]], lot: int) -> None:
        self._slug = slug
        self._arrived = arrived
        self._lot = lot
        self._rest = b""
        self.events = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(f"GET /lots/{self._slug}/events HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        *whole, self._rest = (self._rest + data).split(b"\n\n")
        for event in whole:
            if MARK in event:
                if self.events:  # the first tells everything
                    self._arrived.append((self._lot, now))
                self.events += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


async def hold(port: int, slugs: list[str], clients: int, pipe: Connection) -> None:
    """Open all pages, say so, and hand over the arrivals when told to stop."""
    loop = asyncio.get_running_loop()
    arrived: list[tuple[int, float]] = []
    pages = []
    for number in range(clients):
        lot = number % len(slugs)
        _, page = await loop.create_connection(lambda lot=lot: Page(slugs[lot], arrived, lot), "127.0.0.1", port)
        pages.append(page)
        if number % 50 == 49:
            await asyncio.sleep(0.02)
    while not all(page.events for page in pages):
        await asyncio.sleep(0.05)
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    pipe.send((arrived, sum(page.lost for page in pages)))


def hold_in_a_process(port: int, slugs: list[str], clients: int, pipe: Connection) -> None:
    """The clients' process."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (clients + 500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    asyncio.run(hold(port, slugs, clients, pipe))


async def build_lots(count: int) -> list[tuple[Lot, int]]:
    """Lots of 400 spots with one camera each."""
    found = []
    for number in range(count):
        lot = await create_lot(f"Lot {number}", "", "Europe/Berlin")
        camera, _ = await create_camera(lot.slug, "Roof", "classifier", stale_after_s=3600)
        async with transaction():
            await spot_rows.replace_camera_spots(camera.id, [a_new_spot(f"A{i}") for i in range(SPOTS)])
            now = datetime.now(UTC)
            tracks = [SpotTrack(f"A{i}", SpotState.OCCUPIED, 0.9, now, now, "oo") for i in range(SPOTS)]
            await spot_rows.save_tracks(camera.id, tracks)
        found.append((lot, camera.id))
    return found


async def drive(settings: Settings, clients: int, per_s: float, seconds: float, lot_count: int) -> dict[str, object]:
    """Run one row of the table."""
    await migrate(settings)
    await open_database(settings)
    redis = await open_clients(settings)
    lots = await build_lots(lot_count)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PARKHUB_DATA_DIR": str(settings.data_dir),
        "PARKHUB_REDIS_URL": settings.redis_url,
        "PARKHUB_PORT": str(port),
        "PARKHUB_LOG_LEVEL": "error",
    }
    web = subprocess.Popen([sys.executable, "-m", "parkhub.cli.serve"], env=environment)
    try:
        await wait_for(port)
        memory = psutil.Process(web.pid)
        await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}/lots/{lots[0][0].slug}")  # loads what loads once
        before = memory.memory_info().rss
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        holder = context.Process(
            target=hold_in_a_process, args=(port, [lot.slug for lot, _ in lots], clients, there), daemon=True
        )
        holder.start()
        assert await asyncio.to_thread(here.recv) == "ready"
        per_client = (memory.memory_info().rss - before) / clients
        cpu = memory.cpu_times()
        sent = [[] for _ in lots]
        state = [SpotState.OCCUPIED] * len(lots)
        start = time.monotonic()
        total = int(per_s * seconds)
        for number in range(total):
            await asyncio.sleep(max(0.0, start + number / per_s - time.monotonic()))
            which = number % len(lots)
            state[which] = SpotState.FREE if state[which] is SpotState.OCCUPIED else SpotState.OCCUPIED
            now = datetime.now(UTC)
            async with transaction():
                track = SpotTrack("A7", state[which], 0.9, now, now, "ff")
                await spot_rows.save_tracks(lots[which][1], [track])
            sent[which].append(time.monotonic())
            await redis.live.announce(f"lot:{lots[which][0].id}")
        await asyncio.sleep(3)
        used = memory.cpu_times()
        here.send("stop")
        arrived, lost = await asyncio.to_thread(here.recv)
        holder.terminate()
    finally:
        web.terminate()
        web.wait(10)
        await close_clients(redis)
        await close_database()
    latencies = match(sent, arrived)
    return {
        "clients": clients,
        "changes_per_s": per_s,
        "lots": lot_count,
        "events_wanted": sum(
            len(times) * len([c for c in range(clients) if c % lot_count == i]) for i, times in enumerate(sent)
        ),
        "events_came": len(arrived),
        "clients_lost": lost,
        "p50_ms": round(float(np.percentile(latencies, 50)) * 1000, 1),
        "p99_ms": round(float(np.percentile(latencies, 99)) * 1000, 1),
        "kib_per_client": round(per_client / 1024, 1),
        "server_cpu_share": round((used.user + used.system - cpu.user - cpu.system) / (total / per_s + 3), 2),
    }


def match(sent: list[list[float]], arrived: list[tuple[int, float]]) -> np.ndarray:
    """Each arrival belongs to the last change of its lot before it."""
    times = [np.array(one) for one in sent]
    return np.array([at - times[lot][np.searchsorted(times[lot], at) - 1] for lot, at in arrived])


async def wait_for(port: int) -> None:
    """Until the web process answers."""
    for _ in range(400):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise SystemExit("the web process did not start")


def main() -> None:
    """Run the rows that were asked for and print one JSON object each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    seconds = parser.parse_args().seconds
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for clients, per_s, lots in ((1000, 1.5, 1), (1000, 10, 10), (5000, 1, 1)):
        with servers.redis() as address, tempfile.TemporaryDirectory() as folder:
            settings = load_settings(data_dir=Path(folder) / "data", redis_url=f"unix://{address}")
            settings.data_dir.mkdir()
            print(json.dumps(asyncio.run(drive(settings, clients, per_s, seconds, lots))), flush=True)


if __name__ == "__main__":
    main()
