"""`parkhub tariff`: check a tariff's text, price a stay with it, start from an example."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from parkhub.cli.database import DataDir, SettingsFile, instant, lot_of, opened, settings_of
from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.errors import InvalidInputError, ParkHubError
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.quotes import Quote
    from parkhub.domain.tariffs import Tariff

app = typer.Typer(help="Check tariffs and price stays with them.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="TARIFF", help="A tariff as YAML or JSON; - reads standard input.")]
JsonLines = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="TARIFF…", help="YAML or JSON; - is standard input.")],
    *,
    jsonl: JsonLines = False,
) -> None:
    """Say whether tariffs are right; of a wrong one, where and why."""
    output = Output(
        ("tariff", "name", "currency"), lambda line: [(line["tariff"], line["name"], line["currency"])], jsonl
    )
    for file in files:
        try:
            tariff = _read(file)
            output.add({"tariff": str(file), "name": tariff.name, "currency": tariff.currency})
        except ParkHubError as error:
            output.failed(str(file), error)
    raise SystemExit(output.end())


@app.command()
def price(
    file: File,
    start: Annotated[str, typer.Option("--from", help="Local time of arrival, such as 2026-06-12T16:00.")],
    end: Annotated[str | None, typer.Option("--to", help="Local time of leaving.")] = None,
    minutes: Annotated[
        list[int] | None, typer.Option(min=0, help="Length of the stay instead of --to; several are priced one by one.")
    ] = None,
    zone: Annotated[str, typer.Option(help="The lot's time zone.")] = "UTC",
    *,
    jsonl: JsonLines = False,
) -> None:
    """Price a stay line by line, or several of different lengths."""
    from parkhub.domain.local_time import Span
    from parkhub.domain.pricing import price as price_of

    if (end is None) == (not minutes):
        raise wrong_usage("Say how long the stay is: give --to, or --minutes.")
    place = _zone(zone)
    begun = _instant(start, "--from", place)
    lengths = [timedelta(minutes=each) for each in minutes or []] or [_instant(str(end), "--to", place) - begun]
    if min(lengths) < timedelta():
        raise wrong_usage("--to is before --from.")
    tariff = _read(file)
    output = Output(("minutes", "line", "amount"), _rows, jsonl)
    for length in lengths:
        output.add(_line(price_of(tariff, Span(begun, begun + length), place)))
    raise SystemExit(output.end())


@app.command()
def publish(
    file: File,
    lot: Annotated[str, typer.Option(help="A lot by slug.")],
    start: Annotated[
        str | None, typer.Option("--from", help="From when on: a time with its offset, else UTC; now without it.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only for these vehicles: car, motorcycle, bus or truck; for any without it.")
    ] = None,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    note: Annotated[str, typer.Option(help="Why, for those who run the lot.")] = "",
    jsonl: JsonLines = False,
) -> None:
    """Make a tariff a lot's, from now or later on; stays that have begun keep theirs."""
    settings = settings_of(data_dir, settings_file, "tariff")
    text = _text(file)
    told = asyncio.run(_publish(settings, lot, kind, text, instant(start, "--from") or datetime.now(UTC), note))
    output = Output(
        ("lot", "kind", "valid from"), lambda line: [(line["lot"], line["kind"], line["valid_from"])], jsonl
    )
    output.add(told)
    raise SystemExit(output.end())


async def _publish(settings: Settings, slug: str, kind: str | None, text: str, start: datetime, note: str) -> Line:
    from parkhub.domain.vehicles import VehicleKind
    from parkhub.services import tariffs

    if kind is not None and kind not in list(VehicleKind):
        raise wrong_usage(f"--kind is one of {', '.join(VehicleKind)}.")
    async with opened(settings):
        lot = await lot_of(slug)
        now = datetime.now(UTC)
        version = await tariffs.publish(lot.id, VehicleKind(kind) if kind else None, text, start, None, now, note)
    return {"lot": slug, "id": version.id, "kind": kind or "any", "valid_from": version.valid_from.isoformat()}


@app.command()
def schema() -> None:
    """Print the JSON Schema of a tariff."""
    from parkhub.domain.tariff_form import tariff_schema

    print(json.dumps(tariff_schema(), indent=2))


@app.command()
def example(name: Annotated[str | None, typer.Argument(help="Leave it out to list the names.")] = None) -> None:
    """Print a ready tariff to start from."""
    from parkhub.services.tariff_examples import example_names, example_text

    print("\n".join(example_names()) if name is None else example_text(name).rstrip())


def _read(file: Path) -> "Tariff":
    from parkhub.domain.tariff_reader import parse_tariff

    return parse_tariff(_text(file))


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except OSError as error:
        raise InvalidInputError(f"The file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidInputError("The file is no text in UTF-8.") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise wrong_usage(f"There is no time zone {name!r}; Europe/Berlin would be one.") from None


def _instant(text: str, option: str, zone: ZoneInfo) -> datetime:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise wrong_usage(f"{option} {text!r} is no time such as 2026-06-12T16:00.") from None
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


def _line(quote: "Quote") -> Line:
    from parkhub.domain.money import format_amount

    def written(cents: int) -> str:
        return format_amount(cents, quote.currency)

    return {
        "minutes": quote.span.length / timedelta(minutes=1),
        "lines": [{"text": line.text, "amount": written(line.amount_cents)} for line in quote.lines],
        "currency": quote.currency,
        "net": written(quote.net_cents),
        "tax": written(quote.tax_cents),
        "gross": written(quote.gross_cents),
        "changes_at": quote.changes_at and quote.changes_at.isoformat().replace("+00:00", "Z"),
    }


def _rows(line: Line) -> list[Row]:
    minutes, rows = f"{line['minutes']:g}", [(each["text"], each["amount"]) for each in line["lines"]]
    rows += [("net", line["net"]), ("tax", line["tax"]), (f"to pay, {line['currency']}", line["gross"])]
    return [(minutes if index == 0 else "", *row) for index, row in enumerate(rows)]
