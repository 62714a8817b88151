"""`parkhub reports`: count lots' days anew."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from parkhub.cli.database import DataDir, SettingsFile, lot_of, opened, settings_of
from parkhub.cli.output import Line, Output
from parkhub.settings import Settings

app = typer.Typer(help="What reports are made of.", no_args_is_help=True)


@app.callback()
def _reports() -> None:
    """What reports are made of."""


@app.command()
def rebuild(
    lots: Annotated[list[str] | None, typer.Argument(metavar="LOT…", help="Lots by slug; all without any.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; all without it.")] = None,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Count every day of lots anew, from what is kept; what was counted of what has expired stays."""
    output = Output(("lot", "days"), lambda line: [(line["lot"], str(line["days"]))], jsonl)
    for line in asyncio.run(_rebuild(settings_of(data_dir, settings_file, "reports"), lots, since)):
        output.add(line)
    raise SystemExit(output.end())


async def _rebuild(settings: Settings, slugs: list[str] | None, since: datetime | None) -> list[Line]:
    from parkhub.db.lots import list_lots
    from parkhub.services import reports

    day = since.date() if since else None
    async with opened(settings):
        lots = [await lot_of(slug) for slug in slugs] if slugs else await list_lots()
        now = datetime.now(UTC)
        return [{"lot": lot.slug, "days": await reports.rebuild(lot, settings, now, day)} for lot in lots]
