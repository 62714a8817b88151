"""`parkhub plates`: number plates in pictures and videos."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.domain.passages import MERGE_WINDOW_S
from parkhub.domain.plate_layouts import layouts_of
from parkhub.domain.plates import Candidate
from parkhub.errors import ParkHubError, PictureError

if TYPE_CHECKING:
    from tasks.vision.plates.reader import PlateReader


def plates(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="IMAGE_OR_VIDEO…", help="Pictures (JPEG, PNG, WebP) and videos.")
    ],
    region: Annotated[
        str, typer.Option(help="Whose layouts to expect: auto, eu, us, br, in, vn, or a country such as nl, de, gb.")
    ] = "auto",
    engine: Annotated[str, typer.Option(help="How plates are read.")] = "onnx",
    every: Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds between looks at a video.")] = 0.2,
    merge: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="Seconds out of sight after which a plate is a new passage.")
    ] = MERGE_WINDOW_S,
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Read number plates: one line of JSON per picture, one per passage for a video, a table on a terminal.

    Boxes are left, top, width, height in pixels. A video in which no plate goes by gives no line.
    """
    from tasks.vision.plates.reader import open_reader

    try:
        layouts_of(region)
        reader = open_reader(engine)
    except ParkHubError as error:
        raise wrong_usage(str(error)) from None
    output = Output(("input", "plate", "confidence", "when"), _rows, jsonl)
    for path in inputs:
        try:
            for line in _lines(reader, path, region, every, merge):
                output.add(line)
        except ParkHubError as error:
            output.failed(str(path), error)
    raise SystemExit(output.end())


def _lines(reader: "PlateReader", path: Path, region: str, every_s: float, window_s: float) -> Iterator[Line]:
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror}.") from None
    if is_picture(start):
        yield _picture(reader, path, region)
    else:
        yield from _video(reader, path, region, every_s, window_s)


def is_picture(start: bytes) -> bool:
    """Whether a file with these first 12 bytes is a JPEG, PNG or WebP."""
    return start.startswith((b"\xff\xd8\xff", b"\x89PNG")) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def _picture(reader: "PlateReader", path: Path, region: str) -> Line:
    from tasks.vision.picture import decode

    data = path.read_bytes()
    start = time.perf_counter()
    found = reader.read(decode(data), region)
    ms = round((time.perf_counter() - start) * 1000, 2)
    seen = [
        {
            "text": read.text,
            "confidence": read.confidence,
            "box": list(read.box),
            "candidates": _candidates(read.candidates),
            "corners": [list(corner) for corner in read.corners],
            "raw": list(read.raw),
        }
        for read in found
    ]
    return {"image": str(path), "plates": seen, "ms": ms}


def _video(reader: "PlateReader", path: Path, region: str, every_s: float, window_s: float) -> Iterator[Line]:
    from tasks.vision.plates.footage import passages_of

    for passage in passages_of(path, reader, region, every_s, window_s):
        yield {
            "video": str(path),
            "text": passage.text,
            "confidence": passage.confidence,
            "first_s": round(passage.first_s, 3),
            "last_s": round(passage.last_s, 3),
            "frames": passage.frames,
            "candidates": _candidates(passage.candidates),
            "best": {"t_s": round(passage.best.at_s, 3), "box": list(passage.best.read.box)},
        }


def _candidates(candidates: Sequence[Candidate]) -> list[dict[str, object]]:
    return [{"text": candidate.text, "confidence": candidate.confidence} for candidate in candidates]


def _rows(line: Line) -> list[Row]:
    if "video" in line:
        when = f"{line['first_s']:g} to {line['last_s']:g} s, {line['frames']} frames"
        return [(line["video"], line["text"], f"{line['confidence']:.2f}", when)]
    rows: list[Row] = [(line["image"], plate["text"], f"{plate['confidence']:.2f}", "") for plate in line["plates"]]
    return rows or [(line["image"], "no plate", "", "")]
