"""`parkhub ledger`: check that the books are whole, and take them elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.failure import FAILED
from parkhub.cli.output import Line, Output
from parkhub.errors import NotFoundError
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot

app = typer.Typer(help="The books: check them, export them.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="The installation's data folder.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")]


class Form(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    BEANCOUNT = "beancount"


@app.command()
def verify(
    lots: Annotated[list[str] | None, typer.Argument(metavar="LOT…", help="Lots by slug; all without any.")] = None,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Walk every chain from its first transaction and sum every balance anew; 1 when anything was changed."""
    output = Output(
        ("lot", "transactions", "faults"),
        lambda line: [(line["lot"], str(line["transactions"]), "\n".join(line["faults"]) or "none")],
        jsonl,
    )
    found = asyncio.run(_verify(_settings(data_dir, settings_file), lots))
    for line in found:
        output.add(line)
    raise SystemExit(output.end() or (FAILED if any(line["faults"] for line in found) else 0))


@app.command()
def export(
    lot: Annotated[str, typer.Argument(metavar="LOT", help="A lot by slug.")],
    form: Annotated[Form, typer.Option("--format", help="CSV, or Beancount's text.")] = Form.CSV,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
) -> None:
    """Print a lot's whole ledger; amounts above zero are debits."""
    asyncio.run(_export(_settings(data_dir, settings_file), lot, form))


def _settings(data_dir: Path | None, settings_file: Path | None) -> Settings:
    from parkhub.logs import set_up_logs

    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="ledger")
    return settings


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[None]:
    from parkhub.db.engine import close_database, open_database

    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")
    await open_database(settings)
    try:
        yield
    finally:
        await close_database()


async def _lot(slug: str) -> "Lot":
    from parkhub.db.lots import find_lot

    lot = await find_lot(slug)
    if lot is None:
        raise NotFoundError(f"There is no lot {slug!r}.")
    return lot


async def _verify(settings: Settings, slugs: list[str] | None) -> list[Line]:
    from parkhub.db.ledger import get_head
    from parkhub.db.lots import list_lots
    from parkhub.services.ledger import verify as faults_of

    async with _database(settings):
        lots = [await _lot(slug) for slug in slugs] if slugs else await list_lots()
        return [
            {"lot": lot.slug, "transactions": number, "seal": link, "faults": await faults_of(lot.id)}
            for lot in lots
            for number, link in [await get_head(lot.id)]
        ]


async def _export(settings: Settings, slug: str, form: Form) -> None:
    from parkhub.domain.ledger_text import beancount_lines, csv_lines
    from parkhub.services.ledger import chain

    async with _database(settings):
        lot = await _lot(slug)
        posted = [(each.sequence, each.seal, each.transaction) async for each in chain(lot.id)]
        for line in csv_lines(posted) if form is Form.CSV else beancount_lines(lot.slug, posted):
            print(line)
