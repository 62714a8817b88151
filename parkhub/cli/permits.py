"""`parkhub permits`: take a table of permits in, list them, write them out again."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.failure import FAILED
from parkhub.cli.output import Line, Output, Row
from parkhub.errors import InvalidInputError, NotFoundError, PermitsFileError
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot
    from parkhub.services.permits_import import Imported

app = typer.Typer(help="Permits: season tickets, staff, visitors.", no_args_is_help=True)

LotSlug = Annotated[str, typer.Option("--lot", metavar="SLUG", help="The lot.")]
DataDir = Annotated[Path | None, typer.Option(help="The installation's data folder.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")]
JsonLines = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV in UTF-8; - reads standard input.")],
    lot: LotSlug,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    jsonl: JsonLines = False,
) -> None:
    """Take the permits of a table in: all or, when a line is wrong, none. The same table again changes nothing."""
    output = Output(("lot", "added", "changed", "same"), _counts, jsonl)
    try:
        found = asyncio.run(_import(_settings(data_dir, settings_file), lot, _content(file), dry_run=dry_run))
    except PermitsFileError as error:
        for fault in error.faults:
            print(f"parkhub: {file}: {fault}", file=sys.stderr)
        raise SystemExit(FAILED) from None
    output.add({"lot": lot, "added": found.added, "changed": found.changed, "same": found.same, "dry_run": dry_run})
    raise SystemExit(output.end())


@app.command("list")
def list_(
    lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, *, jsonl: JsonLines = False
) -> None:
    """List a lot's permits."""
    output = Output(("name", "kind", "plates", "from", "until", "times", "cars", "paused"), _rows, jsonl)
    for line in asyncio.run(_list(_settings(data_dir, settings_file), lot)):
        output.add(line)
    raise SystemExit(output.end())


@app.command()
def export(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None) -> None:
    """Print a lot's permits as a table that `import` reads."""
    for line in asyncio.run(_export(_settings(data_dir, settings_file), lot)):
        print(line)


def _settings(data_dir: Path | None, settings_file: Path | None) -> Settings:
    from parkhub.logs import set_up_logs

    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="permits")
    return settings


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"The file {file} cannot be read: {error.strerror}.") from None


@asynccontextmanager
async def _lot(settings: Settings, slug: str) -> "AsyncIterator[Lot]":
    from parkhub.db.engine import close_database, open_database
    from parkhub.db.lots import find_lot

    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")
    await open_database(settings)
    try:
        lot = await find_lot(slug)
        if lot is None:
            raise NotFoundError(f"There is no lot {slug!r}.")
        yield lot
    finally:
        await close_database()


async def _import(settings: Settings, slug: str, content: bytes, *, dry_run: bool) -> "Imported":
    from parkhub.services.permits_import import import_permits

    async with _lot(settings, slug) as lot:
        return await import_permits(lot.id, content, None, datetime.now(UTC), dry_run=dry_run)


async def _list(settings: Settings, slug: str) -> list[Line]:
    from parkhub.domain.weekly_times import write_times
    from parkhub.services.permits_import import each_permit

    async with _lot(settings, slug) as lot:
        return [
            {
                "id": permit.external_id,
                "name": permit.holder,
                "kind": permit.kind.value,
                "plates": list(permit.plates),
                "from": permit.valid_from.isoformat(),
                "until": permit.valid_until.isoformat() if permit.valid_until else None,
                "times": write_times(permit.times),
                "cars": permit.cars_max,
                "paused": permit.paused,
                "note": permit.note,
            }
            async for permit in each_permit(lot.id)
        ]


async def _export(settings: Settings, slug: str) -> list[str]:
    from parkhub.domain.permits_file import write_permits
    from parkhub.services.permits_import import each_permit

    async with _lot(settings, slug) as lot:
        return list(write_permits([permit async for permit in each_permit(lot.id)]))


def _counts(line: Line) -> list[Row]:
    return [(line["lot"], str(line["added"]), str(line["changed"]), str(line["same"]))]


def _rows(line: Line) -> list[Row]:
    plates, paused = "\n".join(line["plates"]), "yes" if line["paused"] else ""
    days = line["from"], line["until"] or ""
    return [(line["name"], line["kind"], plates, *days, line["times"], str(line["cars"]), paused)]
