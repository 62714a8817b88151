"""`parkhub plates`: number plates in pictures and videos."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.domain.cameras import Area, parse_area
from parkhub.domain.passages import MERGE_WINDOW_S, Passage
from parkhub.domain.plate_layouts import layouts_of
from parkhub.domain.plates import Candidate, PlateRead
from parkhub.errors import InvalidInputError, ParkHubError, PictureError

if TYPE_CHECKING:
    from tasks.vision.picture import Picture
    from tasks.vision.plates.reader import PlateReader


def plates(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="IMAGE_OR_VIDEO…", help="Pictures (JPEG, PNG, WebP) and videos.")
    ],
    region: Annotated[
        str, typer.Option(help="Whose layouts to expect: auto, eu, us, br, in, vn, or a country such as nl, de, gb.")
    ] = "auto",
    engine: Annotated[str, typer.Option(help="How plates are read: onnx, or paddleocr (an extra).")] = "onnx",
    model_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For paddleocr: the folder of its text recognition model (inference.yml …)."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y,W,H", help="An area never looked at, such as a burnt-in clock; 0..1, repeatable."),
    ] = None,
    every: Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds between looks at a video.")] = 0.2,
    merge: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="Seconds out of sight after which a plate is a new passage.")
    ] = MERGE_WINDOW_S,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Keep the picture of every plate there, as it was read."),
    ] = None,
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Read number plates: one line of JSON per picture, one per passage for a video, a table on a terminal.

    Boxes are left, top, width, height in pixels. A video in which no plate goes by gives no line; passages come as
    they end. With --out a line names the kept picture and its SHA-256: of a passage, the surest frame that read it.
    """
    from tasks.vision.plates.reader import open_reader

    try:
        layouts_of(region)
        excluded = tuple(_area(text) for text in exclude or ())
        reader = open_reader(engine, model_dir=model_dir)
    except ParkHubError as error:
        raise wrong_usage(str(error)) from None
    _make(out)
    look = _Looker(reader, region, excluded, every, merge, out)
    output = Output(("input", "plate", "confidence", "when"), _rows, jsonl)
    raise SystemExit(output.look_at_each(inputs, look))


def _area(text: str) -> Area:
    try:
        return parse_area(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"--exclude {error}") from None


def is_picture(start: bytes) -> bool:
    """Whether a file with these first 12 bytes is a JPEG, PNG or WebP."""
    return start.startswith((b"\xff\xd8\xff", b"\x89PNG")) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def _make(out: Path | None) -> None:
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise wrong_usage(f"{out} cannot be made: {error.strerror}.") from None


@dataclass(frozen=True, slots=True)
class _Looker:
    """One reader and how it is to look."""

    reader: "PlateReader"
    region: str
    excluded: Sequence[Area]
    every_s: float
    window_s: float
    out: Path | None

    def __call__(self, path: Path) -> Iterator[Line]:
        try:
            with path.open("rb") as file:
                start = file.read(12)
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}.") from None
        if is_picture(start):
            yield self._picture(path)
        else:
            yield from self._video(path)

    def _picture(self, path: Path) -> Line:
        from tasks.vision.picture import decode

        data = path.read_bytes()
        start = time.perf_counter()
        picture = decode(data)
        found = self.reader.read(picture, self.region, self.excluded)
        ms = round((time.perf_counter() - start) * 1000, 2)
        return {"image": str(path), "plates": [self._plate(path, picture, read) for read in found], "ms": ms}

    def _plate(self, path: Path, picture: "Picture", read: PlateRead) -> Line:
        from tasks.vision.plates.evidence import crop

        return {
            "text": read.text,
            "confidence": read.confidence,
            "box": list(read.box),
            "candidates": _candidates(read.candidates),
            "corners": [list(corner) for corner in read.corners],
            "raw": list(read.raw),
        } | ({"evidence": self._keep(path, crop(picture, read))} if self.out else {})

    def _video(self, path: Path) -> Iterator[Line]:
        from tasks.vision.plates.footage import passages_of

        for passage in passages_of(
            path,
            self.reader,
            self.region,
            self.every_s,
            self.window_s,
            excluded=self.excluded,
            crops=self.out is not None,
        ):
            yield self._passage(path, passage)

    def _passage(self, path: Path, passage: Passage) -> Line:
        at_s = round(passage.best.at_s, 3)
        return {
            "video": str(path),
            "text": passage.text,
            "confidence": passage.confidence,
            "first_s": round(passage.first_s, 3),
            "last_s": round(passage.last_s, 3),
            "frames": passage.frames,
            "candidates": _candidates(passage.candidates),
            "best": {"t_s": at_s, "box": list(passage.best.read.box), "raw": list(passage.best.read.raw)},
        } | ({"evidence": {**self._keep(path, passage.best.crop), "t_s": at_s}} if self.out else {})

    def _keep(self, path: Path, crop: bytes) -> dict[str, object]:
        """Write a plate's picture under a name that says nothing of the plate, the same for the same content."""
        assert self.out is not None
        digest = hashlib.sha256(crop).hexdigest()
        file = self.out / f"{path.stem}-{digest[:16]}.png"
        try:
            file.write_bytes(crop)
        except OSError as error:
            raise PictureError(f"the plate's picture cannot be kept as {file}: {error.strerror}.") from None
        return {"file": str(file), "sha256": digest}


def _candidates(candidates: Sequence[Candidate]) -> list[dict[str, object]]:
    return [{"text": candidate.text, "confidence": candidate.confidence} for candidate in candidates]


def _rows(line: Line) -> list[Row]:
    if "video" in line:
        when = f"{line['first_s']:g} to {line['last_s']:g} s, {line['frames']} frames"
        return [(line["video"], line["text"], f"{line['confidence']:.2f}", when)]
    rows: list[Row] = [(line["image"], plate["text"], f"{plate['confidence']:.2f}", "") for plate in line["plates"]]
    return rows or [(line["image"], "no plate", "", "")]
