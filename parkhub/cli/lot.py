"""`parkhub lot`: things of one car park: when it is open and where it is, and the sign that drivers scan."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.database import DataDir, Jsonl, SettingsFile, lot_of, opened, settings_of
from parkhub.cli.output import Output, wrong_usage
from parkhub.errors import InvalidInputError

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot

LotSlug = Annotated[str, typer.Argument(metavar="LOT", help="A lot by slug.")]

app = typer.Typer(help="Things of one car park.", no_args_is_help=True)


@app.callback()
def lot() -> None:
    """Things of one car park."""


@app.command()
def show(slug: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, *, jsonl: Jsonl = False) -> None:
    """Print where a lot is and when it is open."""

    async def found() -> "Lot":
        async with opened(settings_of(data_dir, settings_file, "lot")):
            return await lot_of(slug)

    _print(asyncio.run(found()), jsonl=jsonl)


@app.command("set")
def set_given(
    slug: LotSlug,
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE…",
            help="address, opening_hours as OpenStreetMap has them (Mo-Fr 06:00-22:00; Sa 08:00-20:00; PH off), "
            "country of the public holidays (DE), place (53.5436,9.9884).",
        ),
    ],
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Say where a lot is and when it is open, all that is given or nothing; the audit log keeps what it was."""
    if wrong := [each for each in given if "=" not in each]:
        raise wrong_usage(f"{wrong[0]!r} is no NAME=VALUE.")
    changes = {name.strip(): value for name, _, value in (each.partition("=") for each in given)}

    async def done() -> "Lot":
        from parkhub.services.lots import set_details

        async with opened(settings_of(data_dir, settings_file, "lot")):
            return await set_details((await lot_of(slug)).id, changes, None, datetime.now(UTC))

    _print(asyncio.run(done()), jsonl=jsonl)


async def _exit_of(lot: "Lot", barrier: str) -> "tuple[Lot, str, str, str]":
    """A lot with what the sign of one of its exits says: its name, the file's, the page. Raises InvalidInputError."""
    from parkhub.db.barriers import find_barrier
    from parkhub.domain.passages import Direction

    found = await find_barrier(barrier)
    if found.lot_id != lot.id or found.side is not Direction.EXIT:
        raise InvalidInputError(f"{barrier} is at no exit of {lot.slug}.")
    return lot, f"{lot.name}, {found.name}", found.public_id, f"exit/{found.code}"


def _print(lot: "Lot", *, jsonl: bool) -> None:
    times = lot.opening_times
    told = {
        "lot": lot.slug,
        "name": lot.name,
        "address": lot.address,
        "time_zone": lot.time_zone,
        "opening_hours": lot.opening_hours,
        "country": lot.country,
        "place": ",".join(map(str, lot.place or ())),
        "is_open": times.at(datetime.now(UTC)).is_open if times else None,
    }
    output = Output(("what", "value"), lambda line: [(name, str(value)) for name, value in line.items()], jsonl)
    output.add(told)
    raise SystemExit(output.end())


@app.command()
def qr(
    slug: LotSlug,
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is not there.")] = Path(),
    url: Annotated[
        str, typer.Option(help="Address people use, such as https://park.example.org, if no setting says it.")
    ] = "",
    language: Annotated[str, typer.Option(help="en, de, es, fr or pt.")] = "en",
    barrier: Annotated[
        str, typer.Option("--exit", metavar="BARRIER", help="The sign of this exit's barrier, not the lot's.")
    ] = "",
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Write a lot's sign, or an exit's, A4, ready to print, as SVG and PDF."""
    from parkhub.languages import NAMES
    from parkhub.languages import language as words_of
    from parkhub.web.lot_sign import lay_out, sign_pdf, sign_svg

    if language not in NAMES:
        raise wrong_usage(f"--language {language!r} is none of {', '.join(NAMES)}.")
    settings = settings_of(data_dir, settings_file, "lot")
    base = (url or settings.public_url).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise wrong_usage("Say where people reach ParkHub: set PARKHUB_PUBLIC_URL, or give --url https://….")

    async def found() -> "tuple[Lot, str, str, str]":
        async with opened(settings):
            lot = await lot_of(slug)
            return (lot, lot.name, lot.slug, f"lots/{lot.slug}") if not barrier else await _exit_of(lot, barrier)

    named, shown, short, path_of = asyncio.run(found())
    address, words = f"{base}/{path_of}", words_of(language)
    title = f"{shown}: {address}"
    parts = lay_out(shown, address, words, at_exit=bool(barrier))
    files = {"svg": sign_svg(parts, title).encode(), "pdf": sign_pdf(parts, title, language)}
    output = Output(("file", "address"), lambda line: [(line["file"], line["address"])], jsonl)
    for ending, content in files.items():
        path = out / f"sign-{short}.{ending}"
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be written: {error.strerror}.") from None
        output.add({"lot": named.slug, "file": str(path), "address": address})
    raise SystemExit(output.end())
