"""`parkhub spots`: the state of every spot in pictures."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.spots import SpotShape
from parkhub.domain.spots_file import CARPARKPOS_BOX, SpotsFile, kind_of, parse_carparkpos, parse_spots_json
from parkhub.errors import InvalidInputError, ParkHubError, PictureError, SpotsFileError
from parkhub.settings import load_settings

if TYPE_CHECKING:
    from tasks.vision.engine import SpotEngine

_ASPECT_TOLERANCE = 0.05


def spots(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE…", help="Pictures: JPEG, PNG or WebP.")],
    spots_path: Annotated[
        Path,
        typer.Option(
            "--spots",
            metavar="SPOTS.json",
            exists=True,
            dir_okay=False,
            help="SPOTS.json, a mask picture or CarParkPos.",
        ),
    ],
    engine: Annotated[Engine, typer.Option(help="How spots are judged.")] = Engine.CLASSIFIER,
    model: Annotated[
        Path | None,
        typer.Option(help="Another ONNX file; for the detector also the name of an added model."),
    ] = None,
    box: Annotated[
        str, typer.Option(metavar="WxH", help="Size of every spot of a CarParkPos file, pixels.")
    ] = f"{CARPARKPOS_BOX[0]}x{CARPARKPOS_BOX[1]}",
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Say which spots are free: one line of JSON per picture, a table on a terminal.

    With the difference engine the pictures are taken as following each other.
    """
    try:
        look = _Looker(open_named(engine, model), read_spots(spots_path, parse_box(box)))
    except ParkHubError as error:
        raise wrong_usage(str(error)) from None
    output = Output(("picture", "spot", "state", "confidence"), _rows, jsonl)
    raise SystemExit(output.look_at_each(images, lambda image: [look(image)]))


def read_spots(path: Path, box: tuple[int, int] = CARPARKPOS_BOX) -> Callable[[tuple[int, int]], SpotsFile]:
    """Spots from SPOTS.json, a mask picture or a CarParkPos pickle, told apart by their content.

    Answers a function of the picture's width and height, as a CarParkPos file means pixels of the picture at hand.
    Raises SpotsFileError, UnsupportedTypeError.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SpotsFileError(f"{path} cannot be read: {error.strerror}.") from None
    kind = kind_of(data)
    if kind is SpotsFileKind.CARPARKPOS:
        parse_carparkpos(data, (10**6, 10**6), box)  # a damaged file is refused before the first picture
        return lambda size: parse_carparkpos(data, size, box)
    if kind is SpotsFileKind.MASK:
        from tasks.vision.spots_file import read_mask

        found = read_mask(data)
    else:
        found = parse_spots_json(data)
    return lambda _: found


def parse_box(text: str) -> tuple[int, int]:
    """``107x48`` to (107, 48); raises InvalidInputError."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise InvalidInputError(f"--box {text} is not a size such as 107x48.")
    return int(width), int(height)


def open_named(engine: Engine, model: Path | None) -> "SpotEngine":
    """The engine of that name as the settings say; a detector's model may be a name. Raises ParkHubError."""
    from tasks.vision.engine import open_engine

    detector = engine is Engine.DETECTOR
    given: dict[str, Any] = {"detector_model": str(model)} if detector and model else {}
    settings = load_settings(**given)
    if detector:
        model = Path(settings.detector_model) if settings.detector_model else None
    return open_engine(engine, model=model, threads=settings.vision_threads, providers=settings.providers)


@dataclass
class _Looker:
    """One engine over pictures of one camera, in their order."""

    engine: "SpotEngine"
    spots_for: Callable[[tuple[int, int]], SpotsFile]
    memory: bytes | None = None

    def __call__(self, image: Path) -> Line:
        from tasks.vision.engine import decode_for
        from tasks.vision.picture import decode, size_of

        try:
            data = image.read_bytes()
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}.") from None
        start = time.perf_counter()
        size = size_of(data)
        if size is None:
            picture = decode(data)
            size = (picture.shape[1], picture.shape[0])
            shapes = self._shapes(image, size)
        else:
            shapes = self._shapes(image, size)
            picture = decode_for(self.engine, data, shapes)
        look = self.engine.look(picture, shapes, self.memory)
        self.memory = look.memory
        ms = round((time.perf_counter() - start) * 1000, 2)
        seen = [{"id": o.spot, "state": str(o.state), "confidence": o.confidence} for o in look.observations]
        return {"image": str(image), "spots": seen, "ms": ms}

    def _shapes(self, image: Path, size: tuple[int, int]) -> list[SpotShape]:
        file = self.spots_for(size)
        aspect, wanted = size[0] / size[1], file.width / file.height
        if abs(aspect / wanted - 1) > _ASPECT_TOLERANCE:
            print(
                f"parkhub: {image}: {size[0]} x {size[1]} pixels have another shape than the spots' "
                f"{file.width} x {file.height}; the spots are stretched.",
                file=sys.stderr,
            )
        return [SpotShape(spot.name, spot.polygon) for spot in file.spots]


def _rows(line: Line) -> list[Row]:
    free = sum(spot["state"] == "free" for spot in line["spots"])
    rows = [(line["image"], spot["id"], spot["state"], f"{spot['confidence']:.2f}") for spot in line["spots"]]
    return [*rows, (line["image"], f"{len(rows)} spots", f"{free} free", f"{line['ms']:g} ms")]
