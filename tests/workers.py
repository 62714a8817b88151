"""Real processes, as `parkhub up` starts them, and pictures in which places visibly fill and empty."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from pictures import encode
from PIL import Image, ImageDraw
from processes import Program, free_port, running, wait_for
from redis.asyncio import Redis

from parkhub.clients import Clients
from parkhub.domain.spots import BayPlan, BayShape, NewSpot, SpotKind
from parkhub.settings import Settings

ROOT = Path(__file__).parent.parent
WIDTH, HEIGHT = 640, 360
SIDE = 60


def environment(settings: Settings) -> dict[str, str]:
    """How a process of its own hears of the settings."""
    return {
        "PARKHUB_DATA_DIR": str(settings.data_dir),
        "PARKHUB_DATABASE_URL": settings.database_url,
        "PARKHUB_REDIS_URL": settings.redis_url,
        "PARKHUB_STRIPE_API_BASE": settings.stripe_api_base,
        "PARKHUB_STRIPE_SECRET_KEY": settings.stripe_secret_key.get_secret_value(),
        "PARKHUB_STRIPE_WEBHOOK_SECRET": settings.stripe_webhook_secret.get_secret_value(),
        "PARKHUB_SMTP_HOST": settings.smtp_host,
        "PARKHUB_SMTP_PORT": str(settings.smtp_port),
        "PARKHUB_SMTP_SECURITY": settings.smtp_security,
        "PARKHUB_MAIL_FROM": settings.mail_from,
        "PARKHUB_LOG_FORMAT": "json",
    }


@contextmanager
def worker(kind: str, settings: Settings, folder: Path) -> Iterator[Program]:
    """A worker process; killed at the end if the test has not stopped it."""
    command = [sys.executable, "-m", "tasks.worker", kind]
    with running(command, folder, environment(settings), cwd=ROOT) as program:
        yield program


async def end_marks(clients: Clients) -> None:
    """Let what marks frames' jobs as begun, by a killed process too, end now. It would by itself, in half a minute."""
    assert isinstance(clients.redis, Redis)
    for mark in await clients.redis.keys("arq:in-progress:frame:*"):
        left_ms = await clients.redis.pttl(mark)
        assert left_ms <= 30_000
        assert left_ms != -1, "it would never end"
        await clients.redis.pexpire(mark, 1)


@contextmanager
def web(settings: Settings, folder: Path, port: int = 0) -> Iterator[tuple[Program, str]]:
    """A web process that answers, and its address; ``port`` 0: any that is free."""
    port = port or free_port()
    command = [sys.executable, "-m", "parkhub.cli.serve"]
    with running(command, folder, {**environment(settings), "PARKHUB_PORT": str(port)}, cwd=ROOT) as program:
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            if program.process.poll() is not None:
                raise AssertionError(program.stderr)
            try:
                return httpx.get(f"{address}/health/live").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, "the web process to answer")
        yield program, address


def places(count: int, prefix: str = "A") -> list[NewSpot]:
    """Up to eight square places in a row, which `a_row` draws."""
    found = []
    for number in range(count):
        left, top, right, bottom = _square(number)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        polygon = tuple((x / WIDTH, y / HEIGHT) for x, y in corners)
        plan = BayPlan(BayShape.MOUTH_UP, 10.0 + 26 * number, 10.0, 22.0, 46.0)
        found.append(NewSpot(f"{prefix}{number + 1}", SpotKind.STANDARD, "", polygon, plan))
    return found


def a_row(count: int, taken: Collection[int], shade: int = 96) -> bytes:
    """`picture_of` as a JPEG."""
    return encode(picture_of(count, taken, shade), quality=90)


def picture_of(count: int, taken: Collection[int], shade: int = 96) -> Image.Image:
    """Places on plain ground; on the taken ones (0, 1, …) stands something that no engine overlooks."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), (shade, shade, shade))
    pen = ImageDraw.Draw(picture)
    for number in range(count):
        if number in taken:
            left, top, right, bottom = _square(number)
            pen.rectangle((left + 8, top + 4, right - 8, bottom - 4), fill=(190, 30, 40))
            pen.rectangle((left + 14, top + 18, right - 14, top + 30), fill=(20, 25, 40))
            pen.rectangle((left + 14, bottom - 24, right - 14, bottom - 12), fill=(230, 235, 240))
    return picture


def _square(number: int) -> tuple[int, int, int, int]:
    left, top = 20 + number * 76, 150
    return left, top, left + SIDE, top + SIDE
