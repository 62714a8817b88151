"""`parkhub simulate-day`: a made-up day with everything that goes wrong, and its account."""

import asyncio
import multiprocessing
import random
import signal
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from parkhub.cli.failure import FAILED
from parkhub.cli.output import Output
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.clients import Clients
    from parkhub.services.simulated_day import DayAccount
    from parkhub.services.simulated_traffic import Day

MIDNIGHT = datetime(2026, 6, 9, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


@dataclass(frozen=True)
class Plan:
    """What a process needs to make the same day in the same database."""

    folder: Path
    settings_file: Path | None
    cars: int
    seed: int
    gaps: int

    def settings(self) -> Settings:
        """The settings of every process of the day."""
        return load_settings(self.settings_file, data_dir=self.folder, log_level="warning")


def simulate_day(
    cars: Annotated[int, typer.Option(min=1, max=20_000, help="Cars that come.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed is another day; the same one always the same.")] = 1,
    gaps: Annotated[int, typer.Option(min=0, max=50, help="Times that a camera's network is away.")] = 4,
    crashes: Annotated[int, typer.Option(min=0, max=500, help="Times that the working process is killed.")] = 20,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the database in this folder; without it nothing is kept.")
    ] = None,
    settings_file: Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")] = None,
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="A line of JSON, also on a terminal.")] = False,
) -> None:
    """Let a simulated day happen in an empty database of its own, and tell what became of every car.

    1 when a car was charged twice or wrongly, or the books do not balance. With PARKHUB_DATABASE_URL on PostgreSQL.
    """
    from parkhub.logs import set_up_logs
    from parkhub.services.simulated_traffic import make_day

    folder: AbstractContextManager[str] = nullcontext(str(data_dir)) if data_dir else tempfile.TemporaryDirectory()
    with folder as name:
        plan = Plan(Path(name), settings_file, cars, seed, gaps)
        settings, day = plan.settings(), make_day(MIDNIGHT, cars, seed, gaps)
        set_up_logs(settings, process="simulate-day")
        began = time.monotonic()
        asyncio.run(_prepare(settings))
        _survive(plan, len(day.events), crashes, random.Random(seed))  # noqa: S311  a simulation
        found = asyncio.run(_account(settings, day))
    line = {
        "cars": cars,
        "seed": seed,
        "events": len(day.events),
        "crashes": crashes,
        **{end: found.by_end.get(end, 0) for end in ("paid", "open", "in_review", "waived", "owing", "unseen")},
        "sessions": found.sessions,
        "charged_wrongly": found.wrong,
        "charged_twice": found.twice,
        "faults": list(found.faults),
        "balances": dict(found.balances),
        "s": round(time.monotonic() - began, 1),
    }
    output = Output(("what", "number"), lambda told: [(key, str(value)) for key, value in told.items()], jsonl)
    output.add(line)
    raise SystemExit(output.end() or (FAILED if found.wrong or found.twice or found.faults else 0))


async def _prepare(settings: Settings) -> None:
    from parkhub.db.engine import close_database, migrate, open_database
    from parkhub.services import simulated_day

    await migrate(settings)
    await open_database(settings)
    try:
        await simulated_day.build(MIDNIGHT)
    finally:
        await close_database()


async def _account(settings: Settings, day: "Day") -> "DayAccount":
    from parkhub.db.engine import close_database, open_database
    from parkhub.services import simulated_day

    await open_database(settings)
    try:
        world = await simulated_day.find()
        await simulated_day.finish(_clients(), world, day)
        return await simulated_day.account(world, day)
    finally:
        await close_database()


def _survive(plan: Plan, events: int, crashes: int, dice: random.Random) -> None:
    """Let the day happen in a process that is killed so many times, at any instant, and goes on where it was."""
    spawn = multiprocessing.get_context("spawn")
    deaths = sorted(dice.sample(range(events), min(crashes, events)))
    reached = 0
    while reached < events:
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_work, args=(plan, reached, theirs), daemon=True)
        process.start()
        theirs.close()
        death = deaths.pop(0) if deaths else None
        while _hear(ours):
            reached += 1
            if death is not None and reached > death:
                time.sleep(dice.uniform(0, 0.02))  # somewhere in the middle of the next event
                process.kill()
                break
        process.join()
        ours.close()
        if process.exitcode not in (0, -signal.SIGKILL):
            raise SystemExit(FAILED)


def _clients() -> "Clients":
    """Nobody watches this day and no picture is kept, so what is outside the database is remembered only."""
    from parkhub.clients import Clients
    from parkhub.clients.limiter import MemoryLimiter
    from parkhub.clients.live import MemoryLive
    from parkhub.clients.pictures import MemoryStore
    from parkhub.clients.queue import MemoryQueue

    return Clients(MemoryStore(), MemoryQueue(), MemoryLive(), MemoryLimiter())


def _hear(pipe: Connection) -> bool:
    """Whether another event is done; False: the process is gone."""
    try:
        pipe.recv()
    except EOFError:
        return False
    return True


def _work(plan: Plan, start: int, pipe: Connection) -> None:
    from parkhub.logs import set_up_logs

    set_up_logs(plan.settings(), process="simulate-day")
    asyncio.run(_work_on(plan, start, pipe))


async def _work_on(plan: Plan, start: int, pipe: Connection) -> None:
    from parkhub.db.engine import close_database, open_database
    from parkhub.services import simulated_day
    from parkhub.services.simulated_traffic import make_day

    await open_database(plan.settings())
    try:
        day = make_day(MIDNIGHT, plan.cars, plan.seed, plan.gaps)
        await simulated_day.run(_clients(), await simulated_day.find(), day, start, pipe.send)
    finally:
        await close_database()
