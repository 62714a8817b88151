"""What the commands on one lot share: its options, the lot of the open database, the classifier, the lines."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkhub.cli.output import Line, Output
from parkhub.errors import NotFoundError
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.clients import Clients
    from parkhub.domain.lots import Lot
    from tasks.vision.classifier import ClassifierEngine

LotSlug = Annotated[str, typer.Argument(metavar="LOT", help="A lot by slug.")]
DataDir = Annotated[Path | None, typer.Option(help="The installation's data folder.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]


def show(columns: tuple[str, ...], lines: list[Line], *, jsonl: bool) -> None:
    """Print the lines and end the command."""
    output = Output(columns, lambda line: [as_row(line, columns)], jsonl)
    for line in lines:
        output.add(line)
    raise SystemExit(output.end())


def as_row(line: Line, columns: tuple[str, ...]) -> list[str]:
    """A line as a row of a table."""

    def text(value: Any) -> str:
        return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)

    return [text(line[column]) for column in columns]


def settings_of(data_dir: Path | None, settings_file: Path | None) -> Settings:
    """The settings with what was given; logs are set up and NumPy is not loaded yet."""
    from parkhub.logs import set_up_logs

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded; see `tasks.worker`
    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="adapt")
    return settings


@asynccontextmanager
async def opened(settings: Settings, slug: str) -> "AsyncIterator[tuple[Clients, Lot]]":
    """The clients and a lot of the open database. Raises NotFoundError."""
    from parkhub.clients import close_clients, open_clients
    from parkhub.db.engine import close_database, open_database
    from parkhub.db.lots import find_lot

    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")
    await open_database(settings)
    clients = await open_clients(settings)  # connects to Redis only when it is needed, and here it is not
    try:
        lot = await find_lot(slug)
        if lot is None:
            raise NotFoundError(f"There is no lot {slug}.")
        yield clients, lot
    finally:
        await close_clients(clients)
        await close_database()


async def classifier(settings: Settings) -> "ClassifierEngine":
    """The shipped one. Raises EngineError."""
    from tasks.vision.classifier import ClassifierEngine

    return await asyncio.to_thread(ClassifierEngine, None, settings.vision_threads, settings.providers)
