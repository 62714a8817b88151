"""`parkhub audit`: who did what, and how it was before."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.database import DataDir, Jsonl, SettingsFile, instant, lot_of, opened, settings_of
from parkhub.cli.output import Line, Output, Row
from parkhub.errors import NotFoundError
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.audit import AuditEntry, EntryFilter

app = typer.Typer(help="The audit log: who did what.", no_args_is_help=True)

Time = Annotated[str | None, typer.Option(metavar="TIME", help="Such as 2026-06-12, in UTC.")]


@app.callback()
def audit() -> None:
    """The audit log: who did what."""


@app.command("list")
def list_noted(
    lot: Annotated[str | None, typer.Option(help="A lot by slug.")] = None,
    subject: Annotated[str | None, typer.Option(help="What it was done to, such as session:12.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done, such as rules.set.")] = None,
    person: Annotated[str | None, typer.Option(metavar="E-MAIL", help="Who did it.")] = None,
    since: Time = None,
    until: Time = None,
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 100,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    plates: Annotated[bool, typer.Option("--plates", help="With the plates, where they have not expired.")] = False,
    jsonl: Jsonl = False,
) -> None:
    """Print entries, the newest first."""
    from parkhub.domain.audit import EntryFilter

    times = EntryFilter(
        subject=subject, action=action, since=instant(since, "--since"), until=instant(until, "--until")
    )
    output = Output(("id", "at", "who", "what", "to", "why"), _rows, jsonl)
    settings = settings_of(data_dir, settings_file, "audit")
    asyncio.run(_list(settings, output, times, (lot, person), limit, plates=plates))
    raise SystemExit(output.end())


async def _list(
    settings: Settings,
    output: Output,
    wanted: "EntryFilter",
    of: tuple[str | None, str | None],
    limit: int,
    *,
    plates: bool,
) -> None:
    from dataclasses import replace

    from parkhub.db.accounts import find_account
    from parkhub.db.lots import list_lots
    from parkhub.services.audit import PAGE, list_entries

    slug, email = of
    async with opened(settings):
        if slug is not None:
            wanted = replace(wanted, lot_id=(await lot_of(slug)).id)
        if email is not None:
            account = await find_account(email)
            if account is None:
                raise NotFoundError("Nobody has this e-mail.")
            wanted = replace(wanted, account_id=account.id)
        slugs = {lot.id: lot.slug for lot in await list_lots()}
        before_id: int | None = None
        while limit and (page := await list_entries(wanted, before_id, min(limit, PAGE))):
            for entry in page:
                output.add(_line(entry, slugs, plates=plates))
            limit -= len(page)
            before_id = page[-1].id


def _line(entry: "AuditEntry", slugs: dict[int, str], *, plates: bool) -> Line:
    line = {
        "id": entry.id,
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "action": entry.action,
        "subject": entry.subject,
        "lot": slugs.get(entry.lot_id) if entry.lot_id is not None else None,
        "account": entry.account_id,
        "person": entry.email,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
    }
    return {**line, "plates": entry.plates} if plates else line


def _rows(line: Line) -> list[Row]:
    what = line["action"] if line["undone_by"] is None else f"{line['action']} (undone by {line['undone_by']})"
    who = line["person"] or ("-" if line["account"] is None else f"account {line['account']}")
    rows: list[Row] = [(str(line["id"]), line["at"], who, what, line["subject"], line["reason"])]
    return rows + [
        ("", "", "", name, json.dumps(line[name], ensure_ascii=False), "")
        for name in ("before", "after", "plates")
        if line.get(name) is not None
    ]
