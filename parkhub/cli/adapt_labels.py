"""`parkhub adapt labels|import|forget`: what people said of a lot's spots."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from parkhub.cli.lot_at_hand import (
    DataDir,
    Jsonl,
    LotSlug,
    SettingsFile,
    as_row,
    classifier,
    opened,
    settings_of,
    show,
)
from parkhub.cli.output import Line, Output
from parkhub.errors import NotFoundError, ParkHubError
from parkhub.settings import Settings


def labels(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, jsonl: Jsonl = False) -> None:
    """Print a lot's labels, the newest picture first: what people said, and what the engine had said."""

    async def found(settings: Settings) -> list[Line]:
        from parkhub.db.spot_labels import list_labels

        async with opened(settings, lot) as (_, at):
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
    show(columns, asyncio.run(found(settings_of(data_dir, settings_file))), jsonl=jsonl)


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

    output = Output(("image", "labels", "new"), lambda line: [as_row(line, ("image", "labels", "new"))], jsonl)

    async def work(settings: Settings) -> None:
        async with opened(settings, lot) as (clients, at):
            importer = await Importer.open(clients, await classifier(settings), at.id, camera)
            for picture in read_file(file):
                try:
                    output.add(await importer.keep(picture))
                except ParkHubError as error:
                    output.failed(picture.image, error)

    asyncio.run(work(settings_of(data_dir, settings_file)))
    raise SystemExit(output.end())


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

        async with opened(settings, lot) as (clients, at):
            if everything:
                return await forget_lot(clients, at.id)
            wanted = set(label or [])
            there = [each for each in await list_labels(at.id) if each.id in wanted]
            if missing := wanted - {each.id for each in there}:
                raise NotFoundError(f"This lot has no label {min(missing)}.")
            return sum([await forget_label(clients, each) for each in there])

    count = asyncio.run(done(settings_of(data_dir, settings_file)))
    show(("lot", "forgotten"), [{"lot": lot, "forgotten": count}], jsonl=jsonl)
