"""The demo's traffic: `python -m parkhub.cli.demo_traffic LOT`. Cars come and go at its gates until it is stopped."""

import argparse
import asyncio
import contextlib
import signal
from datetime import UTC, datetime
from random import Random
from typing import Final

import structlog

from parkhub.cli.demo import ADDRESS
from parkhub.cli.demo_picture import draw
from parkhub.cli.failure import fail
from parkhub.clients import close_clients, open_clients
from parkhub.db.engine import close_database, open_database
from parkhub.db.lots import get_lot
from parkhub.errors import ParkHubError
from parkhub.logs import set_up_logs
from parkhub.services.demo_traffic import Traffic
from parkhub.settings import Settings, load_settings

EVERY_S: Final = 45.0

log = structlog.get_logger()


def main() -> None:
    """Let cars come and go, or say in one sentence why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lot", type=int, help="the demo lot's number in the database")
    lot_id: int = parser.parse_args().lot
    try:
        settings = load_settings()
        set_up_logs(settings, process="traffic")
        asyncio.run(_run(settings, lot_id))
    except ParkHubError as error:
        fail(error)


async def _run(settings: Settings, lot_id: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await open_database(settings)
    clients = await open_clients(settings)
    try:
        random = Random()  # noqa: S311  a simulation
        while not stopped.is_set():
            try:
                lot = await get_lot(lot_id)
                if lot.address == ADDRESS:  # somebody may have made it a lot of their own
                    await Traffic(clients, lot, draw, random).step(datetime.now(UTC))
            except ParkHubError as error:  # a car that cannot pass now does not come
                log.warning("demo.no_car", reason=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), EVERY_S)
    finally:
        await close_clients(clients)
        await close_database()


if __name__ == "__main__":
    main()
