"""`parkhub adapt`: the classifier fitted to a lot from people's labels, without any running worker.

Works on the configured database and picture store directly, beside a running ParkHub or without one: cameras look with
another head from their next picture on.
"""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli import adapt_labels
from parkhub.cli.lot_at_hand import DataDir, Jsonl, LotSlug, SettingsFile, classifier, opened, settings_of, show
from parkhub.cli.output import Line
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.spot_heads import Fit, HeadVersion
    from tasks.vision.classifier import ClassifierEngine

app = typer.Typer(help="Adapt the spot classifier to a lot from corrections.", no_args_is_help=True)
app.command()(adapt_labels.labels)
app.command("import")(adapt_labels.import_pictures)
app.command()(adapt_labels.forget)


@app.command("list")
def list_versions(
    lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False
) -> None:
    """Print the versions fitted to a lot, the newest first, with how each did on labels it had not seen.

    A line without a version comes before them while a fit in the background is under way, or if the last one failed.
    """

    async def found(settings: Settings) -> list[Line]:
        from parkhub.db.spot_heads import find_fit, list_versions

        async with opened(settings, lot) as (_, at):
            engine = await classifier(settings)
            fitted = [_version(each, engine) for each in await list_versions(at.id)]
            return [*_trouble(await find_fit(at.id)), *fitted]

    show(_VERSION_COLUMNS, asyncio.run(found(settings_of(data_dir, settings_file))), jsonl=jsonl)


@app.command()
def run(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False) -> None:
    """Fit the classifier to a lot's labels now; it is used if it wins on labels it had not seen."""

    async def done(settings: Settings) -> Line:
        from parkhub.db.spot_heads import active_version
        from parkhub.db.spot_labels import list_labels
        from parkhub.domain.corrections import Crop
        from tasks.adaptation import adapt_now
        from tasks.labels import cut_now

        async with opened(settings, lot) as (clients, at):
            for label in await list_labels(at.id):
                if label.crop is Crop.WAITING:
                    await cut_now(clients, label)
            engine = await classifier(settings)
            adapted = await adapt_now(clients, engine, at.id, await active_version(at.id))
            return {**_version(adapted.version, engine), "new": not adapted.known}

    show(_VERSION_COLUMNS, [asyncio.run(done(settings_of(data_dir, settings_file)))], jsonl=jsonl)


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

        async with opened(settings, lot) as (_, at):
            await revert_head(at.id, to)

    asyncio.run(done(settings_of(data_dir, settings_file)))
    show(("lot", "version"), [{"lot": lot, "version": to}], jsonl=jsonl)


@app.command()
def accuracy(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False) -> None:
    """Print how often the engine had said what people then said. They correct errors more often than they confirm."""

    async def found(settings: Settings) -> Line:
        from dataclasses import asdict

        from parkhub.db.spot_labels import list_labels
        from parkhub.domain.corrections import measure

        async with opened(settings, lot) as (_, at):
            measured = measure(await list_labels(at.id))
        return {"lot": lot, **asdict(measured), "balanced": measured.balanced}

    columns = ("lot", "free", "free_right", "occupied", "occupied_right", "unseen", "balanced")
    show(columns, [asyncio.run(found(settings_of(data_dir, settings_file)))], jsonl=jsonl)


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


def _trouble(fit: "Fit | None") -> list[Line]:
    said = fit.trouble(datetime.now(UTC)) if fit else ""
    if fit is None or not said:
        return []
    numbers = dict.fromkeys(("labels", "held_back", "before", "after"))
    return [{"version": None, "active": False, **numbers, "created_at": fit.asked_at.isoformat(), "note": said}]
