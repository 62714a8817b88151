"""`parkhub ledger`: check that the books are whole, and take them elsewhere."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from parkhub.cli.database import DataDir, SettingsFile, lot_of, opened, settings_of
from parkhub.cli.failure import FAILED
from parkhub.cli.output import Line, Output
from parkhub.settings import Settings

app = typer.Typer(help="The books: check them, export them.", no_args_is_help=True)


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
    found = asyncio.run(_verify(settings_of(data_dir, settings_file, "ledger"), lots))
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
    asyncio.run(_export(settings_of(data_dir, settings_file, "ledger"), lot, form))


async def _verify(settings: Settings, slugs: list[str] | None) -> list[Line]:
    from parkhub.db.ledger import get_head
    from parkhub.db.lots import list_lots
    from parkhub.services.ledger import verify as faults_of

    async with opened(settings):
        lots = [await lot_of(slug) for slug in slugs] if slugs else await list_lots()
        return [
            {"lot": lot.slug, "transactions": number, "seal": link, "faults": await faults_of(lot.id)}
            for lot in lots
            for number, link in [await get_head(lot.id)]
        ]


async def _export(settings: Settings, slug: str, form: Form) -> None:
    from parkhub.domain.ledger_text import beancount_lines, csv_lines
    from parkhub.services.ledger import chain

    async with opened(settings):
        lot = await lot_of(slug)
        posted = [(each.sequence, each.seal, each.transaction) async for each in chain(lot.id)]
        for line in csv_lines(posted) if form is Form.CSV else beancount_lines(lot.slug, posted):
            print(line)
