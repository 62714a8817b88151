"""Page rate: the lot's page and the page where one pays, against the same templates under Flask and gunicorn:
`python tests/bench/bench_pages.py`.

Both sides get the same `lots/lot.html` with the same 40 spots, and the same `pay/stay.html` with the same bill, built
once, and one worker process; no database, so that frameworks are compared and not storage. A third row is the real
pages of the real application with its database.
The client is asyncio with 16 kept-alive connections where the server keeps them (gunicorn's sync worker does not; its
gthread worker does and is used). Client and server share the machine; rounds alternate.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers
from builders import a_lot, a_spot, a_track, new_spots
from drivers import save_paid_lot, save_stay

from parkhub.db import spots as spot_rows
from parkhub.db.engine import close_database, migrate, open_database, transaction
from parkhub.domain.lots import LotStatus, SpotStatus
from parkhub.domain.stay_tokens import make_token
from parkhub.languages import ENGLISH
from parkhub.secret_key import secret_key
from parkhub.services.cameras import create_camera
from parkhub.settings import load_settings
from parkhub.web.lot_view import LotView, drawn
from parkhub.web.stay_view import StayView
from parkhub.web.stays import read_stay
from parkhub.web.templating import template_config

SPOTS = 40
CONNECTIONS = 16


def view() -> LotView:
    """The lot that both sides show."""
    now = datetime.now(UTC)
    spots = tuple(SpotStatus(a_spot(f"A{i}"), a_track(f"A{i}")) for i in range(SPOTS))
    return LotView(LotStatus(a_lot(), now, spots), now)


def stay() -> StayView:
    """The stay that both sides show, read once from the database that the real application shows it from."""

    async def read() -> StayView:
        await open_database(load_settings())
        view = await read_stay(1, ENGLISH)
        await close_database()
        return view

    with ThreadPoolExecutor(1) as apart:  # servers that build the application are in a loop of their own already
        return apart.submit(asyncio.run, read()).result()


PAY: dict[str, Any] = {
    "token": "token",
    "form": {"code": "", "email": ""},
    **{
        "wrong": {},
        "taken": "",
        "risen": False,
        "unavailable": False,
        "on_its_way": False,
        "notice": "",
        "offer": None,
    },
    **{"pretended": True, "driver": None, "held": False, "save_consent": ""},
}
CONTEXT: dict[str, Any] = {
    "account": None,
    "csrf_field": "",
    "csrf_token": "",
    "path": "/",
    "language": ENGLISH,
    "prices": [],
    "bookable": False,
    "forecast": None,
    "now": datetime.now(UTC),
    "drawn": drawn,
}


def flask_app() -> Any:
    """Flask with our Jinja environment."""
    from flask import Flask

    app = Flask(__name__)
    environment = template_config().engine_instance.engine
    template, pay = (environment.get_template(name) for name in ("lots/lot.html", "pay/stay.html"))
    shown, due = view(), stay()

    @app.get("/")
    def show() -> str:
        return template.render(view=shown, **CONTEXT)

    @app.get("/pay")
    def show_pay() -> str:
        return pay.render(view=due, lot=due.lot, **CONTEXT, **PAY)

    return app


def litestar_app() -> Any:
    """Litestar with the same handler."""
    from litestar import Litestar, get
    from litestar.response import Template

    shown, due = view(), stay()

    @get("/")
    async def show() -> Template:
        return Template("lots/lot.html", context={"view": shown, **CONTEXT})

    @get("/pay")
    async def show_pay() -> Template:
        return Template("pay/stay.html", context={"view": due, "lot": due.lot, **CONTEXT, **PAY})

    return Litestar([show, show_pay], template_config=template_config(), logging_config=None, openapi_config=None)


async def load(port: int, path: str, seconds: float) -> float:
    """Requests a second."""
    end = time.monotonic() + seconds
    done = 0

    async def visit() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        while time.monotonic() < end:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert b" 200 " in head.split(b"\r\n")[0], head
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            done += 1
        writer.close()

    start = time.monotonic()
    await asyncio.gather(*(visit() for _ in range(CONNECTIONS)))
    return done / (time.monotonic() - start)


def free_port() -> int:
    """A port nobody uses."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody answers with HTTP; a bare connection to a port nobody listens on may meet itself."""
    for _ in range(400):
        try:
            urlopen(f"http://127.0.0.1:{port}/health/live").close()
        except HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("a server did not start")


async def build_lot(data: Path, redis: str) -> str:
    """The real application's lot with a car in it; the path of its driver's page."""
    settings = load_settings(data_dir=data, redis_url=redis)
    await migrate(settings)
    await open_database(settings)
    lot = await save_paid_lot(name="Bench", slug="bench")
    await save_stay(lot)
    camera, _ = await create_camera(lot.slug, "Roof")
    async with transaction():
        await spot_rows.replace_camera_spots(camera.id, new_spots(SPOTS))
    await close_database()
    return f"/pay/stays/{make_token(secret_key(settings), 1, datetime.now(UTC))}"


def main() -> None:
    """Start the servers, alternate the rounds, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    here = str(Path(__file__).parent)
    with servers.redis() as address, tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        redis = f"unix://{address}"
        os.environ.update(PARKHUB_DATA_DIR=str(data), PARKHUB_REDIS_URL=redis, PARKHUB_LOG_LEVEL="error")
        paths = {"lot": "/lots/bench", "pay": asyncio.run(build_lot(data, redis))}
        ports = {name: free_port() for name in ("flask", "litestar", "parkhub")}
        base = [sys.executable, "-m"]
        flask = ["gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "4", "--chdir", here]
        lite = ["uvicorn", "--factory", "--app-dir", here, "--log-level", "error", "--port", str(ports["litestar"])]
        commands = {
            "flask": [*base, *flask, "--bind", f"127.0.0.1:{ports['flask']}", "bench_pages:flask_app()"],
            "litestar": [*base, *lite, "bench_pages:litestar_app"],
            "parkhub": [*base, "parkhub.cli.serve"],
        }
        environment = {**os.environ, "PARKHUB_PORT": str(ports["parkhub"])}
        running = [subprocess.Popen(c, env=environment, stderr=subprocess.DEVNULL) for c in commands.values()]
        try:
            rates: dict[tuple[str, str], list[float]] = {(page, name): [] for page in paths for name in commands}
            for port in ports.values():
                wait_for(port)
            for _ in range(given.rounds):
                for page, name in rates:
                    path = paths[page] if name == "parkhub" else {"lot": "/", "pay": "/pay"}[page]
                    rates[page, name].append(asyncio.run(load(ports[name], path, given.seconds)))
        finally:
            for server in running:
                server.terminate()
            for server in running:
                server.wait(10)
    for page in paths:
        middle = {name: sorted(rates[page, name])[given.rounds // 2] for name in commands}
        print(
            json.dumps(
                {
                    "page": page,
                    "pages_per_s": {name: round(rate) for name, rate in middle.items()},
                    "litestar_over_flask": round(middle["litestar"] / middle["flask"], 2),
                    "whole_page_with_database_over_flask": round(middle["parkhub"] / middle["flask"], 2),
                }
            )
        )


if __name__ == "__main__":
    main()
