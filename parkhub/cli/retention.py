"""`parkhub retention`: delete by each lot's rules what tells who was there; every night the worker does the same."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.database import DataDir, Jsonl, SettingsFile, lot_of, opened, settings_of
from parkhub.cli.output import Line, Output
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot
    from parkhub.domain.retention import Deletion

app = typer.Typer(help="Delete what has passed its time.", no_args_is_help=True)

BY_COMMAND = "command"


@app.command("run")
def run_now(
    lot: Annotated[str | None, typer.Option(help="A lot by slug; all without it.")] = None,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, change nothing.")] = False,
    jsonl: Jsonl = False,
) -> None:
    """Print by lot and kind how many went, or would go."""
    columns = ("lot", "kind", "deleted", "older_than", "dry_run")
    output = Output(columns, lambda line: [[str(line[name]) for name in columns]], jsonl)
    asyncio.run(_run(settings_of(data_dir, settings_file, "retention"), output, lot, dry_run=dry_run))
    raise SystemExit(output.end())


@app.command("log")
def show_log(
    lot: Annotated[str | None, typer.Option(help="A lot by slug; all without it.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 100,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Print how much of what was deleted, when and by whom, the newest first; the log does not know which it was."""
    columns = ("at", "who", "lot", "kind", "deleted", "older_than")
    output = Output(columns, lambda line: [[str(line[name]) for name in columns]], jsonl)
    asyncio.run(_log(settings_of(data_dir, settings_file, "retention"), output, lot, limit))
    raise SystemExit(output.end())


async def _log(settings: Settings, output: Output, slug: str | None, limit: int) -> None:
    from parkhub.db.lots import list_lots
    from parkhub.db.retention import list_deletions

    async with opened(settings):
        lot_id = None if slug is None else (await lot_of(slug)).id
        slugs = {lot.id: lot.slug for lot in await list_lots()}
        for at, who, each in await list_deletions(lot_id, limit):
            output.add({"at": _written(at), "who": who, **_line(each, slugs.get(each.lot_id))})


async def _run(settings: Settings, output: Output, slug: str | None, *, dry_run: bool) -> None:
    from parkhub.clients import close_clients, open_clients
    from parkhub.db.lots import list_lots
    from parkhub.secret_key import secret_key
    from parkhub.services.retention import preview, run

    now = datetime.now(UTC)
    async with opened(settings):
        clients = await open_clients(settings)  # connects to Redis only when it is needed, and here it is not
        try:
            lots: list[Lot] = await list_lots() if slug is None else [await lot_of(slug)]
            for lot in lots:
                found = (
                    await preview(lot.id, now)
                    if dry_run
                    else await run(clients, secret_key(settings), lot.id, now, BY_COMMAND)
                )
                for each in found:
                    output.add({**_line(each, lot.slug), "dry_run": dry_run})
        finally:
            await close_clients(clients)


def _line(deletion: "Deletion", slug: str | None) -> Line:
    return {
        "lot": slug,
        "kind": deletion.kind.value,
        "deleted": deletion.deleted,
        "older_than": _written(deletion.older_than),
    }


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
