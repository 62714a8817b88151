"""`parkhub stripe`: handle events again, and hold the ledger against the payment provider's account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.failure import FAILED
from parkhub.cli.output import Line, Output, wrong_usage
from parkhub.errors import NotFoundError, ParkHubError
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.clients import Clients

app = typer.Typer(help="Payments: handle events again, compare with the provider's account.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="The installation's data folder.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]

DAYS_USUAL = 30


@app.command()
def resend(
    events: Annotated[list[str], typer.Argument(metavar="EVENT…", help="Events by the provider's id, such as evt_1….")],
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Handle events now: kept ones once more, others fetched from the provider. What is booked is not booked twice."""
    output = Output(
        ("event", "type", "status", "error"),
        lambda line: [(line["event"], line["type"], line["status"], line["error"])],
        jsonl,
    )
    unfinished = asyncio.run(_resend(_settings(data_dir, settings_file), events, output))
    raise SystemExit(output.end() or (FAILED if unfinished else 0))


@app.command()
def reconcile(
    since: Annotated[
        str, typer.Option(metavar="DATE", help=f"From this day on, such as 2026-11-01; without it {DAYS_USUAL} days.")
    ] = "",
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Tell every difference between the provider's account and the ledger; repairs nothing. 1 when there is one."""
    output = Output(
        ("matter", "reference", "currency", "provider", "ledger", "why"),
        lambda line: [
            (
                line["matter"],
                line["reference"],
                line["currency"],
                str(line["provider_cents"]),
                str(line["ledger_cents"]),
                line["why"],
            )
        ],
        jsonl,
    )
    now = datetime.now(UTC)
    found = asyncio.run(_reconcile(_settings(data_dir, settings_file), _begin(since, now), now))
    for line in found:
        output.add(line)
    raise SystemExit(output.end() or (FAILED if found else 0))


def _begin(since: str, now: datetime) -> datetime:
    if not since:
        return now - timedelta(days=DAYS_USUAL)
    try:
        found = datetime.fromisoformat(since)
    except ValueError:
        raise wrong_usage(f"--since {since[:40]!r} is no date such as 2026-11-01.") from None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _settings(data_dir: Path | None, settings_file: Path | None) -> Settings:
    from parkhub.logs import set_up_logs

    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="stripe")
    return settings


@asynccontextmanager
async def _opened(settings: Settings) -> "AsyncIterator[Clients]":
    from parkhub.clients import close_clients, open_clients
    from parkhub.db.engine import close_database, open_database

    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")
    await open_database(settings)
    clients = await open_clients(settings)
    try:
        yield clients
    finally:
        await close_clients(clients)
        await close_database()


async def _resend(settings: Settings, names: list[str], output: Output) -> bool:
    from parkhub.domain.payment_events import UNFINISHED
    from parkhub.services.payment_events import handle_again

    unfinished = False
    async with _opened(settings) as clients:
        for name in names:
            try:
                stored = await handle_again(clients, settings, name, datetime.now(UTC))
            except ParkHubError as error:
                output.failed(name, error)
                continue
            unfinished |= stored.status in UNFINISHED
            output.add({"event": name, "type": stored.event.type, "status": stored.status, "error": stored.error})
    return unfinished


async def _reconcile(settings: Settings, since: datetime, now: datetime) -> list[Line]:
    from parkhub.services.reconciliation import differences

    async with _opened(settings) as clients:
        return [
            {
                "matter": each.matter,
                "reference": each.reference,
                "currency": each.currency,
                "provider_cents": each.provider_cents,
                "ledger_cents": each.ledger_cents,
                "at": each.at.isoformat(),
                "why": each.why,
            }
            for each in await differences(clients.payments, since, now)
        ]
