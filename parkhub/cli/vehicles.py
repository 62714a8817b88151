"""`parkhub vehicles`: the vehicles in pictures, by type."""

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.errors import ParkHubError, PictureError
from parkhub.settings import load_settings

if TYPE_CHECKING:
    from tasks.vision.vehicles.finder import VehicleFinder

COUNT_FROM = 0.3
"""Confidence from which a vehicle is counted in the table; surer or not, every line lists all of them."""


def vehicles(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE…", help="Pictures: JPEG, PNG or WebP.")],
    model: Annotated[str, typer.Option(help="Another detector: an ONNX file, or the name of an added model.")] = "",
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Find cars, motorcycles, buses and trucks: one line of JSON per picture, a table of counts on a terminal.

    Boxes are left, top, width, height in pixels. Vehicles of little confidence are listed too; count from 0.3.
    """
    from tasks.vision.vehicles.finder import open_finder

    try:
        given: dict[str, Any] = {"detector_model": model} if model else {}
        settings = load_settings(**given)
        path = Path(settings.detector_model) if settings.detector_model else None
        finder = open_finder(path, settings.vision_threads, settings.providers)
    except ParkHubError as error:
        raise wrong_usage(str(error)) from None
    output = Output(("picture", "car", "motorcycle", "bus", "truck", "ms"), _rows, jsonl)
    raise SystemExit(output.look_at_each(images, lambda image: [_look(finder, image)]))


def _look(finder: "VehicleFinder", image: Path) -> Line:
    from tasks.vision.picture import decode

    try:
        data = image.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror}.") from None
    start = time.perf_counter()
    found = finder.find(decode(data))
    ms = round((time.perf_counter() - start) * 1000, 2)
    seen = [{"kind": str(v.kind), "confidence": v.confidence, "box": list(v.box)} for v in found]
    return {"image": str(image), "vehicles": seen, "ms": ms}


def _rows(line: Line) -> list[Row]:
    counts = Counter(v["kind"] for v in line["vehicles"] if v["confidence"] >= COUNT_FROM)
    return [(line["image"], *(str(counts[k]) for k in ("car", "motorcycle", "bus", "truck")), f"{line['ms']:g}")]
