"""What commands on an installation's database share: where it is, and that it is open while they work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.output import wrong_usage
from parkhub.errors import NotFoundError
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot

DataDir = Annotated[Path | None, typer.Option(help="The installation's data folder.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]


def settings_of(data_dir: Path | None, settings_file: Path | None, process: str) -> Settings:
    """The installation's settings, with logs set up for a command."""
    from parkhub.logs import set_up_logs

    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process=process)
    return settings


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[None]:
    """The database is open inside. Raises NotFoundError rather than making a new one."""
    from parkhub.db.engine import close_database, open_database

    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")
    await open_database(settings)
    try:
        yield
    finally:
        await close_database()


async def lot_of(slug: str) -> "Lot":
    """The lot. Raises NotFoundError."""
    from parkhub.db.lots import find_lot

    lot = await find_lot(slug)
    if lot is None:
        raise NotFoundError(f"There is no lot {slug!r}.")
    return lot


def instant(text: str | None, option: str) -> datetime | None:
    """A time as typed; without an offset it is UTC. Ends the command when it is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise wrong_usage(f"{option} {text!r} is no time such as 2026-06-12 or 2026-06-12T16:00+02:00.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
