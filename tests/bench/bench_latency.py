"""From the beginning of an upload to the changed spot in an open event stream, over real processes.

Ten cameras send one picture a second each, and every picture fills or empties one place. One web and one vision
process, a real Redis, SQLite; the load comes from this process, on the same cores. Prints one JSON object per run.

    python tests/bench/bench_latency.py [--seconds 30] [--lots 10 1] [--engine classifier]

With one lot all cameras look at one lot, whose open pages are told at most twice a second: up to half a second of
waiting is then wanted.
"""

import argparse
import asyncio
import io
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
import servers
from builders import a_camera, save_camera, save_lot
from pictures import signed
from PIL import Image
from processes import wait_for
from workers import picture_of, places, web, worker

from parkhub.db.engine import close_database, migrate, open_database
from parkhub.domain.cameras import Engine
from parkhub.domain.spots import Debounce
from parkhub.settings import Settings, load_settings

CAMERAS = 10
EVERY_S = 1.0
SPOTS = 8
SIZE = (1280, 720)
GIVE_UP_S = 10.0


@dataclass
class Sender:
    """One camera: what it waits to see, and how long that took."""

    camera_id: str
    slug: str
    spot: str
    wanted: str = ""
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    seen_s: list[float] = field(default_factory=list)
    uploaded_s: list[float] = field(default_factory=list)
    lost: int = 0


def textured(taken: set[int]) -> bytes:
    """A picture as large as a camera's, with grain as its sensor leaves it: about 250 KB."""
    chance = random.Random(len(taken))
    picture = picture_of(SPOTS, taken).resize(SIZE)
    grain = Image.frombytes("L", SIZE, chance.randbytes(SIZE[0] * SIZE[1])).convert("RGB")
    file = io.BytesIO()
    Image.blend(picture, grain, 0.06).save(file, "JPEG", quality=88)
    return file.getvalue()


async def set_up(settings: Settings, lot_count: int, engine: Engine) -> list[Sender]:
    await migrate(settings)
    await open_database(settings)
    lots = [await save_lot() for _ in range(lot_count)]
    senders = []
    for number in range(CAMERAS):
        lot = lots[number % lot_count]
        spots = places(SPOTS, prefix=f"C{number}-")
        camera = await save_camera(lot, spots, engine=engine, debounce=Debounce(1, 1), public_id=a_camera().public_id)
        senders.append(Sender(camera.public_id, lot.slug, spots[0].name))
    await close_database()
    return senders


async def watch(address: str, slug: str, senders: list[Sender]) -> None:
    """An open page of one lot."""
    mine = {sender.spot: sender for sender in senders if sender.slug == slug}
    async with (
        httpx.AsyncClient(base_url=address, timeout=None) as client,
        client.stream("GET", f"/lots/{slug}/events") as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data: {"):
                for name, state in json.loads(line[6:]).get("spots", {}).items():
                    if name in mine and state == mine[name].wanted:
                        mine[name].seen.set()


async def send(address: str, sender: Sender, pictures: dict[str, bytes], first_at: float, until: float) -> None:
    path = f"/api/v1/cameras/{sender.camera_id}/frames"
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        sequence, due = 0, first_at
        while due < until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            state = ("occupied", "free")[sequence % 2]
            body = pictures[state]
            sender.seen.clear()
            sender.wanted = state
            headers = signed(sender.camera_id, body, sequence)
            began = time.perf_counter()
            answer = await client.post(path, content=body, headers=headers)
            answer.raise_for_status()
            uploaded = time.perf_counter() - began
            try:
                await asyncio.wait_for(sender.seen.wait(), GIVE_UP_S)
                if sequence >= 2:  # the first ones warm everything up
                    sender.uploaded_s.append(uploaded)
                    sender.seen_s.append(time.perf_counter() - began)
            except TimeoutError:
                sender.lost += 1
            sequence += 1
            due = max(due + EVERY_S, time.monotonic())


@contextmanager
def processes(settings: Settings, folder: Path) -> Iterator[str]:
    """One vision and one web process; yields the web's address."""
    with worker("vision", settings, folder) as vision, web(settings, folder) as (_, address):
        wait_for(lambda: vision.log_lines("worker.started"), "the vision process")
        yield address


async def measure(address: str, senders: list[Sender], seconds: float) -> None:
    pictures = {"occupied": textured({0}), "free": textured(set())}
    slugs = sorted({sender.slug for sender in senders})
    watching = [asyncio.create_task(watch(address, slug, senders)) for slug in slugs]
    await asyncio.sleep(1)
    begin = time.monotonic()
    step = EVERY_S / len(senders)
    await asyncio.gather(
        *(
            send(address, sender, pictures, begin + number * step, begin + seconds)
            for number, sender in enumerate(senders)
        )
    )
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)


def report(senders: list[Sender], lot_count: int, engine: str) -> dict[str, object]:
    seen = sorted(1000 * second for sender in senders for second in sender.seen_s)
    uploaded = sorted(1000 * second for sender in senders for second in sender.uploaded_s)
    at = statistics.quantiles(seen, n=100, method="inclusive")
    up = statistics.quantiles(uploaded, n=100, method="inclusive")
    return {
        "bench": "latency",
        "lots": lot_count,
        "cameras": len(senders),
        "pictures_per_s": len(senders) / EVERY_S,
        "engine": engine,
        "samples": len(seen),
        "lost": sum(sender.lost for sender in senders),
        "upload_p50_ms": round(up[49], 1),
        "upload_p99_ms": round(up[98], 1),
        "seen_p50_ms": round(at[49], 1),
        "seen_p99_ms": round(at[98], 1),
        "seen_max_ms": round(seen[-1], 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--lots", type=int, nargs="*", default=[CAMERAS, 1])
    parser.add_argument("--engine", default="classifier", choices=[engine.value for engine in Engine])
    given = parser.parse_args()
    for lot_count in given.lots:
        print(json.dumps(run(lot_count, Engine(given.engine), given.seconds)), flush=True)


def run(lot_count: int, engine: Engine, seconds: float) -> dict[str, object]:
    """Measure with that many lots."""
    folder = Path(tempfile.mkdtemp(prefix="parkhub-bench-"))
    try:
        with ExitStack() as stack:
            address = stack.enter_context(servers.redis())
            settings = load_settings(data_dir=folder / "data", redis_url=f"unix://{address}")
            senders = asyncio.run(set_up(settings, lot_count, engine))
            page = stack.enter_context(processes(settings, folder))
            asyncio.run(measure(page, senders, seconds))
        return report(senders, lot_count, engine.value)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
