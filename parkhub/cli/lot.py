"""`parkhub lot`: things of one car park; `qr` writes the sign that drivers scan."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.database import DataDir, Jsonl, SettingsFile, lot_of, opened, settings_of
from parkhub.cli.output import Output, wrong_usage
from parkhub.errors import InvalidInputError

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot

app = typer.Typer(help="Things of one car park.", no_args_is_help=True)


@app.callback()
def lot() -> None:
    """Things of one car park."""


@app.command()
def qr(
    slug: Annotated[str, typer.Argument(metavar="LOT", help="A lot by slug.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is not there.")] = Path(),
    url: Annotated[
        str, typer.Option(help="Address people use, such as https://park.example.org, if no setting says it.")
    ] = "",
    language: Annotated[str, typer.Option(help="en, de, es, fr or pt.")] = "en",
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Write a lot's sign, A4, ready to print, as SVG and PDF."""
    from parkhub.cli.lot_sign import lay_out, sign_pdf, sign_svg
    from parkhub.languages import NAMES
    from parkhub.languages import language as words_of

    if language not in NAMES:
        raise wrong_usage(f"--language {language!r} is none of {', '.join(NAMES)}.")
    settings = settings_of(data_dir, settings_file, "lot")
    base = (url or settings.public_url).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise wrong_usage("Say where people reach ParkHub: set PARKHUB_PUBLIC_URL, or give --url https://….")

    async def found() -> "Lot":
        async with opened(settings):
            return await lot_of(slug)

    named = asyncio.run(found())
    address, words = f"{base}/lots/{named.slug}", words_of(language)
    title = f"{named.name}: {address}"
    parts = lay_out(named.name, address, words)
    files = {"svg": sign_svg(parts, title).encode(), "pdf": sign_pdf(parts, title, language)}
    output = Output(("file", "address"), lambda line: [(line["file"], line["address"])], jsonl)
    for ending, content in files.items():
        path = out / f"sign-{named.slug}.{ending}"
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be written: {error.strerror}.") from None
        output.add({"lot": named.slug, "file": str(path), "address": address})
    raise SystemExit(output.end())
