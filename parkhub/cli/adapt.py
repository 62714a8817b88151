"""`parkhub adapt`: the classifier fitted to a lot from people's labels, without any running worker.

Works on the configured database and picture store directly, beside a running ParkHub or without one: cameras look with
another head from their next picture on.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkhub.cli.output import Line, Output
from parkhub.errors import NotFoundError, ParkHubError
from parkhub.settings import Settings, load_settings

if TYPE_CHECKING:
    from parkhub.clients import Clients
    from parkhub.domain.lots import Lot
    from parkhub.domain.spot_heads import HeadVersion
    from tasks.vision.classifier import ClassifierEngine

app = typer.Typer(help="Adapt the spot classifier to a lot from corrections.", no_args_is_help=True)

LotSlug = Annotated[str, typer.Argument(metavar="LOT", help="A lot by slug.")]
DataDir = Annotated[Path | None, typer.Option(help="The installation's data folder.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]


@app.command("list")
def list_versions(
    lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False
) -> None:
    """Print the versions fitted to a lot, the newest first, with how each did on labels it had not seen."""

    async def found(settings: Settings) -> list[Line]:
        from parkhub.db.spot_heads import list_versions

        async with _opened(settings, lot) as (_, at):
            engine = await _classifier(settings)
            return [_version(each, engine) for each in await list_versions(at.id)]

    _print(_VERSION_COLUMNS, asyncio.run(found(_settings(data_dir, settings_file))), jsonl=jsonl)


@app.command()
def run(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False) -> None:
    """Fit the classifier to a lot's labels now; it is used if it wins on labels it had not seen."""

    async def done(settings: Settings) -> Line:
        from parkhub.db.spot_heads import active_version
        from parkhub.db.spot_labels import list_labels
        from parkhub.domain.corrections import Crop
        from tasks.adaptation import adapt_now
        from tasks.labels import cut_now

        async with _opened(settings, lot) as (clients, at):
            for label in await list_labels(at.id):
                if label.crop is Crop.WAITING:
                    await cut_now(clients, label)
            engine = await _classifier(settings)
            adapted = await adapt_now(clients, engine, at.id, await active_version(at.id))
            return {**_version(adapted.version, engine), "new": not adapted.known}

    _print(_VERSION_COLUMNS, [asyncio.run(done(_settings(data_dir, settings_file)))], jsonl=jsonl)


@app.command()
def revert(
    lot: LotSlug,
    to: Annotated[int | None, typer.Option(metavar="VERSION", help="A version; the shipped head without.")] = None,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    jsonl: Jsonl = False,
) -> None:
    """Let the shipped head, or an earlier version, judge a lot again."""

    async def done(settings: Settings) -> None:
        from parkhub.services.adaptation import revert_head

        async with _opened(settings, lot) as (_, at):
            await revert_head(at.id, to)

    asyncio.run(done(_settings(data_dir, settings_file)))
    _print(("lot", "version"), [{"lot": lot, "version": to}], jsonl=jsonl)


@app.command()
def labels(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False) -> None:
    """Print a lot's labels, the newest picture first: what people said, and what the engine had said."""

    async def found(settings: Settings) -> list[Line]:
        from parkhub.db.spot_labels import list_labels

        async with _opened(settings, lot) as (_, at):
            return [
                {
                    "id": label.id,
                    "spot": label.name,
                    "state": label.state.value,
                    "said": label.said and label.said.value,
                    "confidence": label.confidence,
                    "at": label.at.isoformat(),
                    "crop": label.crop.value,
                }
                for label in await list_labels(at.id)
            ]

    columns = ("id", "spot", "state", "said", "confidence", "at", "crop")
    _print(columns, asyncio.run(found(_settings(data_dir, settings_file))), jsonl=jsonl)


@app.command()
def accuracy(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False) -> None:
    """Print how often the engine had said what people then said. They correct errors more often than they confirm."""

    async def found(settings: Settings) -> Line:
        from dataclasses import asdict

        from parkhub.db.spot_labels import list_labels
        from parkhub.domain.corrections import measure

        async with _opened(settings, lot) as (_, at):
            measured = measure(await list_labels(at.id))
        return {"lot": lot, **asdict(measured), "balanced": measured.balanced}

    columns = ("lot", "free", "free_right", "occupied", "occupied_right", "unseen", "balanced")
    _print(columns, [asyncio.run(found(_settings(data_dir, settings_file)))], jsonl=jsonl)


@app.command("import")
def import_pictures(
    lot: LotSlug,
    file: Annotated[
        Path, typer.Argument(metavar="FRAMES.json", exists=True, dir_okay=False, help="Labelled pictures.")
    ],
    camera: Annotated[str, typer.Option(metavar="ID", help="The camera that took them.")],
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    jsonl: Jsonl = False,
) -> None:
    """Keep the labels of pictures labelled elsewhere: [{"image", "at"?, "spots": [{"id"?, "polygon"?, "occupied"}]}].

    Images by a path beside the file, polygons in their pixels; a spot without a polygon is the camera's of that id.
    """
    from parkhub.cli.labelled_pictures import Importer, read_file

    output = Output(("image", "labels", "new"), lambda line: [_row(line, ("image", "labels", "new"))], jsonl)

    async def work(settings: Settings) -> None:
        async with _opened(settings, lot) as (clients, at):
            importer = await Importer.open(clients, await _classifier(settings), at.id, camera)
            for picture in read_file(file):
                try:
                    output.add(await importer.keep(picture))
                except ParkHubError as error:
                    output.failed(picture.image, error)

    asyncio.run(work(_settings(data_dir, settings_file)))
    raise SystemExit(output.end())


@app.command()
def forget(
    lot: LotSlug,
    label: Annotated[list[int] | None, typer.Argument(metavar="LABEL…", help="Labels by id.")] = None,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All labels of the lot.")] = False,
    jsonl: Jsonl = False,
) -> None:
    """Delete labels with the pictures of their spots; states and fitted heads stay."""

    async def done(settings: Settings) -> int:
        from parkhub.db.spot_labels import list_labels
        from parkhub.services.labels import forget_label, forget_lot

        async with _opened(settings, lot) as (clients, at):
            if everything:
                return await forget_lot(clients, at.id)
            wanted = set(label or [])
            there = [each for each in await list_labels(at.id) if each.id in wanted]
            if missing := wanted - {each.id for each in there}:
                raise NotFoundError(f"This lot has no label {min(missing)}.")
            return sum([await forget_label(clients, each) for each in there])

    count = asyncio.run(done(_settings(data_dir, settings_file)))
    _print(("lot", "forgotten"), [{"lot": lot, "forgotten": count}], jsonl=jsonl)


_VERSION_COLUMNS = ("version", "labels", "held_back", "before", "after", "created_at", "note")


def _version(version: "HeadVersion", engine: "ClassifierEngine") -> Line:
    from parkhub.services.adaptation import describe

    shipped = engine.shipped_head
    return {
        "version": version.version,
        "active": version.active,
        "labels": version.trial.labels,
        "held_back": version.trial.held_back,
        "before": version.trial.before,
        "after": version.trial.after,
        "created_at": version.created_at.isoformat(),
        "note": describe(version, shipped.model_sha256 if shipped else ""),
    }


def _print(columns: tuple[str, ...], lines: list[Line], *, jsonl: bool) -> None:
    output = Output(columns, lambda line: [_row(line, columns)], jsonl)
    for line in lines:
        output.add(line)
    raise SystemExit(output.end())


def _row(line: Line, columns: tuple[str, ...]) -> list[str]:
    def text(value: Any) -> str:
        return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)

    return [text(line[column]) for column in columns]


def _settings(data_dir: Path | None, settings_file: Path | None) -> Settings:
    from parkhub.logs import set_up_logs

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded; see `tasks.worker`
    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="adapt")
    return settings


@asynccontextmanager
async def _opened(settings: Settings, slug: str) -> "AsyncIterator[tuple[Clients, Lot]]":
    """The clients and a lot of the open database. Raises NotFoundError."""
    from parkhub.clients import close_clients, open_clients
    from parkhub.db.engine import close_database, open_database
    from parkhub.db.lots import find_lot

    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")
    await open_database(settings)
    clients = await open_clients(settings)  # connects to Redis only when it is needed, and here it is not
    try:
        lot = await find_lot(slug)
        if lot is None:
            raise NotFoundError(f"There is no lot {slug}.")
        yield clients, lot
    finally:
        await close_clients(clients)
        await close_database()


async def _classifier(settings: Settings) -> "ClassifierEngine":
    from tasks.vision.classifier import ClassifierEngine

    return await asyncio.to_thread(ClassifierEngine, None, settings.vision_threads, settings.providers)
